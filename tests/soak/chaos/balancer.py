"""The way to the replicas: what a usual load balancer does, and nothing it does not."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any, Final

import httpx2

GET_SECONDS: Final = 2.0
"""A replica that has not answered a GET until then is passed over, and the next one asked."""
OTHER_SECONDS: Final = 12.0
LEFT_ALONE_SECONDS: Final = 2.0
"""A replica that gave no answer gets nothing for so long, where there is another."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer, or None, from a replica; ``tried``: how many were asked."""

    answer: httpx2.Response | None
    sent: float
    received: float
    replica: str
    tried: int

    @property
    def status(self) -> int:
        return 0 if self.answer is None else self.answer.status_code


class Balancer:
    """Passes a request on to one of several replicas, drawn by chance. Another one is asked only where the
    first gave no answer at all and the request may be sent twice: a GET, or nothing was sent, because the
    connection was refused. An answer is final whatever its status."""

    def __init__(self, replicas: dict[str, str], draw: random.Random) -> None:
        self._replicas = replicas
        self._draw = draw
        self._left_alone: dict[str, float] = {}
        limits = httpx2.Limits(max_connections=400, max_keepalive_connections=100, keepalive_expiry=3)
        self._http = httpx2.AsyncClient(limits=limits, follow_redirects=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, method: str, path: str, *, again: bool = True, **options: Any) -> Heard:
        """``again``: a GET may be sent twice."""
        begun, tried = time.monotonic(), 0
        repeatable = again and method == "GET"
        for name in self._order():
            tried += 1
            sent = time.monotonic()
            seconds = GET_SECONDS if repeatable and tried < len(self._replicas) else OTHER_SECONDS
            try:
                answer = await self.send(method, self._replicas[name] + path, seconds, **options)
            except httpx2.HTTPError as error:
                self._left_alone[name] = time.monotonic() + LEFT_ALONE_SECONDS
                if not repeatable and not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
                    return Heard(None, sent, time.monotonic(), name, tried)
                continue
            return Heard(answer, sent, time.monotonic(), name, tried)
        return Heard(None, begun, time.monotonic(), "", tried)

    async def send(self, method: str, url: str, seconds: float, **options: Any) -> httpx2.Response:
        """Raises httpx2.HTTPError."""
        try:
            return await self._http.request(method, url, timeout=seconds, **options)
        finally:
            self._http.cookies.clear()

    def _order(self) -> list[str]:
        now = time.monotonic()
        names = self._draw.sample(sorted(self._replicas), len(self._replicas))
        return sorted(names, key=lambda name: self._left_alone.get(name, 0.0) > now)
