"""What a platform asks: whether the process lives and can serve, and what it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from watchword.api.decorators import public
from watchword.api.metrics import Metrics
from watchword.api.services import Services, ServicesSource
from watchword.errors import (
    DatabaseUnavailable,
    KeyStoreInvalid,
    KeyStoreUnavailable,
    MigrationNeeded,
    SealBroken,
    SecretKeyMismatch,
    WatchwordError,
)

_NOT_READY: Final[Mapping[type[WatchwordError], tuple[str, str]]] = {
    DatabaseUnavailable: ("unavailable", "unknown"),
    MigrationNeeded: ("not migrated", "unknown"),
    SecretKeyMismatch: ("ok", "unreadable"),
    SealBroken: ("ok", "unreadable"),
    KeyStoreInvalid: ("ok", "unreadable"),
    KeyStoreUnavailable: ("ok", "unreadable"),
}
"""What a fault says of database and keys."""
_RETRY_AFTER_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Operations:
    """``/healthz`` says the process answers, ``/readyz`` that it can serve, ``/metrics`` what it counts.
    ``running`` are the parts that have started, if they have."""

    services: ServicesSource
    running: Callable[[], Services | None]
    metrics: Metrics

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/healthz", self.healthz, methods=["GET"], include_in_schema=False),
            Route("/readyz", self.readyz, methods=["GET"], include_in_schema=False),
            Route("/metrics", self.scrape, methods=["GET"], include_in_schema=False),
        ]

    @public
    async def healthz(self, _: Request) -> Response:
        """The process answers; nothing else is looked at."""
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    @public
    async def readyz(self, _: Request) -> Response:
        """A provider, a cache or a key store that is away is shown and nothing more: whoever is signed in is
        served. Not without a key to sign with."""
        headers = {"Cache-Control": "no-store"}
        try:
            services = await self.services()
            await services.database.ping()
            if not services.keyring.can_sign:
                raise KeyStoreUnavailable
        except WatchwordError as error:
            database, keys = _NOT_READY.get(type(error), ("unknown", "unknown"))
            state = {"status": "not ready", "database": database, "keys": keys, "code": error.code}
            headers["Retry-After"] = str(error.retry_after_seconds or _RETRY_AFTER_SECONDS)
            return JSONResponse(state | self._providers(), status_code=503, headers=headers)
        providers, cache = self._providers(), services.limits.cache_state()
        down = any(each["state"] != "closed" for each in providers["providers"].values())
        keys = services.keyring.state
        degraded = down or cache == "away" or keys != "ok"
        state = {"status": "degraded" if degraded else "ready", "database": "ok", "keys": keys}
        if cache is not None:
            state["cache"] = cache
        return JSONResponse(state | providers, headers=headers)

    @public
    async def scrape(self, request: Request) -> Response:
        """What this process counts, in the text format of Prometheus."""
        return await self.metrics.answer(request)

    def _providers(self) -> dict[str, Any]:
        running = self.running()
        if running is None:
            return {"providers": {}}
        running.first_look.begin()
        states = {each: client.health().state for each, client in running.providers.items()}
        return {"providers": {each: {"state": state} for each, state in states.items()}}
