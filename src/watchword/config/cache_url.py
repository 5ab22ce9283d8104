"""The shared cache's address: a Valkey or Redis server."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from watchword.errors import ConfigurationError

_SCHEMES = {"valkey": "valkey", "redis": "valkey", "valkeys": "valkeys", "rediss": "valkeys"}
_SUPPORTED = "valkey://user:password@host:6379/0, or valkeys:// for TLS"
_DATABASE = re.compile(r"/?|/[0-9]{1,4}")
_DEFAULT_PORT = 6379
MAX_URL_CHARS = 4096


def normalise_cache_url(url: str) -> str:
    """``url`` with the scheme of the client we use and its port written out.

    Raises ConfigurationError; the message never repeats a password.
    """
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        raise _problem(f"must be an address such as {_SUPPORTED}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _problem("cannot be read") from None
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None or not host or port == 0:
        raise _problem(f"must be an address such as {_SUPPORTED}")
    if parts.query or parts.fragment or not _DATABASE.fullmatch(parts.path):
        raise _problem("takes a database number as its path and no parameters")
    if "," in parts.netloc:
        raise _problem("names one server; clusters are reached through one address")
    userinfo = parts.netloc.rpartition("@")[0]
    shown = f"[{host}]" if ":" in host else host
    database = parts.path.rstrip("/") or "/0"
    return f"{scheme}://{userinfo + '@' if userinfo else ''}{shown}:{port or _DEFAULT_PORT}{database}"


def _problem(text: str) -> ConfigurationError:
    return ConfigurationError([f"the cache address {text}"])
