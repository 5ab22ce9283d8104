"""``watchword keys``: look at the signing keys, rotate them, and end every token of some of them."""

from __future__ import annotations

import typer

from watchword.cli.keys_list import list_keys
from watchword.cli.keys_revoke import revoke
from watchword.cli.keys_rotate import rotate

app = typer.Typer(
    help="Look at the signing keys, rotate them, and revoke them.\n\nExample: watchword keys list",
    no_args_is_help=True,
)
app.command("list", short_help="List signing keys: states, ages, last use.")(list_keys)
app.command(short_help="Let the next key sign.")(rotate)
app.command(
    short_help="End every token of some keys, or of all.", context_settings={"ignore_unknown_options": True}
)(revoke)
