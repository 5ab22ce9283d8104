"""Where the signing keys of a service are kept, and who changes them, by its settings."""

from __future__ import annotations

from watchword.auth.account_ports import Actor
from watchword.auth.backed_store import BackedKeyStore
from watchword.auth.clock import SystemClock
from watchword.auth.key_manager import KeyManager
from watchword.auth.key_ports import KeyStore
from watchword.auth.ports import Clock, Database
from watchword.auth.sealing import Sealer
from watchword.config.auth import Settings
from watchword.vault.opening import open_outside


def open_key_store(
    settings: Settings, database: Database, sealer: Sealer, clock: Clock | None = None
) -> KeyStore:
    """The store that ``WATCHWORD_KEYS__STORE`` names, with a sealed copy of its ring in the database."""
    outside = open_outside(settings.keys)
    return BackedKeyStore(
        database.keys if outside is None else outside,
        database.key_ledger,
        sealer,
        clock or SystemClock(),
        former=None if outside is None else database.keys,
    )


def open_key_manager(
    settings: Settings, database: Database, sealer: Sealer, clock: Clock, *, by: Actor, copied: bool = True
) -> KeyManager:
    """What changes the ring. Without the copy, keys can be replaced whose secret key is lost for good: nobody
    can open their copy either."""
    store = (
        open_key_store(settings, database, sealer, clock) if copied else open_bare_store(settings, database)
    )
    return KeyManager(
        store,
        database.key_ledger,
        sealer,
        clock,
        algorithm=settings.keys.algorithm,
        rotate_after_seconds=settings.keys.rotate_after_seconds,
        tokens_live_seconds=settings.longest_access_token_seconds,
        by=by,
    )


def open_bare_store(settings: Settings, database: Database) -> KeyStore:
    """The store itself, which writes no copy."""
    return open_outside(settings.keys) or database.keys
