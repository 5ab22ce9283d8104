"""``watchword keys revoke``: every token of some keys ends, and another key signs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from watchword.cli.composition import with_keys
from watchword.cli.exit_codes import FAILED
from watchword.cli.keys_list import NONE_YET

if TYPE_CHECKING:
    from watchword.auth.key_manager import KeyManager, RevokedKeys

REACH_SECONDS = 5
"""Within which every replica refuses tokens of a revoked key, while the database answers."""
_KID_CHARACTERS = 43
"""Of a thumbprint (RFC 7638) with SHA-256, in base64url: it may begin like an option."""


def revoke(
    kids: Annotated[
        list[str] | None, typer.Argument(metavar="KEY_ID", help="As keys list shows them.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every key of the ring.")] = False,
    secret_key_lost: Annotated[
        bool,
        typer.Option(
            "--secret-key-lost",
            help="With --all: the keys cannot be opened, their WATCHWORD_SECRET_KEY is gone for good.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Really end their tokens.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """End every access token that these keys signed, within 5 seconds on every process of the service, and
    sign with another key at once. Sessions stay: whoever has a refresh token gets a new access token.

    Readers of the key set elsewhere go on for up to 300 seconds. A key that was revoked before is no
    error, an unknown one is, and then nothing is done. Ids are given whole. Exit code 1 with the keys
    revoked means that the new ring could not be written yet; the message says what to do.

    Example: watchword keys revoke --all --yes
    """
    chosen = kids or []
    for kid in chosen:
        if kid.startswith("--") and len(kid) != _KID_CHARACTERS:
            raise typer.BadParameter(f"there is no option {kid}")
    if bool(chosen) == every:
        raise typer.BadParameter("name key ids, or --all, one of them")
    if secret_key_lost and not every:
        raise typer.BadParameter("goes with --all", param_hint="--secret-key-lost")
    if not yes:
        raise typer.BadParameter(
            "every access token of these keys ends; say --yes if that is meant", param_hint="--yes"
        )
    revoked = with_keys(
        lambda manager: _revoke(manager, None if every else chosen), secret_key_lost=secret_key_lost
    )
    if revoked is None:
        typer.echo(f"Error: {NONE_YET}", err=True)
        raise typer.Exit(FAILED)
    _tell(revoked, [kid for kid in chosen if kid not in revoked.revoked], json_output=json_output)


async def _revoke(manager: KeyManager, kids: Collection[str] | None) -> RevokedKeys | None:
    return await manager.revoke(kids) if await manager.list() else None


def _tell(revoked: RevokedKeys, before: list[str], *, json_output: bool) -> None:
    if json_output:
        told = {
            "revoked": list(revoked.revoked),
            "revoked_before": before,
            "active": revoked.active,
            "pending": revoked.pending,
        }
        typer.echo(json.dumps(told))
    else:
        for line in _lines(revoked, before):
            typer.echo(line)
    if revoked.pending is not None:
        typer.echo(f"Error: {_what_is_left(revoked)}", err=True)
        raise typer.Exit(FAILED)


def _lines(revoked: RevokedKeys, before: list[str]) -> Iterator[str]:
    from watchword.protocol.key_ring import READER_CACHE_SECONDS

    for kid in revoked.revoked:
        yield f"Revoked:        {kid}"
    for kid in before:
        yield f"Revoked before: {kid}"
    yield f"Signs now:      {revoked.active or 'none'}"
    if revoked.revoked:
        yield f"Every process of this service refuses tokens of revoked keys within {REACH_SECONDS} seconds."
        yield f"Readers of the key set elsewhere accept them for up to {READER_CACHE_SECONDS} seconds more."


def _what_is_left(revoked: RevokedKeys) -> str:
    goes_on = (
        "No key is left to sign with, so sign-ins and refreshes fail until then."
        if revoked.active is None
        else "The announced key signs meanwhile."
    )
    return (
        f"the keys are revoked, but the new ring could not be written: {revoked.pending}. {goes_on} Put that "
        "right; then a running process writes it by itself, or run this command again"
    )
