"""How long somebody should wait, rounded as people say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

_MINUTE: Final = 60
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Waiting:
    """A number of whole units, at least one."""

    number: int
    unit: Literal["second", "minute", "hour"]


def waiting_time(seconds: int) -> Waiting:
    """``Retry-After`` (RFC 9110 §10.2.3) rounded up, so that nobody comes back too early: to ten
    seconds, a minute or an hour."""
    if seconds <= _MINUTE - 10:
        return Waiting(max(10, _rounded_up(seconds, 10) * 10), "second")
    if seconds <= _HOUR - _MINUTE:
        return Waiting(_rounded_up(seconds, _MINUTE), "minute")
    return Waiting(_rounded_up(seconds, _HOUR), "hour")


def _rounded_up(seconds: int, unit: int) -> int:
    return -(-seconds // unit)
