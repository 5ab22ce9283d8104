"""``watchword secrets rotate``: what lasts, sealed anew under the current secret key."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchword.cli.composition import with_database
from watchword.cli.exit_codes import FAILED
from watchword.cli.listing import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from watchword.auth.resealing_ports import Resealed, SealedTable, Unreadable
    from watchword.storage.database import SqlDatabase

    Told = Callable[[Mapping[SealedTable, int]], None]

SHOWN_UNREADABLE = 20
"""How many values that do not open are named in the table for people; JSON names all."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """``removable_from`` is when nobody holds anything of a previous key any more; None while something is
    left under it, or where there is none."""

    resealed: Resealed
    current: str
    previous: tuple[str, ...]
    removable_from: datetime | None


def rotate(
    yes: Annotated[
        bool, typer.Option("--yes", help="As with other commands; not needed, nothing is lost.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Seal anew, under WATCHWORD_SECRET_KEY, what is kept for longer: signing keys and the providers'
    tokens. Run it once every process has the new key and the old one as WATCHWORD_SECRET_KEY_PREVIOUS.

    Works beside a running service, in small parts that hold nobody up, and goes on where it was when it
    is begun again. What no listed key opens is named and left as it is, and the exit code is 1.

    Example: watchword secrets rotate
    """
    with _progress(shown=sys.stderr.isatty() and not json_output) as told:
        outcome = with_database(lambda database: _run(database, told))
    if json_output:
        typer.echo(json.dumps(_as_json(outcome)))
    else:
        for line in _lines(outcome):
            typer.echo(line)
    if not outcome.resealed.complete:
        typer.echo(f"Error: {_what_is_left(outcome)}", err=True)
        raise typer.Exit(FAILED)


async def _run(database: SqlDatabase, told: Told) -> _Outcome:
    from watchword.auth.audit_ports import AuditEvent
    from watchword.auth.clock import SystemClock
    from watchword.auth.sealing import Sealer
    from watchword.composition_keys import open_key_store
    from watchword.composition_seals import open_resealer
    from watchword.config.auth import Settings
    from watchword.config.secret_key import secret_keys
    from watchword.storage.resealing import SqlSealedMarks

    settings, clock = Settings(), SystemClock()
    current, *previous = secret_keys(settings)
    sealer = Sealer(current, previous)
    keys = open_key_store(settings, database, sealer, clock)
    resealed = await open_resealer(settings, database, keys, sealer, clock).run(told)
    now_id, *older = sealer.key_ids
    if any(resealed.resealed.values()):
        details = {"by": "cli", "current": now_id, "previous": older, "resealed": dict(resealed.resealed)}
        await database.audit.record(AuditEvent("secrets_rotated", clock.now(), details=details))
    if not older or not resealed.complete:
        return _Outcome(resealed, now_id, tuple(older), None)
    marks = SqlSealedMarks(database.transactions)
    since = await marks.mark(now_id, older, anew=bool(resealed.under), now=clock.now())
    removable_from = since + timedelta(seconds=settings.session_absolute_seconds)
    return _Outcome(resealed, now_id, tuple(older), removable_from)


def _as_json(outcome: _Outcome) -> dict[str, Any]:
    resealed = outcome.resealed
    removable_from = None if outcome.removable_from is None else _shown(outcome.removable_from)
    return {
        "resealed": resealed.resealed,
        "already": resealed.already,
        "unreadable": [
            {
                "table": each.table,
                "id": each.row,
                "column": each.column,
                "key": each.key_id,
                "cause": each.cause,
            }
            for each in resealed.unreadable
        ],
        "busy": resealed.busy,
        "current": outcome.current,
        "previous": [{"key": key_id, "removable_from": removable_from} for key_id in outcome.previous],
    }


def _lines(outcome: _Outcome) -> Iterator[str]:
    resealed = outcome.resealed
    counted = [
        (table, str(number), str(resealed.already[table])) for table, number in resealed.resealed.items()
    ]
    yield from columns([("TABLE", "SEALED ANEW", "ALREADY"), *counted])
    for each in resealed.unreadable[:SHOWN_UNREADABLE]:
        yield f"cannot be opened: {_named(each)}"
    if len(resealed.unreadable) > SHOWN_UNREADABLE:
        yield f"and {len(resealed.unreadable) - SHOWN_UNREADABLE} more; --json names them all"
    if outcome.removable_from is not None:
        yield (
            f"{', '.join(outcome.previous)} can be removed from WATCHWORD_SECRET_KEY_PREVIOUS from "
            f"{_shown(outcome.removable_from)} on; until then refresh tokens may need it"
        )


def _named(each: Unreadable) -> str:
    under = "what is there is no sealed value" if each.key_id is None else f"SECRET_KEY {each.key_id}"
    why = (
        "not listed" if each.cause == "secret_key_mismatch" else "altered, moved, or of another registration"
    )
    return f"{each.table} {each.row} {each.column} ({under}; {why})"


def _what_is_left(outcome: _Outcome) -> str:
    resealed = outcome.resealed
    missing = sorted({e.key_id for e in resealed.unreadable if e.cause == "secret_key_mismatch" and e.key_id})
    broken = sum(each.cause == "seal_broken" for each in resealed.unreadable)
    said = []
    if missing:
        listed = ", ".join([outcome.current, *outcome.previous])
        said.append(
            f"values are sealed under SECRET_KEY {', '.join(missing)}, and this command has {listed}; add "
            "the missing key to WATCHWORD_SECRET_KEY_PREVIOUS and run it again"
        )
    if broken:
        said.append(
            f"{broken} values name a key that is listed and do not open: altered, moved, or sealed for a "
            "registration at a provider that is not configured any more"
        )
    if resealed.busy:
        said.append(f"{resealed.busy} rows were being written by others every time; run it again")
    return "; ".join([*said, "nothing was lost"])


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@contextmanager
def _progress(*, shown: bool) -> Iterator[Told]:
    """A line on a terminal that says how far it is; nothing anywhere else."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Looking for sealed values") as status:

        def tell(done: Mapping[SealedTable, int]) -> None:
            numbers = ", ".join(f"{table} {number:,}" for table, number in done.items() if number)
            status.update(f"Rows under the current key: {numbers or 'none yet'}")

        yield tell
