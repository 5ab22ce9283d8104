"""``watchword sessions``: look at live sessions, end them, and take expired rows away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from watchword.cli.composition import with_accounts
from watchword.cli.exit_codes import FAILED
from watchword.cli.listing import columns
from watchword.cli.sessions_end_all import end_all
from watchword.cli.sessions_prune import prune

if TYPE_CHECKING:
    from watchword.auth.account_manager import AccountManager
    from watchword.auth.account_ports import ListedSession
    from watchword.auth.ports import Database

app = typer.Typer(
    help="Look at live sessions, end them, and take expired rows away.\n\nExample: watchword sessions list",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


@app.command("list")
def list_sessions(
    user: Annotated[UUID | None, typer.Option(help="Only those of this user id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    after: Annotated[UUID | None, typer.Option(help="Go on after this session id.")] = None,
    json_output: AsJson = False,
) -> None:
    """List live sessions in the order they were opened.

    Example: watchword sessions list --user 019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6
    """
    found = with_accounts(lambda accounts, _: accounts.sessions(user, after=after, limit=limit))
    told = [_session(each) for each in found]
    if json_output:
        marked = [{**row, "degraded": each.degraded} for row, each in zip(told, found, strict=True)]
        typer.echo(json.dumps({"sessions": marked}))
        return
    shown = ("id", "user_id", "client_id", "last_seen_at", "device", "ip")
    names = ("SESSION ID", "USER ID", "CLIENT", "LAST SEEN", "DEVICE", "ADDRESS")
    for line in columns([names, *([each[name] for name in shown] for each in told)]):
        typer.echo(line)
    if len(found) == limit:
        typer.echo(f"There may be more: add --after {found[-1].session_id}")


@app.command()
def revoke(
    session_ids: Annotated[
        list[UUID] | None, typer.Argument(metavar="SESSION_ID", help="As GET /auth/me shows them.")
    ] = None,
    user: Annotated[UUID | None, typer.Option(help="End every session of this user id.")] = None,
    client: Annotated[
        str | None, typer.Option(help="End every session and every token of this client id.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="End every session of everybody.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Really end them.")] = False,
    json_output: AsJson = False,
) -> None:
    """End sessions, within seconds everywhere. An ended one is no error, an unknown one is.

    Example: watchword sessions revoke 019e4f5a-9b2c-7e11-8c55-6f0a2d4b1c3e --yes
    """
    if [bool(session_ids), user is not None, client is not None, every].count(True) != 1:
        raise typer.BadParameter("name sessions, --user, --client or --all, one of them")
    from watchword.config.values import IDENTIFIER

    if client is not None and not IDENTIFIER.fullmatch(client):
        raise typer.BadParameter(
            "a client id is lower case letters, digits, - and _, at most 32", param_hint="--client"
        )
    if not yes:
        raise typer.BadParameter(
            "whoever uses them is signed out; say --yes if that is meant", param_hint="--yes"
        )
    if every:
        ended, unknown = end_all(shows_progress=not json_output), list[UUID]()
    else:
        ended, unknown = with_accounts(
            lambda accounts, database: _revoke(accounts, database, user, client, session_ids or [])
        )
    if json_output:
        typer.echo(json.dumps({"revoked": ended, "unknown": [str(each) for each in unknown]}))
    else:
        typer.echo(f"Sessions ended: {ended}")
    for each in unknown:
        typer.echo(f"Error: there is no session {each}", err=True)
    if unknown:
        raise typer.Exit(FAILED)


async def _revoke(
    accounts: AccountManager,
    database: Database,
    user: UUID | None,
    client: str | None,
    session_ids: list[UUID],
) -> tuple[int, list[UUID]]:
    """How many ended by it, and the ids that no session ever had."""
    if user is not None:
        return await accounts.revoke_all(user), []
    if client is not None:
        return await accounts.revoke_client(client), []
    ended, unknown = 0, []
    for session_id in session_ids:
        if await accounts.revoke_session(session_id):
            ended += 1
        elif await database.sessions.facts(session_id) is None:
            unknown.append(session_id)
    return ended, unknown


def _session(session: ListedSession) -> dict[str, str | None]:
    return session.as_json() | {"user_id": str(session.user_id), "client_id": session.client_id}


app.command(short_help="Take away what has expired and nobody needs any more.")(prune)
