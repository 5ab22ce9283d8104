"""Whether anything is sealed under another secret key than the current one, and whether one that is listed
as previous is still of use; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from watchword.auth.clock import SystemClock
from watchword.auth.resealing_ports import Resealed
from watchword.auth.sealing import Sealer
from watchword.composition_seals import open_resealer
from watchword.config.auth import Settings
from watchword.doctor.finding import SERVICE, Finding
from watchword.storage.database import SqlDatabase
from watchword.storage.resealing import SqlSealedMarks

_CHECK = "sealed"


async def sealing_findings(settings: Settings, database: SqlDatabase, sealer: Sealer) -> list[Finding]:
    """Raises DatabaseUnavailable, KeyStoreUnavailable and KeyStoreInvalid."""
    clock = SystemClock()
    resealer = open_resealer(settings, database, database.keys, sealer, clock)
    found = await resealer.survey(ring=settings.keys.store == "database")
    current, *previous = sealer.key_ids
    findings = [*_unreadable(found, sealer.key_ids), *_stale(found)]
    if findings or not previous:
        return findings
    since = await SqlSealedMarks(database.transactions).since(current, previous)
    life = timedelta(seconds=settings.session_absolute_seconds)
    return [_listed(previous, None if since is None else since + life, clock.now())]


def _unreadable(found: Resealed, listed: tuple[str, ...]) -> Iterator[Finding]:
    missing = [each for each in found.unreadable if each.cause == "secret_key_mismatch"]
    if missing:
        named = ", ".join(sorted({each.key_id for each in missing if each.key_id is not None}))
        text = f"{len(missing)} values are sealed under SECRET_KEY {named}; listed are {', '.join(listed)}"
        fix = "add the missing key to WATCHWORD_SECRET_KEY_PREVIOUS, then: watchword secrets rotate"
        yield Finding("warning", SERVICE, _CHECK, text, fix)
    broken = [each for each in found.unreadable if each.cause == "seal_broken"]
    if broken:
        first = f"{broken[0].table} {broken[0].row} {broken[0].column}"
        text = f"{len(broken)} values do not open under the key they name; the first is {first}"
        fix = "configure the provider they are of again, or restore the rows; see: watchword secrets rotate"
        yield Finding("warning", SERVICE, _CHECK, text, fix)


def _stale(found: Resealed) -> Iterator[Finding]:
    rows = sum(found.resealed.values())
    if rows:
        text = f"{rows} rows are still sealed under a previous secret key ({', '.join(sorted(found.under))})"
        yield Finding("warning", SERVICE, _CHECK, text, "run: watchword secrets rotate")


def _listed(previous: list[str], removable_from: datetime | None, now: datetime) -> Finding:
    listed = ", ".join(previous)
    if removable_from is None:
        text = (
            f"nothing that lasts is sealed under {listed}; watchword secrets rotate says how long to keep it"
        )
        return Finding("ok", SERVICE, _CHECK, text)
    on = removable_from.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if now < removable_from:
        return Finding("ok", SERVICE, _CHECK, f"{listed} is needed by refresh tokens until {on}")
    text = f"nothing needs the previous secret key {listed} any more, since {on}"
    return Finding("warning", SERVICE, _CHECK, text, "remove it from WATCHWORD_SECRET_KEY_PREVIOUS")
