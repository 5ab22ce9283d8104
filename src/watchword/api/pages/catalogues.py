"""The words of the pages in every language: ours, and before them those of an operator's folder."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from watchword.api.pages.po_files import Entry, read_po, translations
from watchword.errors import ConfigurationError
from watchword.protocol.languages import fallbacks

SOURCE_LANGUAGE: Final = "en"
"""What the templates and sentences are written in; messages without a translation stay in it."""
_DOMAIN: Final = "watchword.po"
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Catalogues:
    """Language tag to what translates into it; each falls back to the less special ones."""

    by_language: Mapping[str, gettext.NullTranslations]

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.by_language)


def catalogues(folder: Path | None) -> Catalogues:
    """Ours, and those of ``folder``, laid out as gettext's are: ``de/LC_MESSAGES/watchword.po``.

    Raises ConfigurationError naming every file of it that cannot be used, with the line and the fix.
    """
    problems: list[str] = []
    ours = dict(_found(files("watchword.api.pages").joinpath("locale"), problems))
    theirs = {} if folder is None else dict(_found(folder, problems))
    if folder is not None and not theirs and not problems:
        problems.append(f"no catalogue is in {folder}; it should hold de/LC_MESSAGES/{_DOMAIN} or the like")
    if problems:
        raise ConfigurationError(problems)
    languages = sorted({SOURCE_LANGUAGE, *ours, *theirs})
    return Catalogues({each: _chain(each, theirs, ours) for each in languages})


def faults(entries: Iterable[Entry]) -> list[str]:
    """Translations that would fail when they are shown: other placeholders than the message's."""
    return [
        f"line {entry.line}: a translation of {entry.source!r} does not have its placeholders, as they are"
        for entry in entries
        if entry.translated and not all(map(_fits(entry), entry.forms.values()))
    ]


def placeholders(text: str) -> frozenset[str] | None:
    """The names of ``%(name)s`` in it; None where it is no format at all, as ``50 %``."""
    asked: set[str] = set()

    class Asking(dict[str, int]):
        def __missing__(self, name: str) -> int:
            asked.add(name)
            return 0

    try:
        _ = text % Asking()
    except (TypeError, ValueError):
        return None
    return frozenset(asked)


def _fits(entry: Entry) -> _Fits:
    wanted = placeholders(entry.source)
    return _Fits(wanted, placeholders(entry.plural) if entry.plural is not None else wanted)


@dataclass(frozen=True, slots=True)
class _Fits:
    one: frozenset[str] | None
    many: frozenset[str] | None

    def __call__(self, translation: str) -> bool:
        """A plural form may leave a number out, as the message's own may."""
        return placeholders(translation) in (self.one, self.many)


def _found(folder: Traversable, problems: list[str]) -> Iterable[tuple[str, gettext.GNUTranslations]]:
    """Every catalogue of a folder; what is wrong goes to ``problems``."""
    try:
        languages = [each for each in folder.iterdir() if each.joinpath("LC_MESSAGES", _DOMAIN).is_file()]
    except OSError as error:
        problems.append(f"the folder of translations {folder} cannot be read ({error.strerror})")
        return
    for language in languages:
        path = language.joinpath("LC_MESSAGES", _DOMAIN)
        if not _TAG.fullmatch(language.name):
            problems.append(f"{language} is named after no language; use a tag such as de or pt-BR")
            continue
        try:
            entries = read_po(path.read_text(encoding="utf-8"))
            wrong = faults(entries)
            read = translations(entries)
        except (OSError, ValueError) as error:
            problems.append(f"{path} cannot be used: {error}")
            continue
        problems.extend(f"{path}, {each}" for each in wrong)
        yield language.name.replace("_", "-"), read


def _chain(
    language: str, theirs: Mapping[str, gettext.GNUTranslations], ours: Mapping[str, gettext.GNUTranslations]
) -> gettext.NullTranslations:
    """Asked in turn: ours come after theirs, less special ones after more special ones, and the
    operator's English words after all."""
    tags = fallbacks(language)
    found = [each[tag] for each in (theirs, ours) for tag in tags if tag in each]
    if SOURCE_LANGUAGE in theirs and SOURCE_LANGUAGE not in tags:
        found.append(theirs[SOURCE_LANGUAGE])
    return _Chain(tuple(found))


class _Chain(gettext.NullTranslations):
    """The first of several catalogues that has the message."""

    def __init__(self, found: tuple[gettext.GNUTranslations, ...]) -> None:
        super().__init__()
        self._found = found

    def gettext(self, message: str) -> str:
        said = (each.gettext(message) for each in self._found)
        return next((each for each in said if each != message), message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        source = super().ngettext(msgid1, msgid2, n)
        said = (each.ngettext(msgid1, msgid2, n) for each in self._found)
        return next((each for each in said if each != source), source)
