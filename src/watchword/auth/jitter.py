"""Drawn times, so that processes that failed together do not come back together."""

from __future__ import annotations

from secrets import SystemRandom
from typing import Final

_SOURCE: Final = SystemRandom()


def between(low: float, high: float) -> float:
    """A number from ``low`` to ``high``, each as likely as the others."""
    return _SOURCE.uniform(low, high)


def jitter() -> float:
    """A number from -1 to 1: how far to stray."""
    return between(-1, 1)
