"""``/auth/token``, ``/auth/revoke`` and ``/auth/introspect``: what clients do without a browser's cookies."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from watchword.api.browser import Browser
from watchword.api.client_calls import ClientCall, ClientCalls, refused
from watchword.api.decorators import public
from watchword.api.registered_clients import RegisteredClients
from watchword.api.services import ServicesSource
from watchword.api.token_response import NO_STORE, client_token_response, token_response
from watchword.errors import InvalidClient, InvalidRequest, WatchwordError
from watchword.protocol.clients import Client
from watchword.protocol.token_request import (
    ClientCredentials,
    TokenRefresh,
    read_token_request,
    required,
)

TOKEN, REVOKE, INTROSPECT = "/auth/token", "/auth/revoke", "/auth/introspect"


@dataclass(frozen=True, slots=True)
class TokenEndpoints:
    """Forms in, JSON out, errors by RFC 6749 §5.2."""

    clients: RegisteredClients
    browser: Browser
    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        endpoints = {TOKEN: self.token, REVOKE: self.revoke, INTROSPECT: self.introspect}
        return [
            Route(path, endpoint, methods=["POST"], include_in_schema=False)
            for path, endpoint in endpoints.items()
        ]

    @public
    async def token(self, request: Request) -> Response:
        """A code, a refresh token or the client's own credential for tokens (RFC 6749 §4.1.3, §4.4, §6)."""
        try:
            call = await self._receive(request, TOKEN)
            if call.client is None:
                raise InvalidRequest("the parameter client_id is missing")
            return await self._give(request, call, call.client)
        except WatchwordError as error:
            return refused(request, error)

    @public
    async def revoke(self, request: Request) -> Response:
        """End a token: whoever holds it, or of a confidential client that client (RFC 7009)."""
        try:
            call = await self._receive(request, REVOKE)
            await call.services.revoker.revoke(required(call.form, "token"), client=call.client)
            return Response(status_code=200, headers=NO_STORE)
        except WatchwordError as error:
            return refused(request, error)

    @public
    async def introspect(self, request: Request) -> Response:
        """Whether a token counts, and for what (RFC 7662); confidential clients only."""
        try:
            call = await self._receive(request, INTROSPECT)
            if call.client is None or not call.client.is_confidential:
                raise InvalidClient("introspection needs a confidential client")
            introspector = call.services.introspector
            told = await introspector.introspect(required(call.form, "token"), asker=call.client.client_id)
            return JSONResponse(dict(told), headers=NO_STORE)
        except WatchwordError as error:
            return refused(request, error)

    async def _receive(self, request: Request, path: str) -> ClientCall:
        return await ClientCalls(self.clients, self.services).receive(request, path)

    async def _give(self, request: Request, call: ClientCall, client: Client) -> Response:
        """Counted once the client has proved who it is: anybody can state an id."""
        services = call.services
        if client.is_confidential:
            await services.limits.check_client(client.client_id)
        asked = read_token_request(call.form, client, resources=self.clients.resources)
        if isinstance(asked, ClientCredentials):
            return client_token_response(services.client_tokens.issue(client, asked.scopes), asked.scopes)
        if isinstance(asked, TokenRefresh):
            grant = await services.sessions.refresh(
                asked.refresh_token, client_id=asked.client_id, scopes=asked.scopes
            )
        else:
            grant = await services.codes.redeem(asked, client=self.browser.client_context(request))
        return token_response(grant, refreshable="refresh_token" in client.grants)
