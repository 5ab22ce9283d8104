"""``/auth/account/export`` and ``/auth/account/erase``: a person's data, all of it, and the end of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from watchword.api.bodies import read_body
from watchword.api.browser import Browser
from watchword.api.decorators import public
from watchword.api.link_endpoints import ACCOUNT, RECENT_SECONDS
from watchword.api.own_answers import refusal
from watchword.api.pages import page, page_headers
from watchword.api.services import Services, ServicesSource
from watchword.api.visitor import Visitor, visitor_of
from watchword.config.auth import Settings
from watchword.errors import AuthenticationRequired, StepUpRequired, WatchwordError
from watchword.protocol.accept import prefers_html
from watchword.protocol.erasure_request import MAX_CONFIRMATION_BYTES, require_confirmation
from watchword.protocol.login_request import LoginRequest

EXPORT: Final = f"{ACCOUNT}/export"
ERASE: Final = f"{ACCOUNT}/erase"
_FILE: Final = "account-export.json"
_VARY: Final = "Accept, Cookie, Authorization"

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
            everything = await services.privacy.export(visitor.session.user_id)
            headers = self._headers() | {"Content-Disposition": f'attachment; filename="{_FILE}"'}
            text = json.dumps(everything, ensure_ascii=False, indent=2) + "\n"
            return Response(text, media_type="application/json", headers=headers)

        return await self._for_visitor(request, told)

    @public
    async def ask(self, request: Request) -> Response:
        """The page that asks whether it is really meant."""

        async def shown(services: Services, visitor: Visitor) -> Response:
            account = await services.accounts.account(visitor.session.user_id)
            return self._page("erase.html", account=account)

        return await self._for_visitor(request, shown)

    @public
    async def erase(self, request: Request) -> Response:
        """Erase the caller, once they confirm it."""

        async def done(services: Services, visitor: Visitor) -> Response:
            body = await read_body(request, max_bytes=MAX_CONFIRMATION_BYTES)
            require_confirmation(request.headers.get("content-type"), body)
            await services.privacy.erase(visitor.session.user_id)
            if _is_person(request):
                response = self._page("erased.html")
            else:
                response = Response(status_code=204, headers=self._headers())
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
        if signed_out and _is_person(request):
            wanted = LoginRequest(ACCOUNT, 0 if isinstance(error, StepUpRequired) else None)
            location = "/auth/login" + wanted.query
            return RedirectResponse(location, status_code=303, headers=self._headers())
        response = refusal(request.scope, error, secure=self.settings.secure)
        response.headers.add_vary_header("Accept")
        return response

    def _page(self, template: str, **context: Any) -> Response:
        response = page(template, secure=self.settings.secure, **context)
        response.headers.add_vary_header("Accept")
        return response

    def _headers(self) -> dict[str, str]:
        return {**page_headers(secure=self.settings.secure), "Vary": _VARY}


def _is_person(request: Request) -> bool:
    return prefers_html(request.headers.getlist("accept"))
