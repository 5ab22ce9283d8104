"""``watchword secrets``: what is sealed under the secret key."""

from __future__ import annotations

import typer

from watchword.cli.secrets_rotate import rotate

app = typer.Typer(
    help="Look after what is sealed under WATCHWORD_SECRET_KEY.\n\nExample: watchword secrets rotate",
    no_args_is_help=True,
)


@app.callback()
def secrets() -> None:
    """Look after what is sealed under WATCHWORD_SECRET_KEY.

    Example: watchword secrets rotate
    """


app.command(short_help="Seal anew, under the current secret key, what lasts.")(rotate)
