"""What commands about accounts and sessions work with: the service's own settings and database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from watchword.auth.account_manager import AccountManager
    from watchword.auth.ports import Database
    from watchword.config.auth import Settings
    from watchword.storage.database import SqlDatabase

T = TypeVar("T")


def with_accounts(work: Callable[[AccountManager, Database], Awaitable[T]]) -> T:
    """Run ``work`` on the configured database; running replicas learn of it by the feed.

    Raises ConfigurationError, MigrationNeeded, DatabaseUnavailable, and what ``work`` does.
    """
    from watchword.auth.account_manager import AccountManager
    from watchword.auth.clock import SystemClock
    from watchword.config.auth import Settings

    settings = Settings()

    async def run(database: SqlDatabase) -> T:
        accounts = AccountManager(
            database.accounts,
            clock=SystemClock(),
            tokens_live_seconds=settings.longest_access_token_seconds,
            by="cli",
        )
        return await work(accounts, database)

    return with_database(run, settings)


def with_database(work: Callable[[SqlDatabase], Awaitable[T]], settings: Settings | None = None) -> T:
    """The same for what is no matter of accounts."""
    import asyncio

    from watchword.config.auth import Settings
    from watchword.migrations.runner import require_up_to_date
    from watchword.storage.database import open_database

    given = Settings() if settings is None else settings

    async def run() -> T:
        await require_up_to_date(given.database_url)
        database = open_database(
            given.database_url, longest_access_token_seconds=given.longest_access_token_seconds
        )
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())
