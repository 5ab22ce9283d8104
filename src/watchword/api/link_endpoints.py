"""``POST /auth/link/{provider}``: one more provider to sign in with to the same account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.decorators import public
from watchword.api.problems import log_refusal, problem_response, route_of
from watchword.api.request_id import request_id_of
from watchword.api.services import Services, ServicesSource
from watchword.api.sign_in_responses import SignInResponses
from watchword.api.terms_page import terms_with
from watchword.api.visitor import require_terms, visitor_of
from watchword.api.ways_on import WaysOn, ways_from_linking
from watchword.errors import (
    AuthenticationRequired,
    InvalidRequest,
    StepUpRequired,
    TermsRequired,
    WatchwordError,
)
from watchword.protocol.accept import prefers_html
from watchword.protocol.login_request import LoginRequest

ACCOUNT: Final = "/auth/account"
RECENT_SECONDS: Final = 600
"""How old a sign-in may be, in production, to change how somebody signs in."""


@dataclass(frozen=True, slots=True)
class LinkEndpoints:
    """Linking begins at a form of our own page and ends at the ordinary callback."""

    responses: SignInResponses
    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        return [Route("/auth/link/{provider}", self.begin, methods=["POST"], include_in_schema=False)]

    @public
    async def begin(self, request: Request) -> Response:
        """Send the browser of a session to a provider, with an attempt bound to that session."""
        try:
            services = await self.services()
        except WatchwordError as error:
            return self._refused(request, error, WaysOn(ACCOUNT))
        try:
            return await self._begin(request, services)
        except WatchwordError as error:
            provider_id = request.path_params["provider"]
            ways = ways_from_linking(error, ACCOUNT, provider_id, services.sign_in.clients)
            return self._refused(request, error, ways)

    async def _begin(self, request: Request, services: Services) -> Response:
        """Raises CrossSiteRequest, AuthenticationRequired, InvalidRequest, TermsRequired, StepUpRequired
        and what beginning a sign-in does."""
        self.responses.browser.require_same_origin(request)
        visitor = await visitor_of(request, self.responses.browser, services)
        if visitor is None:
            raise AuthenticationRequired("nobody is signed in whose account could be linked")
        if not visitor.by_cookie:
            raise InvalidRequest("only a browser's own session can be linked, by its cookies")
        await require_terms(visitor, services)
        if self.responses.settings.environment == "production":
            services.sessions.require_recent(visitor.session, max_age_seconds=RECENT_SECONDS)
        begun = await services.sign_in.begin_link(
            request.path_params["provider"], session_id=visitor.session.session_id, return_to=ACCOUNT
        )
        return self.responses.to_provider(request, services, begun)

    def _refused(self, request: Request, error: WatchwordError, ways: WaysOn) -> Response:
        """A person is led to the sign-in that is missing, and from there to the account page."""
        if not prefers_html(request.headers.getlist("accept")):
            request_id = request_id_of(request.scope)
            log_refusal(error, request_id=request_id, route=route_of(request.scope))
            return problem_response(error, request_id=request_id)
        if error.status == 401:
            wanted = LoginRequest(ACCOUNT, 0 if isinstance(error, StepUpRequired) else None)
            return self.responses.redirect("/auth/login" + wanted.query)
        if isinstance(error, TermsRequired):
            return self.responses.redirect(terms_with(ACCOUNT))
        return self.responses.refused(request, error, ways=ways)
