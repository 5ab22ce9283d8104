"""``watchword doctor``: each misconfiguration by name, with its fix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from watchword.cli.exit_codes import FAILED
from watchword.cli.listing import harmless

if TYPE_CHECKING:
    from watchword.doctor.finding import Finding


def doctor(
    workers: Annotated[
        int,
        typer.Option(min=1, max=64, envvar="WEB_CONCURRENCY", help="Number of processes that will serve."),
    ] = 1,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no provider.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Look at settings, database and every configured provider, and say what is wrong and how to
    put it right. Nothing is changed. Each provider gets one token request with a made-up code.

    Exit code 0 with warnings, 1 with faults.

    Example: watchword doctor
    """
    found = _found(workers, offline=offline)
    faults, warnings = (sum(each.level == level for each in found) for level in ("fault", "warning"))
    if json_output:
        told = [dict(each.as_json()) for each in found]
        typer.echo(json.dumps({"faults": faults, "warnings": warnings, "findings": told}))
    else:
        for each in found:
            typer.echo(_line(each))
        typer.echo(f"Faults: {faults}, warnings: {warnings}")
    if faults:
        raise typer.Exit(FAILED)


def _found(workers: int, *, offline: bool) -> Sequence[Finding]:
    import asyncio

    from watchword.auth.clock import SystemClock
    from watchword.config.auth import Settings
    from watchword.doctor.examination import examine
    from watchword.doctor.finding import SERVICE, Finding
    from watchword.errors import ConfigurationError

    try:
        settings = Settings()
    except ConfigurationError as error:
        return [Finding("fault", SERVICE, "settings", problem) for problem in error.problems]
    return asyncio.run(examine(settings, SystemClock(), workers=workers, offline=offline))


def _line(finding: Finding) -> str:
    fix = f" -- {finding.fix}" if finding.fix else ""
    return harmless(f"{finding.level:8} {finding.about}  {finding.check}: {finding.text}{fix}")
