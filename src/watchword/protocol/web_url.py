"""An absolute http(s) address, read strictly: what every URL parser agrees on, and nothing else.

No user name, no fragment, no control character, blank, backslash or letter outside ASCII, no
number that some parsers take for an IPv4 address and others for a name (RFC 3986 §3.2, WHATWG URL
"ends in a number").
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

MAX_URL_CHARS = 2048
_MAX_HOST_CHARS = 253
_DEFAULT_PORTS = {"http": 80, "https": 443}
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?")
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class WebUrl:
    """``host`` is lower case, an IPv6 address compressed and without brackets; ``port`` is None
    for the scheme's default; ``path`` and ``query`` are as written (no query at all: None)."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str | None

    @property
    def origin(self) -> str:
        """The origin as browsers write it (RFC 6454 §6.2): default port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port is None else f":{self.port}")

    @property
    def is_ip(self) -> bool:
        return _address(self.host) is not None

    @property
    def is_loopback(self) -> bool:
        """``localhost``, 127.0.0.0/8 or ::1, matched on the parsed host."""
        if self.host == "localhost":
            return True
        address = _address(self.host)
        if isinstance(address, ipaddress.IPv4Address):
            return address.is_loopback
        return address == ipaddress.IPv6Address("::1")


def parse_web_url(text: str) -> WebUrl:
    """Read an absolute http(s) URL. Raises ValueError whose text names the fault and repeats
    nothing of the URL, which may hold a password."""
    if len(text) > MAX_URL_CHARS:
        raise ValueError(f"is longer than {MAX_URL_CHARS} characters")
    if not _CHARACTERS.fullmatch(text) or _BROKEN_ESCAPE.search(text):
        raise ValueError("holds a character that no URL may hold (control, backslash, non-ASCII, bare %)")
    match = _URL.fullmatch(text)
    if match is None:
        raise ValueError("is not an absolute URL")
    scheme, authority, path, query, fragment = match.groups()
    scheme = scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise ValueError("is neither https nor http")
    if fragment is not None:
        raise ValueError("has a fragment (#...)")
    host, port = _split(authority)
    return WebUrl(scheme, host, None if port == _DEFAULT_PORTS[scheme] else port, path, query)


def _split(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise ValueError("carries a user name or password before the host")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise ValueError("has no valid host and port")
    host, port = match.groups()
    if port is not None and not 1 <= int(port) <= 65535:
        raise ValueError("has a port outside 1 to 65535")
    return _host(host.lower()), None if port is None else int(port)


def _host(text: str) -> str:
    if text.startswith("["):
        address = _address(text[1:-1])
        if not isinstance(address, ipaddress.IPv6Address) or address.scope_id is not None:
            raise ValueError("has brackets around something that is not an IPv6 address")
        return address.compressed
    labels = text.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        if _address(text) is None:
            raise ValueError("has a number for a host that is not a plain IPv4 address")
    elif len(text) > _MAX_HOST_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("has no valid host name")
    return text


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
