"""``watchword provider purge``: what every replica holds of a provider is dropped."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Annotated

import typer

from watchword.cli.composition import with_database

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watchword.auth.provider_purge import PurgeTarget


def purge(
    provider_id: Annotated[str, typer.Argument(metavar="ID", help="As in WATCHWORD_PROVIDERS__<ID>__….")],
    keys: Annotated[bool, typer.Option("--keys", help="Only its signing keys.")] = False,
    metadata: Annotated[bool, typer.Option("--metadata", help="Only its metadata.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Really drop them.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Drop what every replica holds of a provider: its signing keys, its metadata, its access tokens
    that were verified. For when a key of the provider's was stolen and it has withdrawn it.

    Running replicas do so within seconds and ask the provider anew. While it does not answer, nobody
    signs in with it and its access tokens are 503. Sessions and tokens of ours go on.

    Example: watchword provider purge main --yes
    """
    from watchword.config.auth import Settings

    providers = Settings().providers
    if provider_id not in providers:
        raise typer.BadParameter(_no_such_provider(provider_id, providers), param_hint="ID")
    if not yes:
        raise typer.BadParameter(
            "while the provider is down nobody can sign in with it after that; say --yes if that is meant",
            param_hint="--yes",
        )
    wanted: dict[PurgeTarget, bool] = {"keys": keys, "metadata": metadata}
    targets = tuple(each for each, asked in wanted.items() if asked or not any(wanted.values()))
    _purge(provider_id, providers[provider_id].issuer, targets)
    if json_output:
        typer.echo(json.dumps({"provider": provider_id, "purged": targets}))
    else:
        typer.echo(f"Running replicas drop of {provider_id}: {', '.join(targets)}")


def _purge(provider_id: str, issuer: str, targets: tuple[PurgeTarget, ...]) -> None:
    from watchword.auth.clock import SystemClock
    from watchword.auth.provider_purge import Purge
    from watchword.storage.provider_purges import SqlPurgeStore

    told = Purge(provider_id, issuer, targets, at=SystemClock().now(), by="cli")
    with_database(lambda database: SqlPurgeStore(database.transactions).add(told))


def _no_such_provider(given: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(given, names, n=1)
    said = f"; did you mean {near[0]}?" if near else f"; configured: {', '.join(names) or 'none'}"
    return f"there is no provider {given!r}{said}"
