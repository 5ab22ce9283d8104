"""What commands about accounts and sessions work with: the service's own settings and database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from watchword.auth.account_manager import AccountManager
    from watchword.auth.ports import Database

T = TypeVar("T")


def with_accounts(work: Callable[[AccountManager, Database], Awaitable[T]]) -> T:
    """Run ``work`` on the configured database; running replicas learn of it by the feed.

    Raises ConfigurationError, MigrationNeeded, DatabaseUnavailable, and what ``work`` does.
    """
    import asyncio

    from watchword.auth.account_manager import AccountManager
    from watchword.auth.clock import SystemClock
    from watchword.config.auth import Settings
    from watchword.migrations.runner import require_up_to_date
    from watchword.storage.database import open_database

    settings = Settings()
    tokens_live_seconds = settings.longest_access_token_seconds

    async def run() -> T:
        await require_up_to_date(settings.database_url)
        database = open_database(settings.database_url, longest_access_token_seconds=tokens_live_seconds)
        accounts = AccountManager(
            database.accounts, clock=SystemClock(), tokens_live_seconds=tokens_live_seconds, by="cli"
        )
        try:
            return await work(accounts, database)
        finally:
            await database.close()

    return asyncio.run(run())
