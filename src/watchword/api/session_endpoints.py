"""``/auth/refresh``, ``/auth/logout`` and ``/auth/me``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from watchword.api.admission import admit
from watchword.api.bodies import read_body
from watchword.api.browser import Browser
from watchword.api.decorators import public
from watchword.api.oauth_errors import oauth_error_response
from watchword.api.pages import error_page, page_headers
from watchword.api.problems import log_refusal, problem_response, route_of
from watchword.api.registered_clients import RegisteredClients
from watchword.api.request_id import request_id_of
from watchword.api.services import Services, ServicesSource
from watchword.api.token_response import NO_STORE, token_response
from watchword.auth.caller import Caller, caller_of, identity_of
from watchword.auth.grants import BROWSER, Grant
from watchword.config.auth import Settings
from watchword.errors import (
    AuthenticationRequired,
    CrossSiteRequest,
    DatabaseUnavailable,
    InvalidRequest,
    NotInstalled,
    RefreshRefused,
    WatchwordError,
)
from watchword.protocol.accept import prefers_html
from watchword.protocol.access import Requirement
from watchword.protocol.principal import Principal, Rejected, whoever_accepted
from watchword.protocol.refresh_request import MAX_REFRESH_BODY_BYTES, RefreshBody, read_refresh_body
from watchword.protocol.token_request import read_scopes

SIGNED_OUT: Final = "/auth/signed-out"
_LIVE: Final = Requirement(live=True)


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
            Route("/auth/me", me, methods=["GET"], include_in_schema=False),
        ]

    @public
    async def refresh(self, request: Request) -> Response:
        """Rotate by a token in the body, else by the cookie (RFC 6749 §6)."""
        by_cookie = False
        try:
            sent = await read_body(request, max_bytes=MAX_REFRESH_BODY_BYTES)
            body = read_refresh_body(request.headers.get("content-type"), sent)
            services = await self.services()
            await self._refuse_confidential(services, body)
            if body.refresh_token is not None:
                self.clients.require_origin(request, self.clients.by_id.get(body.client_id or ""))
                grant = await services.sessions.refresh(
                    body.refresh_token, client_id=body.client_id, scopes=_scopes(body)
                )
                await self._require_registered(services, grant)
                return token_response(grant)
            by_cookie = True
            return await self._refresh_by_cookie(request, services, body)
        except WatchwordError as error:
            response = oauth_error_response(error, request.scope)
            if by_cookie and isinstance(error, RefreshRefused):
                self.browser.clear_session(request, response)
            return response

    @public
    async def logout(self, request: Request) -> Response:
        """End the caller's session, with ``?everywhere=yes`` every one of the account; an ended one is
        no error. A person goes on to the provider where that can end its session, too."""
        try:
            services = await self.services()
            ended = await self._end(request, services, everywhere=_everywhere(request))
        except (CrossSiteRequest, DatabaseUnavailable, InvalidRequest, NotInstalled) as error:
            return self._not_logged_out(request, error)
        response = await self._logged_out(request, services, ended)
        self.browser.clear_session(request, response)
        return response

    async def _require_registered(self, services: Services, grant: Grant) -> None:
        """A client that is registered no longer loses its sessions when it comes for more."""
        session = grant.session
        if session.client_id != BROWSER and session.client_id not in self.clients.by_id:
            await services.sessions.end(session.session_id, reason="revoked")
            raise RefreshRefused("the client of the session is no longer registered")

    async def _refuse_confidential(self, services: Services, body: RefreshBody) -> None:
        """A confidential client refreshes where it authenticates. Its token is neither used nor ended
        here, whoever presents it; the session is looked up only where such a client may be behind it."""
        client_id = body.client_id
        if client_id is None and body.refresh_token is not None and self.clients.confidential:
            owner = await services.sessions.owner(body.refresh_token)
            client_id = None if owner is None else owner[1]
        if client_id in self.clients.confidential:
            raise RefreshRefused(f"client {client_id!r} refreshes at /auth/token, authenticated")

    async def _refresh_by_cookie(self, request: Request, services: Services, body: RefreshBody) -> Response:
        token = self.browser.cookies(request).get(self.browser.names.refresh)
        if token is None:
            raise RefreshRefused("neither the body nor a cookie holds a refresh token")
        self.browser.require_same_origin(request)
        if body.client_id not in (None, BROWSER):
            raise RefreshRefused("a cookie holds no token of a client")
        grant = await services.sessions.refresh(
            token, client_id=BROWSER, scopes=_scopes(body), admit=self.browser.admit
        )
        answer = {"expires_in": grant.access.expires_in, "session_id": str(grant.session.session_id)}
        response = JSONResponse(answer, headers=NO_STORE)
        self.browser.set_session(response, grant)
        return response

    async def _end(self, request: Request, services: Services, *, everywhere: bool) -> UUID | None:
        """The session, where it was a browser's."""
        identity = whoever_accepted(identity_of(request.scope))
        if isinstance(identity, Rejected) and isinstance(
            identity.error, CrossSiteRequest | DatabaseUnavailable
        ):
            raise identity.error
        bearer = [value for name, value in request.scope["headers"] if name == b"authorization"]
        caller = identity if isinstance(identity, Principal) else self._former(services, bearer)
        if caller is not None:
            if caller.session_id is not None and caller.user_id is not None:
                session_id, user_id = UUID(caller.session_id), UUID(caller.user_id)
                await _log_out(services, session_id, user_id, everywhere=everywhere)
                return None if bearer else session_id
        elif not bearer:
            return await self._end_by_cookie(request, services, everywhere=everywhere)
        return None

    def _former(self, services: Services, bearer: list[bytes]) -> Principal | None:
        """An access token that has expired still says which session its holder wants to end."""
        return services.gatekeeper.former(bearer, expired_seconds=self.settings.session_absolute_seconds)

    async def _end_by_cookie(self, request: Request, services: Services, *, everywhere: bool) -> UUID | None:
        token = self.browser.cookies(request).get(self.browser.names.refresh)
        if token is None:
            return None
        self.browser.require_same_origin(request)
        session = await services.sessions.holder(token)
        if session is None:
            return None
        await _log_out(services, session.session_id, session.user_id, everywhere=everywhere)
        return session.session_id

    def _not_logged_out(self, request: Request, error: WatchwordError) -> Response:
        request_id = request_id_of(request.scope)
        log_refusal(error, request_id=request_id, route=route_of(request.scope))
        if prefers_html(request.headers.getlist("accept")):
            return error_page(error, request_id=request_id, secure=self.settings.secure)
        return problem_response(error, request_id=request_id)

    async def _logged_out(self, request: Request, services: Services, ended: UUID | None) -> Response:
        headers = page_headers(secure=self.settings.secure)
        if not prefers_html(request.headers.getlist("accept")):
            return Response(status_code=204, headers=headers)
        at_provider = None if ended is None else await services.provider_sign_out.location(ended)
        return RedirectResponse(at_provider or SIGNED_OUT, status_code=303, headers=headers)


