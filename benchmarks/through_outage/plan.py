"""How long and how hard the service is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Phase = Literal["before", "outage", "after"]
Kind = Literal["api", "refresh", "sign_in"]
PHASES: Final[tuple[Phase, ...]] = ("before", "outage", "after")

MAX_P99_RATIO: Final = 1.2
MAX_RECOVERY_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Rates are a second, all of them at once. ``recheck_seconds`` is how often a session's provider is
    asked again: small enough that every session is due during the outage."""

    before_seconds: float = 20.0
    outage_seconds: float = 40.0
    after_seconds: float = 25.0
    api_per_second: float = 20.0
    sign_ins_per_second: float = 2.0
    refreshes_per_second: float = 2.0
    people: int = 20
    recheck_seconds: int = 5
    grace_seconds: int = 900
    workers: int = 1
    fault: str = "hang"
    database_url: str | None = None

    @property
    def total_seconds(self) -> float:
        return self.before_seconds + self.outage_seconds + self.after_seconds

    def seconds(self, phase: Phase) -> float:
        return {
            "before": self.before_seconds,
            "outage": self.outage_seconds,
            "after": self.after_seconds,
        }[phase]

    def rates(self) -> dict[Kind, float]:
        return {
            "api": self.api_per_second,
            "refresh": self.refreshes_per_second,
            "sign_in": self.sign_ins_per_second,
        }
