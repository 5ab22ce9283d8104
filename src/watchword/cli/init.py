"""``watchword init``: settings, a first app and its test, in a folder of your own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchword.cli.exit_codes import FAILED

if TYPE_CHECKING:
    from watchword.cli.starter import Provider

PRESETS = ("oidc", "auth0", "okta", "cognito", "entra", "google", "keycloak", "github")


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the files go; made where it is missing.")
    ] = Path(),
    preset: Annotated[
        str | None,
        typer.Option("--provider", help="A preset: " + ", ".join(PRESETS) + "; default: for development."),
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="The provider's issuer, letter for letter.")] = None,
    client_id: Annotated[str | None, typer.Option(help="Your client id there.")] = None,
    tenant: Annotated[
        list[str] | None,
        typer.Option(help="Of Entra's shared issuers: the id of a tenant that may sign in; repeatable."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Begin a project: watchword.toml, main.py with a protected route, and test_main.py. Files that are
    there already are left as they are; where watchword.toml is one of them, nothing is written.

    Example: watchword init --provider auth0 --issuer https://example.eu.auth0.com/ --client-id Q3x...
    """
    from watchword.cli.starter import SETTINGS_FILE, chosen, files

    provider = chosen(preset, issuer, client_id, tenant or ())
    settings = folder / SETTINGS_FILE
    if os.path.lexists(settings):
        typer.echo(f"Error: {settings} is there already; change it, or name another folder.", err=True)
        raise typer.Exit(FAILED)
    made: list[str] = []
    kept: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files(provider):
            (made if _written(folder / name, content) else kept).append(name)
    except OSError as fault:
        typer.echo(f"Error: {fault.filename or folder} cannot be written: {fault.strerror}", err=True)
        raise typer.Exit(FAILED) from None
    steps = list(_next_steps(folder, provider))
    if json_output:
        typer.echo(json.dumps({"folder": str(folder), "made": made, "kept": kept, "next": steps}))
        return
    typer.echo(f"Made {', '.join(made)}")
    if kept:
        typer.echo(f"Left as they were: {', '.join(kept)}")
    typer.echo("\nNext:\n")
    for step in steps:
        typer.echo(f"  {step}")


def _written(file: Path, content: str) -> bool:
    """Write a file that is not there yet. One that cannot be written whole is not left behind."""
    try:
        opened = file.open("x", encoding="utf-8")
    except FileExistsError:
        return False
    try:
        with opened:
            opened.write(content)
    except OSError:
        file.unlink(missing_ok=True)
        raise
    return True


def _next_steps(folder: Path, provider: Provider) -> Iterator[str]:
    """Commands in order; what is no command is a comment."""
    import shlex

    if folder != Path():
        yield f"cd {shlex.quote(str(folder))}"
    if provider.secret_variable is None:
        yield "watchword dev-provider  # leave it running, and go on in another terminal"
    else:
        yield "# At the provider, register http://127.0.0.1:8000/auth/callback/main as redirect URI."
        yield f"export {provider.secret_variable}=...  # the client's secret"
    yield "watchword db upgrade"
    if provider.secret_variable is not None:
        yield "watchword doctor  # asks the provider, and says what is wrong"
    yield "uvicorn --factory main:create_app"
    yield "# Open http://127.0.0.1:8000/auth/login"
