"""``watchword db``: bring the database to a revision, say where it stands, print the SQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from watchword.cli.exit_codes import MIGRATION_NEEDED

if TYPE_CHECKING:
    from watchword.migrations.runner import MigrationStatus

app = typer.Typer(
    help="Migrate the database and say where it stands.\n\nExample: watchword db upgrade",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(metavar="REVISION", help="Revision to upgrade to.")] = "head",
    json_output: AsJson = False,
) -> None:
    """Bring the database up to date. Several processes at once are safe.

    Example: watchword db upgrade
    """
    import asyncio

    from watchword.migrations import runner

    _show(asyncio.run(runner.upgrade(_url(), revision)), as_json=json_output)


@app.command()
def downgrade(
    revision: Annotated[
        str, typer.Argument(metavar="REVISION", help="Revision to go back to; 'base' removes every table.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Really drop tables and the data in them.")] = False,
    json_output: AsJson = False,
) -> None:
    """Take migrations back. Data in tables that are dropped is lost.

    Example: watchword db downgrade base --yes
    """
    import asyncio

    from watchword.migrations import runner

    if not yes:
        raise typer.BadParameter("data will be lost; say --yes if that is meant", param_hint="--yes")
    _show(asyncio.run(runner.downgrade(_url(), revision)), as_json=json_output)


@app.command(short_help="Say where the database stands.")
def status(json_output: AsJson = False) -> None:
    """Say where the database stands; exit code 3 when it must be upgraded.

    Example: watchword db status --json
    """
    import asyncio

    from watchword.migrations import runner

    state = asyncio.run(runner.status(_url()))
    _show(state, as_json=json_output)
    if not state.up_to_date:
        raise typer.Exit(MIGRATION_NEEDED)


@app.command()
def sql(
    dialect: Annotated[
        Literal["postgresql", "sqlite"], typer.Option(help="For which database.")
    ] = "postgresql",
    after: Annotated[
        str | None, typer.Option(help="Only what comes after this revision, which db status shows.")
    ] = None,
    json_output: AsJson = False,
) -> None:
    """Print the SQL of every migration, for those who run it by hand.

    Example: watchword db sql > auth.sql
    """
    from watchword.migrations import runner

    rendered = runner.render_sql(dialect, after=after)
    typer.echo(json.dumps({"dialect": dialect, "sql": rendered}) if json_output else rendered, nl=json_output)


def _url() -> str:
    from watchword.config.auth import Settings

    return Settings().database_url


def _show(state: MigrationStatus, *, as_json: bool) -> None:
    if as_json:
        told = {"current": state.current, "head": state.head, "up_to_date": state.up_to_date}
        typer.echo(json.dumps(told))
    elif state.up_to_date:
        typer.echo(f"The database is at {state.current}: up to date.")
    else:
        typer.echo(f"The database is at {state.current or 'no revision'}; newest is {state.head}.")
