"""How long somebody should wait, as people say it."""

from __future__ import annotations

from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 3600


def waiting_time(seconds: int) -> str:
    """``Retry-After`` (RFC 9110 §10.2.3) in words, rounded up so that nobody comes back too early:
    ``10 seconds``, ``1 minute``, ``2 minutes``, ``1 hour``."""
    if seconds <= _MINUTE - 10:
        return f"{max(10, _rounded_up(seconds, 10) * 10)} seconds"
    if seconds <= _HOUR - _MINUTE:
        return _counted(_rounded_up(seconds, _MINUTE), "minute")
    return _counted(_rounded_up(seconds, _HOUR), "hour")


def _rounded_up(seconds: int, unit: int) -> int:
    return -(-seconds // unit)


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
