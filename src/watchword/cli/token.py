"""``watchword token``: look into a token."""

from __future__ import annotations

import typer

from watchword.cli.token_inspect import inspect

app = typer.Typer(
    help="Look into a token.\n\nExample: watchword token inspect < token.txt", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """A command group, although it has one command so far."""


app.command(short_help="Say what a token is, and what would be answered to it.")(inspect)
