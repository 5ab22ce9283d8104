"""A replica's provider brought down and up again, without a request."""

from __future__ import annotations

from tests.flows.conftest import Service
from watchword.auth.provider_health import EndpointKind
from watchword.errors import ProviderUnavailable

TO_OPEN = 5
"""Failures in a row that open a breaker."""


def fail(
    service: Service, kind: EndpointKind = "token", *, times: int = TO_OPEN, provider: str = "dev"
) -> None:
    """Let calls of one kind fail, as an outage does."""

    async def no_answer() -> None:
        raise ProviderUnavailable("https://id.example.test/token?code=canary-query: nobody answers")

    async def call() -> None:
        guard = (await service.auth.services()).providers[provider].guard
        for _ in range(times):
            try:
                await guard.run(kind, no_answer)
            except ProviderUnavailable:
                continue

    service.call(call)


def answer(service: Service, kind: EndpointKind = "token", *, times: int = 1, provider: str = "dev") -> None:
    """Let calls of one kind succeed; two probes close a breaker."""

    async def well() -> None:
        return None

    async def call() -> None:
        guard = (await service.auth.services()).providers[provider].guard
        for _ in range(times):
            await guard.run(kind, well)

    service.call(call)
