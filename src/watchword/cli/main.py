"""``watchword``: every command, and how errors become exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from watchword.cli import audit, compliance, db, keys, provider, secrets, sessions, token, users, versions
from watchword.cli.demo import demo
from watchword.cli.dev_provider import dev_provider
from watchword.cli.doctor import doctor
from watchword.cli.exit_codes import exit_code
from watchword.cli.init import init
from watchword.cli.routes import routes
from watchword.cli.serve import serve
from watchword.errors import WatchwordError

app = typer.Typer(
    name="watchword",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(db.app, name="db")
app.add_typer(users.app, name="users", short_help="Look after accounts: roles, status, export, erasure.")
app.add_typer(sessions.app, name="sessions")
app.add_typer(keys.app, name="keys")
app.add_typer(secrets.app, name="secrets")
app.add_typer(versions.app, name="versions")
app.add_typer(provider.app, name="provider")
app.add_typer(compliance.app, name="compliance")
app.add_typer(audit.app, name="audit")
app.add_typer(token.app, name="token")
app.command("demo", short_help="Run the example API, offline.")(demo)
app.command("serve", short_help="Run watchword beside an app.")(serve)
app.command("init", short_help="Begin a project: settings, an app, its test.")(init)
app.command("doctor", short_help="Say what is misconfigured, and how to put it right.")(doctor)
app.command("routes", short_help="List an app's routes and how each is protected.")(routes)
app.command("dev-provider", short_help="Run an identity provider for development.")(dev_provider)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"watchword {version('watchword')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The authentication layer of a Python API service.

    Example: watchword demo
    """


def run() -> None:
    """The console script: an expected error is one message and an exit code, never a traceback."""
    try:
        app()
    except WatchwordError as error:
        typer.echo(f"Error: {error.detail}", err=True)
        sys.exit(exit_code(error))
