"""Everything ``watchword doctor`` looks at, in the order it is told."""

from __future__ import annotations

import asyncio

from watchword.auth.ports import Clock
from watchword.config.auth import Settings
from watchword.doctor.database_checks import database_findings
from watchword.doctor.finding import Finding
from watchword.doctor.provider_checks import ProviderExamination
from watchword.doctor.registration_checks import registration_findings
from watchword.doctor.service_checks import service_findings
from watchword.errors import ConfigurationError
from watchword.transport.provider_http import HttpxProviderHttp
from watchword.transport.tls import tls_context


async def examine(settings: Settings, clock: Clock, *, workers: int, offline: bool = False) -> list[Finding]:
    """Settings, database, then every provider, all at once; ``offline`` asks no provider."""
    found = [*service_findings(settings, workers=workers), *await database_findings(settings)]
    asked = await asyncio.gather(
        *(_provider(settings, provider_id, clock, offline=offline) for provider_id in settings.providers)
    )
    return [*found, *(finding for findings in asked for finding in findings)]


async def _provider(settings: Settings, provider_id: str, clock: Clock, *, offline: bool) -> list[Finding]:
    found = list(registration_findings(settings, provider_id))
    try:
        context = tls_context(settings.providers[provider_id].ca_file, provider_id=provider_id)
    except ConfigurationError as error:
        fix = "name a file with the authority's certificates in PEM"
        return [*found, Finding("fault", provider_id, "ca_file", "; ".join(error.problems), fix)]
    if offline:
        return found
    http = HttpxProviderHttp(ssl_context=context)
    try:
        return [*found, *await ProviderExamination(settings, provider_id, http, clock).findings()]
    finally:
        await http.close()
