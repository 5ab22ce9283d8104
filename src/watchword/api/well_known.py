"""What is published for everybody: our keys."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.decorators import public
from watchword.api.problems import problem_response
from watchword.api.request_id import request_id_of
from watchword.api.services import ServicesSource
from watchword.errors import WatchwordError
from watchword.protocol.key_ring import READER_CACHE_SECONDS


@dataclass(frozen=True, slots=True)
class WellKnown:
    """``/.well-known/jwks.json`` (RFC 7517 §5)."""

    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        return [Route("/.well-known/jwks.json", self.jwks, methods=["GET"], include_in_schema=False)]

    @public
    async def jwks(self, request: Request) -> Response:
        """The public keys of our access tokens, the next one included."""
        try:
            services = await self.services()
        except WatchwordError as error:
            return problem_response(error, request_id=request_id_of(request.scope))
        body = json.dumps(services.keyring.jwks(), separators=(",", ":")).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": f"public, max-age={READER_CACHE_SECONDS}",
            "ETag": etag,
            "X-Content-Type-Options": "nosniff",
        }
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/jwk-set+json", headers=headers)
