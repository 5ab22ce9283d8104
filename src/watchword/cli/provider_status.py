"""``watchword provider status``: how every provider does, and whom it concerns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchword.cli.exit_codes import exit_code
from watchword.cli.listing import columns, harmless

if TYPE_CHECKING:
    from watchword.config.auth import Settings
    from watchword.doctor.provider_status import Look, ProviderStatus, StatusReport

_HEADING = ("PROVIDER", "STATE", "METADATA", "KEYS", "LIVE", "DEGRADED", "UNCHECKED", "ISSUER")


def status(
    provider_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Only this provider.", show_default=False)
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Say how each provider does: as the service at WATCHWORD_BASE_URL sees it, whether its metadata
    and keys can be had from here right now, and how many sessions are live, how many of them
    degraded, and how many unchecked, which it cannot be asked about again.

    A provider or a service that is down is told, and is exit code 0. Without the database the rest
    is told, and the exit code is 1, or 3 where it must be migrated.

    Example: watchword provider status dev
    """
    import asyncio

    from watchword.auth.clock import SystemClock
    from watchword.config.auth import Settings
    from watchword.doctor.provider_status import provider_status

    settings = Settings()
    report = asyncio.run(provider_status(settings, SystemClock(), only=provider_id))
    if provider_id is not None and not report.providers:
        known = ", ".join(settings.providers) or "none"
        raise typer.BadParameter(f"no such provider; configured: {known}", param_hint="ID")
    if json_output:
        typer.echo(json.dumps(_as_json(settings, report)))
    else:
        _show(report)
    if report.database_error is not None:
        typer.echo(harmless(f"Error: {report.database_error.detail}"), err=True)
        raise typer.Exit(exit_code(report.database_error))


def _show(report: StatusReport) -> None:
    if report.providers:
        reached = report.service_fault is None
        for line in columns([_HEADING, *(_row(each, reached=reached) for each in report.providers)]):
            typer.echo(line)
    else:
        typer.echo("No provider is configured.")
    for each in report.providers:
        for what, look in (("metadata", each.discovery), ("keys", each.keys)):
            if look.fault is not None:
                typer.echo(harmless(f"{each.provider_id}: {what}: {look.fault}"))
    if report.service_fault is not None:
        typer.echo(harmless(f"The running service says nothing: {report.service_fault}"))


def _row(each: ProviderStatus, *, reached: bool) -> list[str | None]:
    state: str | None = each.state
    if state is None and each.issuer is not None:
        state = "unknown" if reached else "not reachable"
    count = each.sessions
    counted = ["?"] * 3 if count is None else [str(n) for n in (count.live, count.degraded, count.unchecked)]
    return [each.provider_id, state, _word(each.discovery), _word(each.keys), *counted, each.issuer]


def _word(look: Look) -> str | None:
    if not look.wanted:
        return None
    return "ok" if look.fault is None else "failed"


def _as_json(settings: Settings, report: StatusReport) -> dict[str, Any]:
    error = report.database_error
    return {
        "service": {
            "url": settings.base_url,
            "reachable": report.service_fault is None,
            "error": report.service_fault,
        },
        "database": {"reachable": error is None, "error": None if error is None else error.detail},
        "providers": [_provider(each) for each in report.providers],
    }


def _provider(each: ProviderStatus) -> dict[str, Any]:
    count = each.sessions
    return {
        "id": each.provider_id,
        "issuer": each.issuer,
        "state": each.state,
        "metadata": _look(each.discovery),
        "keys": _look(each.keys),
        "sessions": None
        if count is None
        else {"live": count.live, "degraded": count.degraded, "unchecked": count.unchecked},
    }


def _look(look: Look) -> dict[str, Any] | None:
    return {"ok": look.fault is None, "error": look.fault} if look.wanted else None
