"""``watchword keys list``: every key of the ring, and those that were revoked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from watchword.cli.composition import with_keys
from watchword.cli.listing import columns, duration, moment

if TYPE_CHECKING:
    from watchword.auth.key_manager import KeyReport

NONE_YET = "There are no signing keys yet: the first start of the service makes them."
HEADING = ("KEY ID", "ALGORITHM", "STATE", "SINCE", "AGE", "LAST SIGNED", "LAST VERIFIED", "VERIFIES FOR")


def list_keys(
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """List the signing keys, newest first, then those that were revoked: states, ages, last use.

    Running processes write down once a minute when they used which key.

    Example: watchword keys list
    """
    keys = with_keys(lambda manager: manager.list())
    if json_output:
        typer.echo(json.dumps({"keys": [_as_json(key) for key in keys]}))
        return
    for line in _lines(keys, datetime.now(UTC)):
        typer.echo(line)


def _as_json(key: KeyReport) -> dict[str, str | None]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state,
        "created_at": moment(key.created_at),
        "activated_at": moment(key.activated_at),
        "retired_at": moment(key.retired_at),
        "verify_until": moment(key.verify_until),
        "revoked_at": moment(key.revoked_at),
        "last_signed_at": moment(key.last_signed_at),
        "last_verified_at": moment(key.last_verified_at),
    }


def _lines(keys: Sequence[KeyReport], now: datetime) -> Iterator[str]:
    if not keys:
        yield NONE_YET
        return
    yield from columns([HEADING, *(_row(key, now) for key in keys)])


def _row(key: KeyReport, now: datetime) -> tuple[str | None, ...]:
    since = key.revoked_at or key.retired_at or key.activated_at or key.created_at
    until = key.verify_until
    return (
        key.kid,
        key.algorithm,
        key.state,
        duration(now - since),
        duration(now - key.created_at),
        _ago(key.last_signed_at, now),
        _ago(key.last_verified_at, now),
        None if until is None else duration(until - now),
    )


def _ago(time: datetime | None, now: datetime) -> str | None:
    return None if time is None else f"{duration(now - time)} ago"
