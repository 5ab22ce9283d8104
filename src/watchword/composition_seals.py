"""What seals everything anew, by the settings of a service."""

from __future__ import annotations

from watchword.auth.attempt import registration_digest
from watchword.auth.key_ports import KeyStore
from watchword.auth.ports import Clock
from watchword.auth.resealing import Resealer
from watchword.auth.sealing import Sealer
from watchword.config.auth import Settings
from watchword.storage.database import SqlDatabase
from watchword.storage.resealing import SqlSealedRows


def open_resealer(
    settings: Settings, database: SqlDatabase, keys: KeyStore, sealer: Sealer, clock: Clock
) -> Resealer:
    """Over the rows of ``database`` and the ring in ``keys``, for the providers of the settings."""
    return Resealer(
        sealer,
        SqlSealedRows(database.transactions),
        keys,
        clock,
        registrations=[
            registration_digest(
                issuer=provider.issuer,
                client_id=provider.client_id,
                redirect_uri=settings.redirect_uri(provider_id),
            )
            for provider_id, provider in settings.providers.items()
        ],
    )
