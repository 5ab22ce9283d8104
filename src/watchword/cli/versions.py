"""``watchword versions``: who still calls which version of the API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from watchword.cli.composition import with_accounts
from watchword.cli.listing import columns, harmless
from watchword.cli.moments import moment_of

if TYPE_CHECKING:
    from watchword.auth.version_ports import VersionCaller, VersionReport

app = typer.Typer(
    help="Say who still calls which version of the API.\n\nExample: watchword versions report",
    no_args_is_help=True,
)

_HEADING = ("CALLER", "USER ID", "CLIENT", "CALLS", "WOULD BE REFUSED", "LAST SEEN")


@app.command(short_help="Say who called each version, how often, and when.")
def report(
    version: Annotated[str | None, typer.Option(help="Only this version.")] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only who was seen then or later: 7d, 2026-11-01, 2026-11-01T09:30:00Z."
        ),
    ] = None,
    sort: Annotated[
        Literal["last-seen", "calls"], typer.Option(help="Who comes first: the last to call, or most calls.")
    ] = "last-seen",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many callers a version.")] = 100,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Say who called each version, how often, who would be refused, and when they were last seen.

    Sums are over all callers, also those past the limit. What running replicas have counted in
    the last half minute is not in it yet.

    Example: watchword versions report --version v1 --since 2026-11-01
    """
    moment = None if since is None else moment_of(since, now=datetime.now(UTC), option="--since")
    found = with_accounts(
        lambda _, database: database.version_usage.report(
            version=version, since=moment, order=sort, limit=limit
        )
    )
    if json_output:
        typer.echo(json.dumps({"versions": [_version(each) for each in found]}))
    elif found:
        _show(found)
    else:
        narrowed = version is not None or since is not None
        typer.echo("Nobody like that has called." if narrowed else "Nobody has called any version.")


def _show(found: Sequence[VersionReport]) -> None:
    for place, each in enumerate(found):
        if place:
            typer.echo("")
        told = _version(each)
        typer.echo(
            f"{harmless(each.version)}: calls {each.calls}, callers {each.caller_count}, "
            f"would be refused {each.would_refuse}, last seen {told['last_seen_at']}"
        )
        rows = [_row(caller, line) for caller, line in zip(each.callers, told["callers"], strict=True)]
        for line in columns([_HEADING, *rows]):
            typer.echo(line)
        if each.caller_count > len(rows):
            typer.echo(f"And {each.caller_count - len(rows)} more: raise --limit")


def _row(caller: VersionCaller, told: dict[str, Any]) -> tuple[str | None, ...]:
    refused = f"{told['would_be_refused']} ({told['last_refusal']})" if told["would_be_refused"] else None
    return _who(caller), told["user_id"], told["client_id"], str(told["calls"]), refused, told["last_seen_at"]


def _who(caller: VersionCaller) -> str:
    """As one would address them."""
    kind = caller.usage.kind
    if kind == "network":
        return f"network {caller.usage.network or 'unknown'}"
    if kind != "user":
        return "(others)" if kind == "others" else "client"
    if caller.name and caller.email:
        return f"{caller.name} <{caller.email}>"
    return caller.name or caller.email or "user"


def _version(each: VersionReport) -> dict[str, Any]:
    from watchword.protocol.rfc3339 import rfc3339

    return {
        "version": each.version,
        "calls": each.calls,
        "would_be_refused": each.would_refuse,
        "last_seen_at": rfc3339(each.last_seen_at),
        "caller_count": each.caller_count,
        "callers": [_caller(caller) for caller in each.callers],
    }


def _caller(caller: VersionCaller) -> dict[str, Any]:
    from watchword.protocol.rfc3339 import rfc3339

    usage = caller.usage
    return {
        "kind": usage.kind,
        "user_id": str(usage.user_id) if usage.user_id else None,
        "email": caller.email,
        "name": caller.name,
        "client_id": usage.client_id,
        "network": usage.network,
        "calls": usage.calls,
        "would_be_refused": usage.would_refuse,
        "last_refusal": usage.last_refusal,
        "first_seen_at": rfc3339(usage.first_seen_at),
        "last_seen_at": rfc3339(usage.last_seen_at),
    }
