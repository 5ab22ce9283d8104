"""``/auth/account/export`` and ``/auth/account/erase``: a person's data, all of it, and the end of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.bodies import read_body
from watchword.api.browser import Browser
from watchword.api.decorators import public
from watchword.api.link_endpoints import ACCOUNT, RECENT_SECONDS
from watchword.api.own_pages import is_person, own_headers, own_page, own_redirect, own_refusal
from watchword.api.services import Services, ServicesSource
from watchword.api.visitor import Visitor, visitor_of
from watchword.api.ways_on import TO_ACCOUNT
from watchword.config.auth import Settings
from watchword.errors import AuthenticationRequired, StepUpRequired, WatchwordError
from watchword.protocol.confirmation import MAX_CONFIRMATION_BYTES, require_confirmation
from watchword.protocol.login_request import LoginRequest

EXPORT: Final = f"{ACCOUNT}/export"
ERASE: Final = f"{ACCOUNT}/erase"
_FILE: Final = "account-export.json"

Act = Callable[[Services, Visitor], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class PrivacyEndpoints:
    """For whoever has a session, by cookie or token; in production one with a recent sign-in."""

    settings: Settings
    browser: Browser
    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        return [
            Route(EXPORT, self.export, methods=["GET"], include_in_schema=False),
            Route(ERASE, self.ask, methods=["GET"], include_in_schema=False),
            Route(ERASE, self.erase, methods=["POST"], include_in_schema=False),
        ]

    @public
    async def export(self, request: Request) -> Response:
        """One JSON file with everything that is held about the caller."""

        async def told(services: Services, visitor: Visitor) -> Response:
            session = visitor.session
            everything = await services.privacy.export(session.user_id, session_id=session.session_id)
            headers = own_headers(self.settings) | {"Content-Disposition": f'attachment; filename="{_FILE}"'}
            text = json.dumps(everything, ensure_ascii=False, indent=2) + "\n"
            return Response(text, media_type="application/json", headers=headers)

        return await self._for_visitor(request, told)

    @public
    async def ask(self, request: Request) -> Response:
        """The page that asks whether it is really meant."""

        async def shown(services: Services, visitor: Visitor) -> Response:
            account = await services.accounts.account(visitor.session.user_id)
            return own_page(self.settings, "erase.html", account=account)

        return await self._for_visitor(request, shown)

    @public
    async def erase(self, request: Request) -> Response:
        """Erase the caller, once they confirm it."""

        async def done(services: Services, visitor: Visitor) -> Response:
            body = await read_body(request, max_bytes=MAX_CONFIRMATION_BYTES)
            require_confirmation(request.headers.get("content-type"), body)
            await services.privacy.erase(visitor.session.user_id)
            if is_person(request):
                response = own_page(self.settings, "erased.html")
            else:
                response = Response(status_code=204, headers=own_headers(self.settings))
            if visitor.by_cookie:
                self.browser.clear_session(request, response)
            return response

        return await self._for_visitor(request, done)

    async def _for_visitor(self, request: Request, act: Act) -> Response:
        try:
            services = await self.services()
            visitor = await visitor_of(request, self.browser, services)
            if visitor is None:
                raise AuthenticationRequired("nobody is signed in")
            if self.settings.environment == "production":
                services.sessions.require_recent(visitor.session, max_age_seconds=RECENT_SECONDS)
            return await act(services, visitor)
        except WatchwordError as error:
            return self._refused(request, error)

    def _refused(self, request: Request, error: WatchwordError) -> Response:
        """A person is led to the sign-in that is missing, and from there to the account page."""
        signed_out = isinstance(error, AuthenticationRequired | StepUpRequired)
        if signed_out and is_person(request):
            wanted = LoginRequest(ACCOUNT, 0 if isinstance(error, StepUpRequired) else None)
            location = "/auth/login" + wanted.query
            return own_redirect(self.settings, location)
        return own_refusal(self.settings, request, error, ways=TO_ACCOUNT)
