"""How a provider does, as seen from this process: for pages, readiness and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

EndpointKind = Literal["discovery", "jwks", "token", "userinfo", "par"]
BreakerState = Literal["closed", "half_open", "open"]
CallOutcome = Literal["answered", "failed", "not_sent", "cut_short"]
"""``cut_short`` are calls that were given up here, by their caller or for lack of time."""


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """One endpoint. ``retry_after_seconds`` is when the next call is let through, None while calls
    are; ``failures`` counts those in a row; ``last_fault`` is the code of the latest."""

    state: BreakerState
    retry_after_seconds: int | None
    failures: int
    last_fault: str | None


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """One provider. ``state`` is the worst of its endpoints; ``calls`` and ``transitions`` count since
    the start of the process; the ages are of what is cached, in seconds, None where nothing is.
    ``clock_skew_seconds`` is how far its clock was ahead of ours in its latest token response that
    had a date."""

    provider_id: str
    display_name: str
    state: BreakerState
    endpoints: Mapping[EndpointKind, EndpointHealth]
    calls: Mapping[tuple[EndpointKind, CallOutcome], int]
    transitions: Mapping[tuple[EndpointKind, BreakerState], int]
    metadata_age_seconds: float | None
    keys_age_seconds: float | None
    clock_skew_seconds: int | None = None

    @property
    def answering(self) -> bool:
        """Whether it makes sense to send people there: no endpoint that a sign-in cannot do without
        is left alone for its failures."""
        return all(kind == "userinfo" or each.state != "open" for kind, each in self.endpoints.items())
