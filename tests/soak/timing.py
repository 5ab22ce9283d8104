"""Time of two kinds of requests, measured in turns, and whether they differ."""

from __future__ import annotations

import math
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
BATCH = 50
Ask = Callable[[], Awaitable[Any]]


async def ask(app: Any, method: str, path: str, headers: dict[bytes, bytes], body: bytes = b"") -> int:
    """One request straight into an ASGI app, with nothing of a client around it; the status."""
    found: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"app.example.test"), *headers.items()],
        "client": ("192.0.2.1", 50_000),
        "server": ("app.example.test", 443),
    }
    await app(scope, receive, send)
    return found[0]


async def in_turns(first: Ask, second: Ask, *, seconds: float) -> tuple[list[float], list[float]]:
    """Medians of batches of 50, in microseconds. Which of a pair comes first is drawn, so that
    whatever else the machine does falls on both alike."""
    draw = random.Random(0x5EED)  # noqa: S311
    times: tuple[list[float], list[float]] = ([], [])
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for which in draw.sample((0, 1), 2):
            begun = time.perf_counter_ns()
            await (first, second)[which]()
            times[which].append((time.perf_counter_ns() - begun) / 1000)
    return _medians(times[0]), _medians(times[1])


def _medians(times: list[float]) -> list[float]:
    return [statistics.median(times[at : at + BATCH]) for at in range(0, len(times) - BATCH + 1, BATCH)]


def welch_t(first: list[float], second: list[float]) -> float:
    """Welch's t of two samples; beyond 4.5 they differ by more than chance."""
    spread = statistics.variance(first) / len(first) + statistics.variance(second) / len(second)
    return abs(statistics.fmean(first) - statistics.fmean(second)) / math.sqrt(spread)
