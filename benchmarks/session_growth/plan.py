"""How many sessions, for how long, and what is hoped for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Part = Literal["rates", "growth", "cleanup", "sqlite", "sign-in"]
PARTS: Final[tuple[Part, ...]] = ("rates", "growth", "cleanup", "sqlite", "sign-in")

MIN_RATE_RATIO: Final = 0.70
MAX_GROWTH: Final = 1.25
MAX_CLEANUP_RATIO: Final = 2.0
MAX_SIGN_IN_MS: Final = 3.0

SESSIONS_EACH: Final = 16
"""Sessions that one client rotates in turn, at most."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``sizes`` are sessions in a database, ascending. Blocks last ``seconds`` (those of pgbench at least
    one), and there are ``pairs`` of each kind; in the blocks of the cleanup, ``cleaning_seconds`` long, so
    many refreshes a second are due."""

    sizes: tuple[int, ...] = (10_000, 1_000_000)
    clients: int = 8
    seconds: float = 3.0
    pairs: int = 5
    expired: int = 1_000_000
    cleaning_seconds: float = 15.0
    cleaning_pairs: int = 3
    refreshes_per_second: float = 50.0
    sign_ins: int = 200
    parts: tuple[Part, ...] = PARTS

    @property
    def refreshes_in_a_block(self) -> int:
        """Of the cleanup part."""
        return max(1, round(self.refreshes_per_second * self.cleaning_seconds))
