"""``watchword provider``: how identity providers do."""

from __future__ import annotations

import typer

from watchword.cli.provider_status import status

app = typer.Typer(
    help="Look at identity providers.\n\nExample: watchword provider status",
    no_args_is_help=True,
)
app.command(short_help="Say how each provider does, and whom it concerns.")(status)
