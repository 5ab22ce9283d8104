"""``/auth/token`` and ``/auth/revoke``: what first-party clients do without a browser's cookies."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.bodies import read_body
from watchword.api.browser import Browser
from watchword.api.decorators import public
from watchword.api.oauth_errors import oauth_error_response
from watchword.api.registered_clients import RegisteredClients
from watchword.api.request_id import request_id_of
from watchword.api.services import Services, ServicesSource
from watchword.api.token_response import NO_STORE, token_response
from watchword.auth.grants import Grant
from watchword.errors import (
    InvalidClient,
    ProviderResponseInvalid,
    RefreshRefused,
    SignInRefused,
    WatchwordError,
)
from watchword.protocol.token_request import (
    MAX_TOKEN_BODY_BYTES,
    CodeExchange,
    TokenRefresh,
    read_revocation_request,
    read_token_request,
)


@dataclass(frozen=True, slots=True)
class TokenEndpoints:
    """Forms in, JSON out, errors by RFC 6749 §5.2. Cookies are neither read nor set."""

    clients: RegisteredClients
    browser: Browser
    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/auth/token", self.token, methods=["POST"], include_in_schema=False),
            Route("/auth/revoke", self.revoke, methods=["POST"], include_in_schema=False),
        ]

    @public
    async def token(self, request: Request) -> Response:
        """A code or a refresh token for new tokens (RFC 6749 §4.1.3, §6)."""
        try:
            _refuse_basic(request)
            body = await read_body(request, max_bytes=MAX_TOKEN_BODY_BYTES)
            content_type = request.headers.get("content-type")
            asked = read_token_request(content_type, body, resources=self.clients.resources)
            self.clients.require_origin(request, self.clients.get(asked.client_id))
            return token_response(await self._grant(request, await self.services(), asked))
        except WatchwordError as error:
            return _refused(request, error)

    @public
    async def revoke(self, request: Request) -> Response:
        """End the session of a token, whoever holds it (RFC 7009)."""
        try:
            _refuse_basic(request)
            body = await read_body(request, max_bytes=MAX_TOKEN_BODY_BYTES)
            asked = read_revocation_request(request.headers.get("content-type"), body)
            client = None if asked.client_id is None else self.clients.get(asked.client_id)
            self.clients.require_origin(request, client)
            services = await self.services()
            await services.revoker.revoke(asked)
            return Response(status_code=200, headers=NO_STORE)
        except WatchwordError as error:
            return _refused(request, error)

    async def _grant(self, request: Request, services: Services, asked: CodeExchange | TokenRefresh) -> Grant:
        if isinstance(asked, TokenRefresh):
            return await services.sessions.refresh(
                asked.refresh_token, client_id=asked.client_id, scopes=asked.scopes
            )
        return await services.codes.redeem(asked, client=self.browser.client_context(request))


def _refuse_basic(request: Request) -> None:
    """A public client cannot authenticate; who tries is told by the scheme it tried (§5.2)."""
    if request.headers.get("authorization", "").lower().startswith("basic"):
        raise InvalidClient("the request authenticates a client, but every client is public", by_header=True)


def _refused(request: Request, error: WatchwordError) -> Response:
    """A grant that gives nothing is ``invalid_grant`` with 400 here, whatever it is elsewhere (§5.2)."""
    request_id = request_id_of(request.scope)
    if isinstance(error, RefreshRefused | SignInRefused | ProviderResponseInvalid):
        return oauth_error_response(error, request_id=request_id, status=400, name="invalid_grant")
    return oauth_error_response(error, request_id=request_id)
