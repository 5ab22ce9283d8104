"""Reading ``Cookie``, writing ``Set-Cookie`` (RFC 6265 §4.1, §5.4; RFC 6265bis §4.1.3 for prefixes)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAX_COOKIES = 100
MAX_COOKIE_HEADER_BYTES = 16 * 1024
MAX_COOKIE_BYTES = 4096
_HOST_PREFIX = "__Host-"
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(rb"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")


@dataclass(frozen=True, slots=True, repr=False)
class Cookies:
    """The cookies of one request. A name that came more than once has no value: somebody else may
    have planted one of them. ``oversized``: too much was sent, and nothing of it was read."""

    _values: Mapping[str, str]
    _duplicates: frozenset[str]
    oversized: bool = False

    def __repr__(self) -> str:
        return f"Cookies(names={sorted(self._values)}, duplicates={sorted(self._duplicates)})"

    def get(self, name: str) -> str | None:
        """The value, or None when the name is absent, duplicated or has no valid value."""
        return self._values.get(name)

    def duplicated(self, name: str) -> bool:
        return name in self._duplicates

    def with_prefix(self, prefix: str) -> dict[str, str]:
        """Every readable cookie whose name starts with ``prefix``."""
        return {name: value for name, value in self._values.items() if name.startswith(prefix)}


def read_cookies(header_values: Sequence[bytes]) -> Cookies:
    """Read every ``Cookie`` header of a request; garbage is passed over, nothing raises.

    Above 16 KB or 100 cookies nothing is read: what was cut off could hide a duplicate.
    """
    header = b";".join(header_values)
    if len(header) > MAX_COOKIE_HEADER_BYTES or header.count(b";") >= MAX_COOKIES:
        return Cookies({}, frozenset(), oversized=True)
    seen: set[str] = set()
    duplicates: set[str] = set()
    values: dict[str, str] = {}
    for pair in header.split(b";"):
        raw_name, separator, raw_value = (part.strip(b" \t") for part in pair.partition(b"="))
        if not separator or not _NAME.fullmatch(raw_name):
            continue
        name = raw_name.decode("ascii")
        (duplicates if name in seen else seen).add(name)
        if _VALUE.fullmatch(raw_value):
            values[name] = raw_value.decode("ascii")
    readable = {name: value for name, value in values.items() if name not in duplicates}
    return Cookies(readable, frozenset(duplicates))


@dataclass(frozen=True, slots=True)
class CookieNames:
    """Our cookies' names. ``attempt`` is a prefix: one cookie an attempt. Over https they are
    host-locked, so that no sibling host can plant one, and ``secure`` is set."""

    access: str
    refresh: str
    attempt: str
    secure: bool

    @classmethod
    def for_base_url(cls, base_url: str) -> CookieNames:
        secure = base_url.lower().startswith("https://")
        lock = _HOST_PREFIX if secure else ""
        return cls(f"{lock}ww_access", f"{lock}ww_refresh", f"{lock}ww_attempt_", secure)


def set_cookie(name: str, value: str, *, secure: bool, max_age_seconds: int) -> str:
    """The ``Set-Cookie`` value of a cookie that scripts and other sites' posts do not get.

    Raises ValueError for a name that is no token, a value that is not cookie-octets, both together
    over 4096 bytes, a negative age, and a host-locked name that is not secure.
    """
    if not _fits(_NAME, name) or not _fits(_VALUE, value):
        raise ValueError("the cookie's name or value holds characters that cookies may not hold")
    if len(name) + len(value) > MAX_COOKIE_BYTES:
        raise ValueError(f"the cookie is larger than {MAX_COOKIE_BYTES} bytes")
    if max_age_seconds < 0:
        raise ValueError("max_age_seconds must not be negative")
    if name.startswith(_HOST_PREFIX) and not secure:
        raise ValueError(f"a {_HOST_PREFIX} cookie must be secure")
    attributes = f"Max-Age={max_age_seconds}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
    return f"{name}={value}; {attributes}"


def clear_cookie(name: str, *, secure: bool) -> str:
    """The ``Set-Cookie`` value that removes a cookie which ``set_cookie`` made."""
    return set_cookie(name, "", secure=secure, max_age_seconds=0)


def _fits(form: re.Pattern[bytes], text: str) -> bool:
    return text.isascii() and form.fullmatch(text.encode("ascii")) is not None
