"""What is measured, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Way = Literal["announced", "polled", "pooled"]
Ending = Literal["logout", "everywhere", "revoked", "disabled", "role"]
WAYS: Final[tuple[Way, ...]] = ("announced", "polled", "pooled")
ENDINGS: Final[tuple[Ending, ...]] = ("logout", "everywhere", "revoked", "disabled", "role")
WAYS_IN_WORDS: Final[dict[Way, str]] = {
    "announced": "with LISTEN",
    "polled": "polling alone",
    "pooled": "through PgBouncer",
}
ENDINGS_IN_WORDS: Final[dict[Ending, str]] = {
    "logout": "logout",
    "everywhere": "log out everywhere",
    "revoked": "`sessions revoke`",
    "disabled": "account disabled",
    "role": "role taken away",
}
MAX_ANNOUNCED_P99_SECONDS: Final = 0.05
MAX_OTHER_SECONDS: Final = 5.0
MAX_STATEMENTS_A_REQUEST: Final = 0.01
"""Not zero: a process also counts versions and cleans up, now and then."""
GIVE_UP_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """``times`` is how many endings of each kind, ``requests`` for how many authenticated requests the
    database's statements are counted."""

    times: int = 200
    requests: int = 2000
    ways: tuple[Way, ...] = WAYS
