"""Where the signing keys of a service are kept, by its settings."""

from __future__ import annotations

from watchword.auth.backed_store import BackedKeyStore
from watchword.auth.clock import SystemClock
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
