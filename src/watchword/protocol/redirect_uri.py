"""Redirect URIs of our own clients: which may be registered, which match, what is appended.

RFC 6749 §3.1.2, RFC 8252 §7 (native apps), RFC 9700 §4.1.3 (exact match).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode

from watchword.protocol.web_url import WebUrl, parse_web_url

MAX_REDIRECT_URI_CHARS = 1024
ANSWER_PARAMETERS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})
"""What we append, and what a registered address therefore must not hold already."""

_PRIVATE = re.compile(r"[a-z][a-z0-9+\-]*(?:\.[a-z0-9+\-]+)+:/[A-Za-z0-9\-._~:/?@!$&'()+,;=%]*")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class RedirectUri:
    """A registered address. ``web`` is https; ``loopback`` plain http to this machine;
    ``private`` a scheme of an app's own, which has no ``url``."""

    text: str
    kind: Literal["web", "loopback", "private"]
    url: WebUrl | None

    def matches(self, given: str, *, own_origin: str) -> bool:
        """Letter for letter; on loopback the port is free (RFC 8252 §7.3), unless the registered
        address is a page of our own origin."""
        if given == self.text:
            return True
        if self.kind != "loopback" or self.is_on(own_origin) or len(given) > MAX_REDIRECT_URI_CHARS:
            return False
        try:
            return self._portless == replace(parse_web_url(given), port=None)
        except ValueError:
            return False

    def is_on(self, origin: str) -> bool:
        return self.url is not None and self.url.origin == origin

    def serves(self, origin: str) -> bool:
        """Whether pages of ``origin`` belong to whoever registered this address."""
        if self.kind != "loopback":
            return self.is_on(origin)
        try:
            page = parse_web_url(origin)
        except ValueError:
            return False
        return page.origin == origin and self._is_host_of(page)

    def needs_confirmation(self, own_origin: str) -> bool:
        """Whether any program of the machine could listen there, so that the person is asked first
        (RFC 8252 §8.6)."""
        return self.kind != "web" and not self.is_on(own_origin)

    def _is_host_of(self, page: WebUrl) -> bool:
        return self.url is not None and (self.url.scheme, self.url.host) == (page.scheme, page.host)

    @property
    def _portless(self) -> WebUrl | None:
        return None if self.url is None else replace(self.url, port=None)


def register(text: str) -> RedirectUri:
    """Read an address as an operator wrote it. Raises ValueError naming the fault and the fix."""
    if len(text) > MAX_REDIRECT_URI_CHARS:
        raise ValueError(f"is longer than {MAX_REDIRECT_URI_CHARS} characters")
    if "*" in text:
        raise ValueError("holds a wildcard (*); every address is written out")
    if "#" in text:
        raise ValueError("has a fragment (#...)")
    found = _private(text) or _web(text)
    query = text.partition("?")[2]
    taken = sorted(ANSWER_PARAMETERS & {name for name, _ in parse_qsl(query, keep_blank_values=True)})
    if taken:
        raise ValueError(f"must not hold the query parameter {', '.join(taken)}, which the answer sets")
    return found


def with_answer(redirect_uri: str, answer: Mapping[str, str | None]) -> str:
    """``redirect_uri`` with what we answer in its query; None is left out (RFC 6749 §4.1.2)."""
    said = urlencode({name: value for name, value in answer.items() if value is not None}, quote_via=quote)
    if redirect_uri.endswith(("?", "&")):
        return redirect_uri + said
    return redirect_uri + ("&" if "?" in redirect_uri else "?") + said


def _private(text: str) -> RedirectUri | None:
    if not _PRIVATE.fullmatch(text) or _BROKEN_ESCAPE.search(text):
        return None
    return RedirectUri(text, "private", None)


def _web(text: str) -> RedirectUri:
    try:
        url = parse_web_url(text)
    except ValueError as fault:
        raise ValueError(
            f"{fault}; use https, http on loopback, or a scheme like com.example.app:/"
        ) from None
    if url.scheme == "https":
        return RedirectUri(text, "web", url)
    if not url.is_loopback:
        raise ValueError("is plain http, which is for loopback only; use https")
    return RedirectUri(text, "loopback", url)
