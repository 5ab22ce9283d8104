"""What commands about accounts and sessions work with: the service's own settings and database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from watchword.auth.account_manager import AccountManager
    from watchword.auth.key_manager import KeyManager
    from watchword.auth.ports import Database
    from watchword.auth.privacy_manager import PrivacyManager
    from watchword.auth.sealing import Sealer
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


def with_keys(work: Callable[[KeyManager], Awaitable[T]], *, secret_key_lost: bool = False) -> T:
    """The same for the ring of signing keys, wherever it is kept. Unless the secret key is lost for good,
    raises SecretKeyMismatch, with nothing written, where it is not the one of the ring."""
    from watchword.auth.clock import SystemClock
    from watchword.composition_keys import open_key_manager
    from watchword.config.auth import Settings

    settings = Settings()

    async def run(database: SqlDatabase) -> T:
        sealer = await _sealer(settings, database)
        manager = open_key_manager(
            settings, database, sealer, SystemClock(), by="cli", copied=not secret_key_lost
        )
        if not secret_key_lost:
            await manager.check()
        return await work(manager)

    return with_database(run, settings)


def with_privacy(work: Callable[[PrivacyManager], Awaitable[T]], *, seals: bool = False) -> T:
    """The same for what is held about people. ``seals``: something is sealed for the service, which has to
    open it; raises SecretKeyMismatch, with nothing written, where it could not."""
    from watchword.auth.clock import SystemClock
    from watchword.auth.privacy_manager import PrivacyManager
    from watchword.auth.tombstones import Tombstones
    from watchword.composition_keys import open_key_manager
    from watchword.config.auth import Settings
    from watchword.storage.privacy import SqlPrivacyStore
    from watchword.storage.tombstones import TombstoneRows

    settings, clock = Settings(), SystemClock()

    async def run(database: SqlDatabase) -> T:
        tombstones = TombstoneRows()
        if seals:
            sealer = kept_sealer(settings)
            await open_key_manager(settings, database, sealer, clock, by="cli").check()
            tombstones = TombstoneRows(Tombstones(sealer))
        manager = PrivacyManager(
            SqlPrivacyStore(database.transactions, tombstones),
            database.terms,
            database.audit,
            clock=clock,
            service=settings.base_url,
            tokens_live_seconds=settings.longest_access_token_seconds,
            by="cli",
        )
        return await work(manager)

    return with_database(run, settings)


def kept_sealer(settings: Settings) -> Sealer:
    """Of secret keys that are there to stay. Raises ConfigurationError."""
    from watchword.auth.sealing import Sealer
    from watchword.config.secret_key import development_key_path, secret_keys
    from watchword.errors import ConfigurationError

    if settings.secret_key is None and not development_key_path(settings.database_url).exists():
        raise ConfigurationError(["WATCHWORD_SECRET_KEY: is not set; it must be the one of the service"])
    current, *previous = secret_keys(settings)
    return Sealer(current, previous)


async def _sealer(settings: Settings, database: SqlDatabase) -> Sealer:
    """Made of the secret keys that there are: a command beside a service makes none."""
    import os

    from watchword.auth.backed_store import NEWEST
    from watchword.auth.sealing import Sealer
    from watchword.config.secret_key import development_key_path, secret_keys
    from watchword.errors import ConfigurationError

    if settings.secret_key is not None or development_key_path(settings.database_url).exists():
        current, *previous = secret_keys(settings)
        return Sealer(current, previous)
    ledger = database.key_ledger
    if (await database.keys.load()).keys or await ledger.copy(NEWEST) or await ledger.revoked():
        raise ConfigurationError(["WATCHWORD_SECRET_KEY: is not set; it must be the one of the service"])
    return Sealer(os.urandom(32))


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
