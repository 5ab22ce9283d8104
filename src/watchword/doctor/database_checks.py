"""Whether the database answers, is migrated, and opens with the secret key; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from watchword.auth.clock import SystemClock
from watchword.auth.key_ports import StoredKey
from watchword.auth.sealing import Sealer
from watchword.composition_keys import open_bare_store
from watchword.config.auth import Settings
from watchword.config.secret_key import development_key_path, secret_keys
from watchword.doctor.finding import SERVICE, Finding
from watchword.doctor.key_checks import key_findings, stored_keys
from watchword.doctor.sealing_checks import sealing_findings
from watchword.errors import SealBroken, SecretKeyMismatch, WatchwordError
from watchword.migrations.runner import status
from watchword.storage.database import open_database


async def database_findings(settings: Settings) -> list[Finding]:
    """Never raises for a database that is away, empty or another's: that is what is told."""
    try:
        state = await status(settings.database_url)
    except WatchwordError as error:
        return [_fault("database", error.detail, "start it, or correct WATCHWORD_DATABASE_URL")]
    if not state.up_to_date:
        stands = f"the database is at {state.current or 'no revision'}, this version needs {state.head}"
        return [_fault("database", stands, "run: watchword db upgrade")]
    answers = Finding("ok", SERVICE, "database", f"the database answers and is at {state.current}")
    try:
        return [answers, *await _secret_key(settings)]
    except WatchwordError as error:
        return [answers, _fault("secret_key", error.detail, "see WATCHWORD_SECRET_KEY in docs/settings.md")]


async def _secret_key(settings: Settings) -> list[Finding]:
    database = open_database(settings.database_url)
    store, ledger = open_bare_store(settings, database), database.key_ledger
    try:
        stored, unread = await stored_keys(store, ledger)
        opens = _opens(settings, stored, place=store.place)
        if opens.level != "ok" or not stored:
            return [*unread] if unread else [opens]
        now = SystemClock().now()
        keys = await key_findings(stored, ledger, settings.keys, place=store.place, now=now)
        current, *previous = secret_keys(settings)
        return [opens, *keys, *await sealing_findings(settings, database, Sealer(current, previous))]
    finally:
        await database.close()


def _opens(settings: Settings, stored: Sequence[StoredKey], *, place: str) -> Finding:
    if settings.secret_key is None and not development_key_path(settings.database_url).exists():
        if stored:
            return _fault(
                "secret_key",
                f"the key store ({place}) holds sealed keys, and no WATCHWORD_SECRET_KEY is set",
                "set the one it was made with",
            )
        return Finding("ok", SERVICE, "secret_key", "none yet: the first start makes one, for development")
    if not stored:
        return Finding("ok", SERVICE, "secret_key", "can be used; the first start makes the signing keys")
    current, *previous = secret_keys(settings)
    sealer = Sealer(current, previous)
    try:
        for key in stored:
            sealer.open("signing-key", key.sealed_private, place=key.kid.encode())
    except (SecretKeyMismatch, SealBroken) as error:
        return _fault(
            "secret_key",
            error.detail,
            "set WATCHWORD_SECRET_KEY to the key the other replicas have, or add the old one to "
            "WATCHWORD_SECRET_KEY_PREVIOUS",
        )
    return Finding("ok", SERVICE, "secret_key", f"opens the {len(stored)} signing keys ({place})")


def _fault(check: str, text: str, fix: str) -> Finding:
    return Finding("fault", SERVICE, check, text, fix)
