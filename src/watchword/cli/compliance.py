"""``watchword compliance``: evidence for those who judge a deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from watchword.cli.exit_codes import FAILED, MIGRATION_NEEDED
from watchword.cli.listing import harmless
from watchword.cli.new_files import write_files

if TYPE_CHECKING:
    from watchword.compliance.report import Report

HTML_NAME: Final = "compliance-report.html"
JSON_NAME: Final = "compliance-report.json"
_EXITS: Final = {"read": 0, "away": FAILED, "migration_needed": MIGRATION_NEEDED}

app = typer.Typer(
    help="Gather evidence for those who judge a deployment.\n\nExample: watchword compliance report",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Gather evidence for those who judge a deployment.

    Example: watchword compliance report
    """


@app.command(short_help="What is claimed, what shows it, who must judge it.")
def report(
    out: Annotated[
        Path | None,
        typer.Option(help=f"Write {HTML_NAME} and {JSON_NAME} into this folder, which only you can read."),
    ] = None,
    templates: Annotated[
        Path | None, typer.Option(help="The folder your app hands to Watchword(templates=).")
    ] = None,
    translations: Annotated[
        Path | None, typer.Option(help="The folder your app hands to Watchword(translations=).")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Replace reports that are there.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON, the report.")] = False,
) -> None:
    """Privacy, security, legal and accessibility: what is claimed, what shows it, and who must judge it.
    Nothing is changed, and no provider is asked. No person and no secret is in it.

    Exit code 0 also where something is open; 1 where the database is away, 3 where it is not migrated: the
    report says so, and has the rest.

    Example: watchword compliance report --out evidence
    """
    told = _gathered(templates, translations)
    as_json = json.dumps(told.as_json(), ensure_ascii=False)
    if out is not None:
        from watchword.compliance.rendering import as_html

        write_files(out, {HTML_NAME: as_html(told), JSON_NAME: as_json + "\n"}, replace=yes)
    if json_output:
        typer.echo(json.dumps(told.as_json()))
    else:
        for line in _summary(told, out):
            typer.echo(harmless(line))
    raise typer.Exit(_EXITS[told.database_state])


def _gathered(templates: Path | None, translations: Path | None) -> Report:
    """Raises ConfigurationError."""
    import asyncio

    from watchword.auth.clock import SystemClock
    from watchword.compliance.deployment import read_deployment
    from watchword.compliance.gathering import report
    from watchword.config.auth import Settings

    settings = Settings()
    here = read_deployment(settings, SystemClock(), templates=templates, translations=translations)
    return report(asyncio.run(here))


def _summary(told: Report, out: Path | None) -> Iterator[str]:
    for checkpoint in told.checkpoints:
        counts = ", ".join(f"{number} {state}" for state, number in checkpoint.states.items())
        yield f"{checkpoint.id:14} {counts}; to be judged by: {checkpoint.judge}"
    for item in told.not_met():
        yield f"{item.state:14} {item.id}: {item.evidence}"
    if told.database_says is not None:
        yield f"The database could not be read: {told.database_says}"
    if out is None:
        yield "This is no certificate. All of it: --out FOLDER, or --json"
    else:
        yield f"Written: {out / HTML_NAME} and {JSON_NAME}. This is no certificate."
