"""``watchword sessions prune``: what a running service takes away every few minutes, by hand or from cron."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from watchword.cli.composition import with_database
from watchword.cli.exit_codes import FAILED
from watchword.cli.listing import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watchword.auth.cleanup import Cleaned
    from watchword.auth.cleanup_ports import CleanedTable
    from watchword.storage.database import SqlDatabase

    Told = Callable[[Mapping[CleanedTable, int]], None]


def prune(
    yes: Annotated[
        bool, typer.Option("--yes", help="As with other commands; not needed, nothing usable goes.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Take away what has expired and nobody needs any more: sessions, codes, single-use values, entries
    of the revocation feed, old records. Nobody is signed out by it.

    Works beside a running service, in small parts that hold nobody up. While another process is at it,
    that one goes on with the rest and this command ends with 1.

    Example: watchword sessions prune
    """
    with _progress(shown=sys.stderr.isatty() and not json_output) as told:
        cleaned = with_database(lambda database: _run(database, told))
    if json_output:
        typer.echo(json.dumps({"pruned": cleaned.gone, "finished": cleaned.finished}))
    else:
        rows = [(table, str(number)) for table, number in cleaned.gone.items()]
        for line in columns([("TABLE", "ROWS GONE"), *rows]):
            typer.echo(line)
    if not cleaned.finished:
        typer.echo("Error: another process is cleaning up, and goes on with the rest", err=True)
        raise typer.Exit(FAILED)


async def _run(database: SqlDatabase, told: Told) -> Cleaned:
    from watchword.auth.cleanup import Cleanup
    from watchword.auth.clock import SystemClock
    from watchword.config.auth import Settings

    settings = Settings()
    cleanup = Cleanup(
        database.cleanup,
        database.version_usage,
        SystemClock(),
        tokens_live_seconds=settings.longest_access_token_seconds,
        retention_days=settings.privacy.retention_days,
    )
    return await cleanup.run(whole=True, on_batch=told)


@contextmanager
def _progress(*, shown: bool) -> Iterator[Told]:
    """A line on a terminal that says what went so far; nothing anywhere else."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Looking for expired rows") as status:

        def tell(gone: Mapping[CleanedTable, int]) -> None:
            numbers = ", ".join(f"{table} {number:,}" for table, number in gone.items() if number)
            status.update(f"Rows gone: {numbers or 'none yet'}")

        yield tell
