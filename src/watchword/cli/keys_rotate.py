"""``watchword keys rotate``: the next key signs, and another is announced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from watchword.cli.composition import with_keys
from watchword.cli.exit_codes import FAILED
from watchword.cli.keys_list import NONE_YET

if TYPE_CHECKING:
    from watchword.auth.key_manager import KeyManager, Rotated


def rotate(
    now: Annotated[
        bool, typer.Option("--now", help="Also before readers of the key set can know the next key.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="As with other commands; not needed, no token ends.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Let the next key sign and announce another. Tokens of the key that signed before stay valid until
    they expire, and running processes take part within seconds.

    A service rotates by itself. Too soon after the last change it is exit code 1: whoever reads the key
    set elsewhere may hold one without the next key for 300 seconds, and would refuse its tokens. With
    --now that is accepted.

    Example: watchword keys rotate
    """
    from watchword.errors import RotationTooSoon
    from watchword.protocol.key_ring import READER_CACHE_SECONDS

    elsewhere = (
        f"whoever reads the key set elsewhere may refuse new tokens for {READER_CACHE_SECONDS} seconds"
    )
    try:
        rotated = with_keys(lambda manager: _rotate(manager, at_once=now))
    except RotationTooSoon as error:
        typer.echo(f"Error: {error.detail}, with --now: then {elsewhere}", err=True)
        raise typer.Exit(FAILED) from None
    if rotated is None:
        typer.echo(f"Error: {NONE_YET}", err=True)
        raise typer.Exit(FAILED)
    if json_output:
        typer.echo(
            json.dumps({"active": rotated.active, "next": rotated.next, "retired": rotated.retired or None})
        )
        return
    typer.echo(f"Signs now:  {rotated.active}")
    typer.echo(f"Signs next: {rotated.next}")
    if rotated.retired:
        typer.echo(f"Retired:    {rotated.retired}; its tokens stay valid until they expire")
    if now:
        typer.echo(f"Where they did not know the key yet, {elsewhere}.")


async def _rotate(manager: KeyManager, *, at_once: bool) -> Rotated | None:
    return await manager.rotate(at_once=at_once) if await manager.list() else None
