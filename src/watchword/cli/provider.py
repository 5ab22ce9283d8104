"""``watchword provider``: how identity providers do, and dropping what is held of them."""

from __future__ import annotations

import typer

from watchword.cli.provider_purge import purge
from watchword.cli.provider_status import status

app = typer.Typer(
    help="Look at identity providers, and drop what is held of them.\n\nExample: watchword provider status",
    no_args_is_help=True,
)
app.command(short_help="Say how each provider does, and whom it concerns.")(status)
app.command(short_help="Drop what every replica holds of a provider.")(purge)
