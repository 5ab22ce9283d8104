"""``/auth/refresh``, ``/auth/logout`` and ``/auth/me``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from watchword.api.bodies import read_body
from watchword.api.browser import Browser
from watchword.api.decorators import public, require_auth
from watchword.api.dependencies import principal_of
from watchword.api.oauth_errors import oauth_error_response
from watchword.api.pages import page_headers
from watchword.api.problems import problem_response
from watchword.api.registered_clients import RegisteredClients
from watchword.api.request_id import request_id_of
from watchword.api.services import Services, ServicesSource
from watchword.api.token_response import NO_STORE, token_response
from watchword.auth.caller import identity_of
from watchword.config.auth import Settings
from watchword.errors import (
    CrossSiteRequest,
    DatabaseUnavailable,
    NotInstalled,
    RefreshRefused,
    WatchwordError,
)
from watchword.protocol.principal import Principal, Rejected
from watchword.protocol.refresh_request import MAX_REFRESH_BODY_BYTES, RefreshBody, read_refresh_body
from watchword.protocol.token_request import read_scopes


@dataclass(frozen=True, slots=True)
class SessionEndpoints:
    """A session carried on, ended, and looked at."""

    settings: Settings
    browser: Browser
    services: ServicesSource
    clients: RegisteredClients

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/auth/refresh", self.refresh, methods=["POST"], include_in_schema=False),
            Route("/auth/logout", self.logout, methods=["POST"], include_in_schema=False),
            Route("/auth/me", require_auth(live=True)(me), methods=["GET"], include_in_schema=False),
        ]

    @public
    async def refresh(self, request: Request) -> Response:
        """Rotate by a token in the body, else by the cookie (RFC 6749 §6)."""
        by_cookie = False
        try:
            sent = await read_body(request, max_bytes=MAX_REFRESH_BODY_BYTES)
            body = read_refresh_body(request.headers.get("content-type"), sent)
            services = await self.services()
            if body.refresh_token is not None:
                self.clients.require_origin(request, self.clients.by_id.get(body.client_id or ""))
                grant = await services.sessions.refresh(
                    body.refresh_token, client_id=body.client_id, scopes=_scopes(body)
                )
                return token_response(grant)
            by_cookie = True
            return await self._refresh_by_cookie(request, services, body)
        except WatchwordError as error:
            response = oauth_error_response(error, request_id=request_id_of(request.scope))
            if by_cookie and isinstance(error, RefreshRefused):
                self.browser.clear_session(request, response)
            return response

    @public
    async def logout(self, request: Request) -> Response:
        """End the caller's session here, at once and everywhere; an ended one is no error."""
        try:
            await self._end(request)
        except (CrossSiteRequest, DatabaseUnavailable, NotInstalled) as error:
            return problem_response(error, request_id=request_id_of(request.scope))
        response = self._logged_out(request)
        self.browser.clear_session(request, response)
        return response

    async def _refresh_by_cookie(self, request: Request, services: Services, body: RefreshBody) -> Response:
        token = self.browser.cookies(request).get(self.browser.names.refresh)
        if token is None:
            raise RefreshRefused("neither the body nor a cookie holds a refresh token")
        self.browser.require_same_origin(request)
        grant = await services.sessions.refresh(
            token, client_id=body.client_id, scopes=_scopes(body), admit=self.browser.admit
        )
        answer = {"expires_in": grant.access.expires_in, "session_id": str(grant.session.session_id)}
        response = JSONResponse(answer, headers=NO_STORE)
        self.browser.set_session(response, grant)
        return response

    async def _end(self, request: Request) -> None:
        services = await self.services()
        identity = identity_of(request.scope)
        if isinstance(identity, Rejected) and isinstance(
            identity.error, CrossSiteRequest | DatabaseUnavailable
        ):
            raise identity.error
        if isinstance(identity, Principal):
            if identity.session_id is not None:
                await services.sessions.end(UUID(identity.session_id), reason="logout")
            return
        if "authorization" in request.headers:
            return
        await self._end_by_cookie(request, services)

    async def _end_by_cookie(self, request: Request, services: Services) -> None:
        token = self.browser.cookies(request).get(self.browser.names.refresh)
        if token is None:
            return
        self.browser.require_same_origin(request)
        session = await services.sessions.holder(token)
        if session is not None:
            await services.sessions.end(session.session_id, reason="logout")

    def _logged_out(self, request: Request) -> Response:
        headers = page_headers(secure=self.settings.secure)
        if _wants_html(request):
            return RedirectResponse("/auth/signed-out", status_code=303, headers=headers)
        return Response(status_code=204, headers=headers)


async def me(request: Request) -> Response:
    """The caller, as the database has them now."""
    caller = principal_of(request)
    answer = {
        "user_id": caller.user_id,
        "session_id": caller.session_id,
        "email": caller.email,
        "name": caller.name,
        "roles": sorted(caller.roles),
        "scopes": sorted(caller.scopes),
        "issuer": caller.issuer,
        "subject": caller.subject,
        "auth_time": caller.auth_time,
    }
    return JSONResponse(answer, headers=NO_STORE)


def _scopes(body: RefreshBody) -> frozenset[str] | None:
    return None if body.scope is None else read_scopes(body.scope)


def _wants_html(request: Request) -> bool:
    """A form of a page, as opposed to a program: it says it can show HTML."""
    accepted: Sequence[str] = request.headers.get("accept", "").split(",")
    return any(each.strip().lower().startswith(("text/html", "application/xhtml+xml")) for each in accepted)
