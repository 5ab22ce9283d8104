"""What is published for everybody: our keys, and whether this process can serve."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from watchword.api.decorators import public
from watchword.api.problems import problem_response
from watchword.api.request_id import request_id_of
from watchword.api.services import ServicesSource
from watchword.errors import DatabaseUnavailable, MigrationNeeded, SecretKeyMismatch, WatchwordError


@dataclass(frozen=True, slots=True)
class WellKnown:
    """``/.well-known/jwks.json`` (RFC 7517 §5)."""

    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        return [Route("/.well-known/jwks.json", self.jwks, methods=["GET"], include_in_schema=False)]

    @public
    async def jwks(self, request: Request) -> Response:
        try:
            services = await self.services()
        except WatchwordError as error:
            return problem_response(error, request_id=request_id_of(request.scope))
        body = json.dumps(services.keyring.jwks(), separators=(",", ":")).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": "public, max-age=300",
            "ETag": etag,
            "X-Content-Type-Options": "nosniff",
        }
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/jwk-set+json", headers=headers)


_NOT_READY: Final[Mapping[type[WatchwordError], tuple[str, str]]] = {
    DatabaseUnavailable: ("unavailable", "unknown"),
    MigrationNeeded: ("not migrated", "unknown"),
    SecretKeyMismatch: ("ok", "unreadable"),
}
"""What a fault says of database and keys."""
_RETRY_AFTER_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Operations:
    """``/healthz`` says the process answers, ``/readyz`` that it can serve."""

    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/healthz", self.healthz, methods=["GET"], include_in_schema=False),
            Route("/readyz", self.readyz, methods=["GET"], include_in_schema=False),
        ]

    @public
    async def healthz(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    @public
    async def readyz(self, _: Request) -> Response:
        headers = {"Cache-Control": "no-store"}
        try:
            services = await self.services()
            await services.database.ping()
        except WatchwordError as error:
            database, keys = _NOT_READY.get(type(error), ("unknown", "unknown"))
            state = {"status": "not ready", "database": database, "keys": keys, "code": error.code}
            headers["Retry-After"] = str(error.retry_after_seconds or _RETRY_AFTER_SECONDS)
            return JSONResponse(state, status_code=503, headers=headers)
        return JSONResponse({"status": "ready", "database": "ok", "keys": "ok"}, headers=headers)