async def _log_out(services: Services, session_id: UUID, user_id: UUID, *, everywhere: bool) -> None:
    """The others first: were they left over by a fault, this session could still try again."""
    if everywhere:
        await services.accounts.log_out_everywhere(user_id)
    await services.sessions.end(session_id, reason="logout")


@public
async def me(request: Request) -> Response:
    """The caller, as the database has them now, whether they accepted the terms or not."""
    identified = caller_of(request.scope)
    asking = Caller(whoever_accepted(identified.identity), identified.authenticator)
    refusal = await admit(asking, _LIVE)
    caller = asking.best
    if refusal is None and isinstance(caller, Principal):
        return JSONResponse(_as_json(caller), headers=NO_STORE)
    raise refusal or AuthenticationRequired("nobody is signed in")


def _as_json(caller: Principal) -> dict[str, Any]:
    return {
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


def _scopes(body: RefreshBody) -> frozenset[str] | None:
    return None if body.scope is None else read_scopes(body.scope)


def _everywhere(request: Request) -> bool:
    """Raises InvalidRequest for a wish that cannot be read, rather than doing half of it."""
    asked = request.query_params.getlist("everywhere")
    if asked in ([], ["yes"]):
        return bool(asked)
    raise InvalidRequest("everywhere says something else than yes")
