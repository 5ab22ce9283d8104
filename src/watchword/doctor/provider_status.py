"""How the providers do right now: as the running service sees them, from here, and by their sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from watchword.auth.deadline import operation
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.ports import Clock
from watchword.auth.provider_health import BreakerState
from watchword.auth.session_count_ports import SessionCount
from watchword.config.auth import Settings
from watchword.doctor.readiness import breaker_states
from watchword.errors import WatchwordError
from watchword.migrations.runner import require_up_to_date
from watchword.storage.database import open_database
from watchword.transport.provider_http import HttpxProviderHttp
from watchword.transport.tls import tls_context


@dataclass(frozen=True, slots=True)
class Look:
    """Whether a document could be had from this machine; ``wanted`` is False where there is none."""

    fault: str | None = None
    wanted: bool = True


NOTHING: Final = Look(wanted=False)


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """One provider. ``state`` is None where the service does not say it, ``sessions`` where the database
    does not; ``issuer`` is None for one that is not in the settings here, but has sessions or is known to the
    service."""

    provider_id: str
    issuer: str | None
    state: BreakerState | None
    discovery: Look
    keys: Look
    sessions: SessionCount | None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """``service_fault`` says why the running service told nothing, ``database_error`` the same of the
    database; both None where they answered."""

    providers: Sequence[ProviderStatus]
    service_fault: str | None
    database_error: WatchwordError | None


async def provider_status(settings: Settings, clock: Clock, *, only: str | None = None) -> StatusReport:
    """Everything at once: the service for two seconds at most, each provider for five. With ``only``
    that provider, or none where nobody knows it."""
    asked = [each for each in settings.providers if only in (None, each)]
    (states, service_fault), (sessions, database_error), looks = await asyncio.gather(
        breaker_states(settings.base_url),
        _sessions(settings, clock),
        asyncio.gather(*(_look(settings, provider_id, clock) for provider_id in asked)),
    )
    found = [
        ProviderStatus(
            provider_id,
            settings.providers[provider_id].issuer,
            states.get(provider_id),
            discovery,
            keys,
            None if sessions is None else sessions.get(provider_id, SessionCount()),
        )
        for provider_id, (discovery, keys) in zip(asked, looks, strict=True)
    ]
    found += [
        ProviderStatus(
            each,
            None,
            states.get(each),
            NOTHING,
            NOTHING,
            None if sessions is None else sessions.get(each, SessionCount()),
        )
        for each in sorted({*(sessions or {}), *states} - set(settings.providers))
        if only in (None, each)
    ]
    return StatusReport(found, service_fault, database_error)


async def _sessions(
    settings: Settings, clock: Clock
) -> tuple[Mapping[str, SessionCount] | None, WatchwordError | None]:
    try:
        await require_up_to_date(settings.database_url)
        database = open_database(settings.database_url)
    except WatchwordError as error:
        return None, error
    try:
        return await database.session_counts.by_provider(now=clock.now()), None
    except WatchwordError as error:
        return None, error
    finally:
        await database.close()


async def _look(settings: Settings, provider_id: str, clock: Clock) -> tuple[Look, Look]:
    """Metadata and keys, fetched as the service fetches them."""
    provider = settings.providers[provider_id]
    try:
        context = tls_context(provider.ca_file, provider_id=provider_id)
    except WatchwordError as error:
        return Look(error.detail), Look(error.detail)
    http = HttpxProviderHttp(ssl_context=context)
    client = OAuthClient(
        provider_id,
        provider,
        http=http,
        clock=clock,
        redirect_uri=settings.redirect_uri(provider_id),
        leeway_seconds=settings.clock_leeway_seconds,
        allow_loopback_http=settings.environment != "production",
    )
    try:
        with operation():
            return await _documents(client, known=provider.preset == "github" and not provider.metadata_url)
    finally:
        await http.close()


async def _documents(client: OAuthClient, *, known: bool) -> tuple[Look, Look]:
    """``known`` metadata need not be fetched, and a provider that signs nothing has no keys."""
    try:
        metadata = await client.metadata()
    except WatchwordError as error:
        return Look(error.detail), Look("its metadata, which say where they are, could not be had")
    discovery = NOTHING if known else Look()
    if not metadata.jwks_uri:
        return discovery, NOTHING
    try:
        await client.keys.current(metadata.jwks_uri, "provider")
    except WatchwordError as error:
        return discovery, Look(error.detail)
    return discovery, Look()
