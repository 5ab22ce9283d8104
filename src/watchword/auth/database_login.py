"""Who we are at the database, where that may be changed while we run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from watchword.auth.watched_secret import WatchedSecret
from watchword.config.database_url import normalise_database_url
from watchword.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class DatabaseLogin:
    """User and password of a PostgreSQL address."""

    user: str | None
    password: str | None = field(repr=False)


DatabaseLogins = WatchedSecret[DatabaseLogin]


def database_login(url: str) -> DatabaseLogin:
    """What a normalised address says, percent-decoded."""
    parts = urlsplit(url)
    user, password = (None if each is None else unquote(each) for each in (parts.username, parts.password))
    return DatabaseLogin(user, password)


def login_reader(url: str) -> Callable[[str], DatabaseLogin]:
    """Reads the login of an address that is ``url``, normalised, but for user and password. Raises
    ValueError for another address: which database it is can only be changed by a start."""
    place = _place(urlsplit(url))

    def read(text: str) -> DatabaseLogin:
        try:
            given = normalise_database_url(text)
        except ConfigurationError:
            raise ValueError("it leads to no address of a database that is supported") from None
        if _place(urlsplit(given)) != place:
            raise ValueError("it now names another database, which counts from the next start")
        return database_login(given)

    return read


def _place(parts: SplitResult) -> tuple[str, str, str, str]:
    return parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query
