"""``watchword users``: look at accounts, change their roles and status, export and erase them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from watchword.cli.composition import with_accounts
from watchword.cli.listing import columns, harmless
from watchword.cli.users_privacy import erase, export

if TYPE_CHECKING:
    from watchword.auth.account_ports import Account

app = typer.Typer(
    help="Look at accounts, change their roles and status, export and erase them.\n\n"
    "Example: watchword users list",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]
UserId = Annotated[UUID, typer.Argument(metavar="USER_ID", help="The user_id that GET /auth/me shows.")]
Roles = Annotated[list[str], typer.Argument(metavar="ROLE", help="One role or more.")]


@app.command("list")
def list_users(
    search: Annotated[str | None, typer.Option(help="Only those with this in e-mail or name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    after: Annotated[UUID | None, typer.Option(help="Go on after this user id.")] = None,
    json_output: AsJson = False,
) -> None:
    """List accounts in the order they were made.

    Example: watchword users list --search alice
    """
    found = with_accounts(lambda accounts, _: accounts.accounts(search, after=after, limit=limit))
    if json_output:
        typer.echo(json.dumps({"users": [each.as_json() for each in found]}))
        return
    rows = [(str(each.user_id), each.status, each.email, each.name, _names(each.roles)) for each in found]
    for line in columns([("USER ID", "STATUS", "E-MAIL", "NAME", "ROLES"), *rows]):
        typer.echo(line)
    if len(found) == limit:
        typer.echo(f"There may be more: add --after {found[-1].user_id}")


@app.command()
def show(user_id: UserId, json_output: AsJson = False) -> None:
    """Show one account with its identities and its three sets of roles.

    Example: watchword users show 019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6
    """
    _tell(with_accounts(lambda accounts, _: accounts.account(user_id)), as_json=json_output)


@app.command()
def grant(
    user_id: UserId,
    roles: Roles,
    remove: Annotated[bool, typer.Option("--remove", help="Take the grant back.")] = False,
    json_output: AsJson = False,
) -> None:
    """Give an account roles beside those its provider says. Live tokens follow within seconds.

    Example: watchword users grant 019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6 editor
    """
    _change_roles(user_id, {"ungrant" if remove else "grant": roles}, as_json=json_output)


@app.command()
def deny(
    user_id: UserId,
    roles: Roles,
    remove: Annotated[bool, typer.Option("--remove", help="Take the denial back.")] = False,
    json_output: AsJson = False,
) -> None:
    """Deny an account roles, wherever they come from. Live tokens follow within seconds.

    Example: watchword users deny 019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6 admin
    """
    _change_roles(user_id, {"undeny" if remove else "deny": roles}, as_json=json_output)


@app.command(short_help="Refuse sign-ins of an account, end all its sessions.")
def disable(
    user_id: UserId,
    yes: Annotated[bool, typer.Option("--yes", help="Really end all sessions of the account.")] = False,
    json_output: AsJson = False,
) -> None:
    """Refuse sign-ins of an account and end all its sessions, within seconds everywhere.

    Example: watchword users disable 019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6 --yes
    """
    if not yes:
        raise typer.BadParameter("all its sessions will end; say --yes if that is meant", param_hint="--yes")
    _tell(with_accounts(lambda accounts, _: accounts.disable(user_id)), as_json=json_output)


@app.command()
def enable(user_id: UserId, json_output: AsJson = False) -> None:
    """Let an account sign in again. Its sessions stay ended.

    Example: watchword users enable 019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6
    """
    _tell(with_accounts(lambda accounts, _: accounts.enable(user_id)), as_json=json_output)


app.command(short_help="Everything that is held about one person, as JSON.")(export)
app.command(short_help="Erase a person for good.")(erase)


def _change_roles(user_id: UUID, change: dict[str, list[str]], *, as_json: bool) -> None:
    from watchword.errors import InvalidRequest

    try:
        account = with_accounts(lambda accounts, _: accounts.change_roles(user_id, **change))
    except InvalidRequest as error:
        raise typer.BadParameter(error.detail, param_hint="ROLES") from None
    _tell(account, as_json=as_json)


def _tell(account: Account, *, as_json: bool) -> None:
    told = account.as_json()
    identities = [each.as_json() for each in account.identities]
    if as_json:
        typer.echo(json.dumps(told | {"identities": identities}))
        return
    for name, value in told.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        typer.echo(f"{name.replace('_', ' ')}: {harmless(shown) if shown else '-'}")
    for each in identities:
        typer.echo(f"signs in as: {harmless(each['subject'])} at {harmless(each['issuer'])}")


def _names(roles: frozenset[str]) -> str:
    return ", ".join(sorted(roles))
