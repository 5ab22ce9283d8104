"""The words of one answer, in the language that its request asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from gettext import NullTranslations
from typing import Final
from urllib.parse import parse_qs

from starlette.types import Scope

from watchword.api.pages.catalogues import SOURCE_LANGUAGE, Catalogues
from watchword.protocol.languages import accepted_languages, best_language, listed_languages


@dataclass
class _Speech:
    """What a request asks for, found out when something is first said."""

    catalogues: Catalogues
    scope: Scope

    @cached_property
    def language(self) -> str:
        """By ``ui_locales`` (OpenID Connect Core §3.1.2.1), then ``Accept-Language``."""
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        headers = self.scope.get("headers", ())
        accepted = [value.decode("latin-1") for name, value in headers if name == b"accept-language"]
        listed = listed_languages(query.get("ui_locales", [""])[0])
        wanted = (*listed, *accepted_languages(accepted))
        return best_language(wanted, self.catalogues.languages, default=SOURCE_LANGUAGE)

    @cached_property
    def words(self) -> NullTranslations:
        return self.catalogues.by_language[self.language]


_speech: ContextVar[_Speech | None] = ContextVar("watchword_speech", default=None)
_AS_WRITTEN: Final = NullTranslations()


@contextmanager
def speaking(catalogues: Catalogues, scope: Scope) -> Iterator[None]:
    """What is said inside is said in the language that the request asks for."""
    token = _speech.set(_Speech(catalogues, scope))
    try:
        yield
    finally:
        _speech.reset(token)


def language() -> str:
    """The tag of the language that is spoken; English outside of any request."""
    speech = _speech.get()
    return SOURCE_LANGUAGE if speech is None else speech.language


def words() -> NullTranslations:
    speech = _speech.get()
    return _AS_WRITTEN if speech is None else speech.words


def marked(text: str) -> str:
    """The same text: marks it for extraction where it is written, to be said where it is shown."""
    return text


def say(text: str) -> str:
    """A sentence or name that is no template's, in the reader's language; never markup."""
    return words().gettext(text) if text else text


def when(machine: str) -> str:
    """An RFC 3339 time for a person: ``23 Nov 2026, 09:05 UTC``."""
    moment = datetime.fromisoformat(machine)
    month = say(_MONTHS[moment.month - 1])
    parts = {"day": moment.day, "month": month, "year": moment.year, "time": f"{moment:%H:%M}"}
    return say(marked("%(day)s %(month)s %(year)s, %(time)s UTC")) % parts


def device(label: str | None) -> str:
    """A kept device label, as ``Firefox on Linux``, in the reader's language."""
    if label is None:
        return say(marked("Unknown device"))
    browser, on, system = label.partition(" on ")
    both = {"browser": say(browser), "system": system}
    return say(marked("%(browser)s on %(system)s")) % both if on else say(label)


_MONTHS: Final = (
    *(marked("Jan"), marked("Feb"), marked("Mar"), marked("Apr"), marked("May"), marked("Jun")),
    *(marked("Jul"), marked("Aug"), marked("Sep"), marked("Oct"), marked("Nov"), marked("Dec")),
)
