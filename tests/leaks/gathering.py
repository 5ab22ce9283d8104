"""What goes through known doors while a service works: the secrets to look for, and where to look."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

import httpx2

from tests.flows.browser import Browser, query_of
from tests.leaks.watch import is_of_a_test, written

SECRET_MEMBERS = ("access_token", "refresh_token", "id_token")
SECRET_PARAMETERS = ("code", "state", "nonce", "id_token_hint", "code_verifier")
ADDRESS = "@example.test"
SHORTEST = 16
"""Shorter values turn up by chance."""


@dataclass
class Gathered:
    """``secrets`` are to be nowhere; an address of a person only where that is meant."""

    secrets: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)

    def secret(self, *values: str) -> None:
        """Something to look for, in every form it travels in."""
        for value in values:
            if len(value) >= SHORTEST:
                encoded = base64.b64encode(value.encode()).decode().rstrip("=")
                self.secrets |= {value, quote(value, safe=""), quote_plus(value), encoded}

    def text(self, where: str, text: str) -> None:
        """Something to look in, under a name of its own."""
        self.texts[f"{where} #{len(self.texts)}"] = text

    def provider_tokens(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the provider answers at its token endpoint, as it is."""
        self.secret(*(str(given[name]) for name in SECRET_MEMBERS if name in given))
        return given

    def found(self) -> list[str]:
        """Where a secret is that should not be there."""
        return [
            f"{where}: {text[max(0, at - 200) : at + len(secret) + 50]}"
            for where, text in self.texts.items()
            for secret in self.secrets
            if (at := text.find(secret)) >= 0
        ]

    def addresses(self) -> set[str]:
        """Names of the places that hold somebody's address."""
        forms = (ADDRESS, quote(ADDRESS, safe=""))
        return {
            where.partition(" #")[0]
            for where, text in self.texts.items()
            if any(form in text for form in forms)
        }


@dataclass
class WatchedBrowser(Browser):
    """Gathers what it is given; answers without a token are texts to look in."""

    gathered: Gathered = field(default_factory=Gathered)

    def request(self, method: str, target: str, **options: Any) -> httpx2.Response:
        response = super().request(method, target, **options)
        self.gathered.secret(*self.cookies.values())
        sent = query_of(response.headers.get("location", ""))
        self.gathered.secret(*(sent[name] for name in SECRET_PARAMETERS if name in sent))
        answer = _json_object(response)
        given = [str(answer[name]) for name in SECRET_MEMBERS if name in answer]
        self.gathered.secret(*given)
        if not given:
            shown = {name: value for name, value in response.headers.items() if name not in _OF_BROWSERS}
            path = target.partition("?")[0]
            self.gathered.text(f"{method} {path} {response.status_code}", f"{shown} {response.text}")
        return response


_OF_BROWSERS = ("set-cookie", "location")
"""Where secrets travel."""


def _json_object(response: httpx2.Response) -> dict[str, Any]:
    try:
        read = json.loads(response.text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


class _Keeper(logging.Handler):
    def __init__(self, kept: list[str], names: set[str]) -> None:
        super().__init__()
        self._kept = kept
        self._names = names

    def emit(self, record: logging.LogRecord) -> None:
        self._names.add(record.name.partition(".")[0])
        text = written(record)
        if not is_of_a_test(record, text):
            self._kept.append(text)


@contextmanager
def everything_logged(*names: str) -> Iterator[tuple[list[str], set[str]]]:
    """What every logger writes at DEBUG, the browser's own of the tests left out, and the libraries that
    did; ``names`` are set to DEBUG themselves, as somebody who looks for a fault would."""
    lines: list[str] = []
    heard: set[str] = set()
    keeper = _Keeper(lines, heard)
    loggers = [logging.root, *map(logging.getLogger, names)]
    before = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.DEBUG)
    logging.root.addHandler(keeper)
    try:
        yield lines, heard
    finally:
        logging.root.removeHandler(keeper)
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)
