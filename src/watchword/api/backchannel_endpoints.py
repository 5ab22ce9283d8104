"""``POST /auth/backchannel-logout/{provider}`` (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.bodies import read_body
from watchword.api.decorators import public
from watchword.api.oauth_errors import oauth_error_response
from watchword.api.services import ServicesSource
from watchword.api.token_response import NO_STORE
from watchword.errors import WatchwordError
from watchword.protocol.logout_token import MAX_LOGOUT_BODY_BYTES, read_logout_body


@dataclass(frozen=True, slots=True)
class BackchannelEndpoints:
    """Between the provider and us, without a browser: no cookie counts, the token is the proof."""

    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        path = "/auth/backchannel-logout/{provider}"
        return [Route(path, self.logout, methods=["POST"], include_in_schema=False)]

    @public
    async def logout(self, request: Request) -> Response:
        """200 once the sessions have ended, 400 for a token that is refused; 503 makes the provider
        try again."""
        try:
            body = await read_body(request, max_bytes=MAX_LOGOUT_BODY_BYTES)
            token = read_logout_body(request.headers.get("content-type"), body)
            services = await self.services()
            await services.logout_receiver.receive(request.path_params["provider"], token)
        except WatchwordError as error:
            return oauth_error_response(error, request.scope)
        return Response(status_code=200, headers=NO_STORE)
