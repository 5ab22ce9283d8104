"""How the ring of signing keys stands, in whatever store it is; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from watchword.auth.backed_store import NEWEST
from watchword.auth.key_ports import KeyLedger, KeyStore, StoredKey
from watchword.config.auth import KeySettings
from watchword.doctor.finding import SERVICE, Finding
from watchword.errors import KeyStoreInvalid, KeyStoreUnavailable
from watchword.protocol.key_ring import only, without

LATE_SECONDS: Final = 3600
"""How much older than configured a signing key may become before that is told."""
_CHECK: Final = "signing_keys"


async def stored_keys(store: KeyStore, ledger: KeyLedger) -> tuple[tuple[StoredKey, ...], list[Finding]]:
    """What the store holds, and why it cannot be read where it cannot. Raises DatabaseUnavailable."""
    try:
        return (await store.load()).keys, []
    except KeyStoreInvalid as error:
        fix = "put right what it names, or restore the previous version; see docs/operations/key-stores.md"
        return (), [Finding("fault", SERVICE, _CHECK, error.detail, fix)]
    except KeyStoreUnavailable as error:
        return (), [await _away(error, ledger)]


async def _away(error: KeyStoreUnavailable, ledger: KeyLedger) -> Finding:
    fix = "bring it back, or check address and credentials of this process"
    copy = await ledger.copy(NEWEST)
    if copy is None:
        text = f"{error.detail}; no sealed copy is in the database, so no process can start"
        return Finding("fault", SERVICE, _CHECK, text, fix)
    at = copy.saved_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"{error.detail}; the copy of {at} in the database stands in, and nothing can be rotated"
    return Finding("warning", SERVICE, _CHECK, text, fix)


async def key_findings(
    keys: Sequence[StoredKey], ledger: KeyLedger, settings: KeySettings, *, place: str, now: datetime
) -> list[Finding]:
    """What a running service would put right by itself, so that it has not shows that none does."""
    revoked = {key.kid for key in await ledger.revoked()}
    left = without(keys, revoked)
    found = [*_still_there(keys, left, place), *_incomplete(left), *_late(left, settings, now)]
    active, announced = only(left, "active"), only(left, "next")
    if found or active is None or announced is None:
        return found
    return [
        Finding("ok", SERVICE, _CHECK, f"{place} has {len(left)} keys, {_signing(active, now)}"),
        *_other_algorithm(active, announced, settings),
    ]


def _still_there(keys: Sequence[StoredKey], left: Sequence[StoredKey], place: str) -> Iterator[Finding]:
    if len(left) < len(keys):
        text = (
            f"{place} still holds {len(keys) - len(left)} revoked keys; their tokens are refused all the same"
        )
        yield _warning(
            text, "a running service takes them out; without one: watchword keys revoke, as before"
        )


def _incomplete(left: Sequence[StoredKey]) -> Iterator[Finding]:
    missing = [state for state in ("active", "next") if not any(key.state == state for key in left)]
    if missing:
        yield _warning(f"no key is {' or '.join(missing)}", "a running service makes them; is one running?")


def _late(left: Sequence[StoredKey], settings: KeySettings, now: datetime) -> Iterator[Finding]:
    active = only(left, "active")
    if active is None:
        return
    age_seconds = (now - (active.activated_at or active.created_at)).total_seconds()
    if age_seconds > settings.rotate_after_seconds + LATE_SECONDS:
        days = f"{_signing(active, now)}, and KEYS__ROTATE_AFTER_SECONDS is {settings.rotate_after_seconds}"
        yield _warning(days, "a running service rotates by itself; is one running? Or: watchword keys rotate")


def _other_algorithm(active: StoredKey, announced: StoredKey, settings: KeySettings) -> Iterator[Finding]:
    if active.algorithm != settings.algorithm:
        step = "the next key is" if announced.algorithm == settings.algorithm else "the next key will be"
        text = f"the active key is {active.algorithm}; {step} {settings.algorithm} and signs after a rotation"
        yield Finding("ok", SERVICE, _CHECK, text)


def _signing(active: StoredKey, now: datetime) -> str:
    days = (now - (active.activated_at or active.created_at)).total_seconds() / 86_400
    return f"{active.kid} ({active.algorithm}) has signed for {max(0.0, days):.1f} days"


def _warning(text: str, fix: str) -> Finding:
    return Finding("warning", SERVICE, _CHECK, text, fix)
