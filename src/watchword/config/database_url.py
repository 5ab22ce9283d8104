"""The database's address: which databases there are, and the driver each one is spoken to with."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from watchword.errors import ConfigurationError

_POSTGRESQL = "postgresql+asyncpg"
_SQLITE = "sqlite+aiosqlite"
_DRIVERS = {
    "postgresql": _POSTGRESQL,
    "postgres": _POSTGRESQL,
    _POSTGRESQL: _POSTGRESQL,
    "sqlite": _SQLITE,
    _SQLITE: _SQLITE,
}
NOTHING_PREPARED = "prepared_statement_cache_size"
"""With the value 0: prepare nothing, as behind a pooler in transaction mode that does not show itself."""
_POSTGRESQL_PARAMETERS = ("host", "port", "ssl", "target_session_attrs", "passfile", NOTHING_PREPARED)
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SUPPORTED = "postgresql://user:password@host/name or sqlite:///path/to/file.db"
MAX_URL_CHARS = 4096


def normalise_database_url(url: str) -> str:
    """``url`` with the driver watchword uses: asyncpg for PostgreSQL, aiosqlite for SQLite.

    ``sslmode``, as other drivers call it, becomes asyncpg's ``ssl``. Raises ConfigurationError for
    everything else; the message names what is supported and never repeats a password.
    """
    if not isinstance(url, str) or not url or len(url) > MAX_URL_CHARS:
        raise _problem(f"must be an address such as {_SUPPORTED}")
    if not url.isprintable() or " " in url:
        raise _problem("holds a space or a control character; write it percent-encoded")
    scheme, separator, rest = url.partition("://")
    driver = _DRIVERS.get(scheme.lower())
    if not separator or driver is None:
        shown = scheme[:40] if separator else "an address without a scheme"
        raise _problem(f"{shown!r} is not supported; use {_SUPPORTED}")
    checked = _postgresql(rest) if driver == _POSTGRESQL else _sqlite(rest)
    return f"{driver}://{checked}"


def sqlite_path(url: str) -> str | None:
    """The path of a normalised SQLite address, percent-decoded; None for PostgreSQL."""
    driver, _, rest = url.partition("://")
    return unquote(rest[1:]) if driver == _SQLITE else None


def _sqlite(rest: str) -> str:
    if not rest.startswith("/"):
        raise _problem("a SQLite file is written sqlite:///relative.db or sqlite:////absolute.db")
    path, _, parameters = rest[1:].partition("?")
    if path in ("", ":memory:") or path.startswith("file:"):
        raise _problem("SQLite needs a plain file, since one in memory cannot be shared by connections")
    if parameters or "#" in path:
        raise _problem("a SQLite address takes no parameters")
    if "\0" in unquote(path):
        raise _problem("names a file that cannot exist")
    return rest


def _postgresql(rest: str) -> str:
    try:
        parts = urlsplit(f"//{rest}")
        port, asked = parts.port, parse_qsl(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise _problem("host, port or parameters of the PostgreSQL address cannot be read") from None
    if port == 0 or parts.fragment:
        raise _problem("host, port or parameters of the PostgreSQL address cannot be read")
    known = [("ssl" if name == "sslmode" else name, value) for name, value in asked]
    names = [name for name, _ in known]
    for name in names:
        if name not in _POSTGRESQL_PARAMETERS:
            known_names = ", ".join(_POSTGRESQL_PARAMETERS)
            raise _problem(f"parameter {name[:40]!r} is not one of {known_names}, sslmode")
    if len(set(names)) != len(names):
        raise _problem("a parameter of the PostgreSQL address is written twice")
    if dict(known).get("ssl", "prefer") not in _SSL_MODES:
        raise _problem(f"parameter 'sslmode' is not one of {', '.join(_SSL_MODES)}")
    if dict(known).get(NOTHING_PREPARED, "0") != "0":
        raise _problem(f"parameter {NOTHING_PREPARED!r} can only be 0")
    query = urlencode(known, quote_via=quote, safe="/")
    return rest.partition("?")[0] + (f"?{query}" if query else "")


def _problem(text: str) -> ConfigurationError:
    return ConfigurationError([f"the database address {text}"])
