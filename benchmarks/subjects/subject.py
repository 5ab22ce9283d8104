"""One way to guard a route, as the benchmark's server runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import FastAPI

HELLO = {"hello": "world"}
"""What every route of every subject answers."""

BARE_PATH = "/bare"
GUARDED_PATH = "/gate"
"""As long as the bare one, so that both requests have the same number of bytes."""

ISSUER = "https://issuer.benchmark.invalid/"
AUDIENCE = "https://api.benchmark.invalid"
LIFE_SECONDS = 6 * 3600
"""Of every token: longer than any run."""


@dataclass(frozen=True, slots=True)
class Subject:
    """``app`` serves ``GUARDED_PATH`` to whoever sends one of the ``credentials``: header lines, each
    of another caller, made when the app has started. ``packages`` are the distributions at work."""

    app: FastAPI
    credentials: Callable[[int], Awaitable[list[str]]]
    packages: tuple[str, ...]


def bearer(token: str) -> str:
    """The header line of a bearer token (RFC 6750 §2.1)."""
    return f"Authorization: Bearer {token}"
