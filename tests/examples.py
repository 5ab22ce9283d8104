"""How many examples a property is tried on: a quarter in `make test`, five times as many in `make soak`."""

from __future__ import annotations

import os

_IN_SOAK = "SOAK_SECONDS" in os.environ


def examples(number: int) -> int:
    """``number`` is what convinces; the suite takes the same few each time, `make soak` looks further."""
    return number * 5 if _IN_SOAK else max(number // 4, 10)
