"""Connections to PostgreSQL with a password that may be changed while we run."""

from __future__ import annotations

from typing import Any, Final

from watchword.auth.database_login import DatabaseLogin, DatabaseLogins
from watchword.auth.logs import tell

WAIT_SECONDS: Final = 1.0
"""For the store of the password, where the one that is known was refused."""

_BY_A_POOLER: Final = "authentication failed"
"""How PgBouncer refuses a login, by the class of a broken protocol (08P01)."""


class Logins:
    """Opens connections as the latest login; one that is refused is read anew, and those of before and
    after are tried, because the password is changed in two places, one after the other."""

    def __init__(self, logins: DatabaseLogins) -> None:
        self._logins = logins

    async def connect(self, *arguments: Any, **options: Any) -> Any:
        """A connection of asyncpg, which takes the same arguments. Raises what asyncpg raises."""
        from asyncpg import (  # type: ignore[import-untyped]
            InvalidAuthorizationSpecificationError,
            ProtocolViolationError,
            connect,
        )

        tried: list[DatabaseLogin] = []
        login = self._logins.candidates[0]
        while True:
            try:
                connection = await connect(*arguments, **options | _given(login))
            except (InvalidAuthorizationSpecificationError, ProtocolViolationError) as refused:
                if isinstance(refused, ProtocolViolationError) and _BY_A_POOLER not in str(refused):
                    raise
                tried.append(login)
                following = await self._logins.following(tried, wait_seconds=WAIT_SECONDS)
                if following is None:
                    raise
                login = following
            else:
                if tried:
                    self._note(login)
                return connection

    def _note(self, login: DatabaseLogin) -> None:
        if self._logins.worked(login) and login != self._logins.current:
            tell(
                "database_password_behind",
                "%s: the database takes the previous password and not the current one: it was not changed "
                "there yet, or is wrong here",
                self._logins.setting,
                setting=self._logins.setting,
            )


def _given(login: DatabaseLogin) -> dict[str, str]:
    named = {"user": login.user, "password": login.password}
    return {name: value for name, value in named.items() if value is not None}
