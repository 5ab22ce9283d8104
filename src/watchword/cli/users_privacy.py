"""``watchword users export`` and ``erase``: the rights of people, served by an operator."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from watchword.cli.composition import with_privacy
from watchword.cli.exit_codes import FAILED

UserId = Annotated[UUID, typer.Argument(metavar="USER_ID", help="The user_id that GET /auth/me shows.")]
_OWNER_ONLY = 0o600


def export(
    user_id: UserId,
    output: Annotated[
        Path | None, typer.Option(help="Write to this new file, which only you can read; default: print.")
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="As with other commands; it is always JSON, with this on one line.")
    ] = False,
) -> None:
    """Everything that is held about one person, as JSON: what they get from their account page.

    Example: watchword users export 019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6 --output alice.json
    """
    told = with_privacy(lambda privacy: privacy.export(user_id))
    text = json.dumps(told, ensure_ascii=json_output, indent=None if json_output else 2)
    if output is None:
        typer.echo(text)
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as fault:
        typer.echo(f"Error: {output} cannot be written: {fault.strerror}", err=True)
        raise typer.Exit(FAILED) from None


def erase(
    user_id: UserId,
    yes: Annotated[bool, typer.Option("--yes", help="Really erase this person for good.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Erase a person: all that names them goes, all their sessions end, and they stay refused. It cannot
    be undone.

    Example: watchword users erase 019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6 --yes
    """
    if not yes:
        raise typer.BadParameter(
            "it cannot be undone, and the person cannot come back; say --yes if that is meant",
            param_hint="--yes",
        )
    erased = with_privacy(lambda privacy: privacy.erase(user_id), seals=True)
    if json_output:
        told = {"user_id": str(user_id), "erased": True, "already": erased.already}
        typer.echo(json.dumps(told | {"sessions_ended": len(erased.sessions)}))
    elif erased.already:
        typer.echo(f"{user_id} was erased before")
    else:
        typer.echo(f"{user_id} is erased; sessions ended: {len(erased.sessions)}")
