"""Small lies for the development provider to tell."""

from __future__ import annotations

from typing import Any

from watchword.dev_provider.behaviour import Change


def put(**changes: Any) -> Change:
    """With these members set."""
    return lambda given: {**given, **changes}


def drop(*names: str) -> Change:
    """Without these members."""
    return lambda given: {name: value for name, value in given.items() if name not in names}


def shift(**seconds: float) -> Change:
    """With these times set, in seconds from ``iat``."""
    return lambda claims: {**claims, **{name: claims["iat"] + each for name, each in seconds.items()}}


def always(value: Any) -> Change:
    """This, whatever it was."""
    return lambda _: value
