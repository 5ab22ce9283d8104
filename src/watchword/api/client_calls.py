"""Calls by form at the endpoints for clients: the form read, and the client behind it identified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from watchword.api.bodies import read_body
from watchword.api.oauth_errors import oauth_error_response
from watchword.api.registered_clients import RegisteredClients
from watchword.api.services import Services, ServicesSource
from watchword.errors import ProviderResponseInvalid, RefreshRefused, SignInRefused, WatchwordError
from watchword.protocol.client_authentication import read_credential
from watchword.protocol.clients import Client
from watchword.protocol.token_request import MAX_TOKEN_BODY_BYTES, read_client_form


@dataclass(frozen=True, slots=True)
class ClientCall:
    """``client`` is None where the request names none; a confidential one has authenticated."""

    form: Mapping[str, str] = field(repr=False)
    client: Client | None
    services: Services


@dataclass(frozen=True, slots=True)
class ClientCalls:
    """Receives calls. Cookies are neither read nor set."""

    clients: RegisteredClients
    services: ServicesSource

    async def receive(self, request: Request, path: str) -> ClientCall:
        """``path`` is what was called. Raises InvalidRequest, RequestTooLarge, InvalidClient, OriginRefused,
        DatabaseUnavailable and what a start raises."""
        body = await read_body(request, max_bytes=MAX_TOKEN_BODY_BYTES)
        form = read_client_form(request.headers.get("content-type"), body)
        authorization = [value for name, value in request.scope["headers"] if name == b"authorization"]
        presented = read_credential(form, authorization)
        services = await self.services()
        endpoint = self.clients.settings.base_url + path
        client = await services.client_authenticator.authenticate(presented, endpoint=endpoint)
        self.clients.require_origin(request, client)
        return ClientCall(form, client, services)


GRANT_REFUSALS: Final = (RefreshRefused, SignInRefused, ProviderResponseInvalid)
"""What is ``invalid_grant`` with 400 at the token endpoint, whatever it is elsewhere (RFC 6749 §5.2)."""


def refused(request: Request, error: WatchwordError) -> Response:
    """The error as the token endpoint tells it."""
    if isinstance(error, GRANT_REFUSALS):
        return oauth_error_response(error, request.scope, status=400, name="invalid_grant")
    return oauth_error_response(error, request.scope)
