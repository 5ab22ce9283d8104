"""``watchword audit``: what happened, to whom, and by whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from watchword.cli.composition import with_database
from watchword.cli.listing import columns, moment
from watchword.cli.moments import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watchword.auth.audit_ports import AuditQuery, RecordedEvent

app = typer.Typer(
    help="Say what happened, to whom, and by whom.\n\nExample: watchword audit list",
    no_args_is_help=True,
)
_HEADING = ("TIME", "EVENT", "USER ID", "SESSION ID", "ADDRESS", "DETAILS")


@app.command("list")
def list_events(
    user: Annotated[UUID | None, typer.Option(help="Only what names this user id.")] = None,
    session: Annotated[UUID | None, typer.Option(help="Only what names this session id.")] = None,
    event: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this event; may be said again.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Then or later: 24h, 7d, 2026-11-01T09:30:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    before: Annotated[UUID | None, typer.Option(help="Go on before the event of this id.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """List what is on the audit trail, newest first.

    Who was erased is an id that names nobody. Refusals are in the log, not on the trail.

    Example: watchword audit list --event session_ended --since 24h
    """
    asked = _query(user, session, event or [], since, until, limit, before)
    found = with_database(lambda database: database.audit.events(asked))
    if json_output:
        typer.echo(json.dumps({"events": [each.as_json() for each in found]}))
        return
    for line in columns([_HEADING, *(_row(each) for each in found)]):
        typer.echo(line)
    if len(found) == limit:
        typer.echo(f"There may be more: add --before {found[-1].event_id}")


def _query(
    user: UUID | None,
    session: UUID | None,
    events: Iterable[str],
    since: str | None,
    until: str | None,
    limit: int,
    before: UUID | None,
) -> AuditQuery:
    from watchword.auth.audit_ports import AuditQuery
    from watchword.auth.clock import SystemClock

    now = SystemClock().now()
    return AuditQuery(
        user_id=user,
        session_id=session,
        events=frozenset(_known(each) for each in events),
        since=None if since is None else moment_of(since, now=now, option="--since"),
        until=None if until is None else moment_of(until, now=now, option="--until"),
        before=before,
        limit=limit,
    )


def _known(name: str) -> str:
    from difflib import get_close_matches

    from watchword.auth.audit_events import AUDIT_NAMES

    if name in AUDIT_NAMES:
        return name
    close = get_close_matches(name, AUDIT_NAMES, n=1)
    meant = f"; did you mean {close[0]}?" if close else "."
    raise typer.BadParameter(
        f"no event has that name{meant} There are: {', '.join(sorted(AUDIT_NAMES))}", param_hint="--event"
    )


def _row(event: RecordedEvent) -> tuple[str | None, ...]:
    details = " ".join(f"{name}={_shown(value)}" for name, value in event.details.items())
    user, session = (None if each is None else str(each) for each in (event.user_id, event.session_id))
    return moment(event.occurred_at), event.event, user, session, event.ip, details


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
