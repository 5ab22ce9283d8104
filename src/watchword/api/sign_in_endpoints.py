"""``/auth/login`` and ``/auth/callback``: sign-in as a browser sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.authorize_endpoints import begin_by_link
from watchword.api.browser import Browser
from watchword.api.decorators import public
from watchword.api.pages import page, stylesheet
from watchword.api.services import Services, ServicesSource
from watchword.api.session_endpoints import SIGNED_OUT
from watchword.api.sign_in_failures import SignInFailures
from watchword.api.sign_in_responses import SignInResponses
from watchword.api.terms_page import by_the_terms
from watchword.api.unlogged import forget_query
from watchword.api.ways_on import PLAIN, WaysOn, choices, ways_from
from watchword.auth.sign_in import CodeGiven
from watchword.config.auth import Settings
from watchword.errors import DatabaseUnavailable, ProviderUnavailable, WatchwordError
from watchword.protocol.login_request import LoginRequest, read_login_request


@dataclass(frozen=True, slots=True)
class SignInEndpoints:
    """Pages and redirects of the authorization code flow."""

    responses: SignInResponses
    services: ServicesSource

    @property
    def settings(self) -> Settings:
        return self.responses.settings

    @property
    def browser(self) -> Browser:
        return self.responses.browser

    def routes(self) -> list[BaseRoute]:
        callback = Route("/auth/callback/{provider}", self.callback, methods=["GET"], include_in_schema=False)
        callback.methods = {"GET"}
        return [
            Route("/auth/login", self.login, methods=["GET"], include_in_schema=False),
            Route("/auth/login/{provider}", self.begin, methods=["GET"], include_in_schema=False),
            callback,
            Route(SIGNED_OUT, self.signed_out, methods=["GET"], include_in_schema=False),
            Route("/auth/assets/watchword.css", stylesheet, methods=["GET"], include_in_schema=False),
        ]

    @public
    async def login(self, request: Request) -> Response:
        """The sign-in page: one button a provider."""
        try:
            services = await self.services()
            asked = self._asked(request)
            offered = services.sign_in.offered(asked.max_age_seconds)
        except WatchwordError as error:
            return self.responses.refused(request, error)
        return page(
            "sign_in.html",
            secure=self.settings.secure,
            in_sign_in=True,
            providers=choices(offered.values(), asked.query),
            recent=asked.max_age_seconds is not None,
        )

    @public
    async def begin(self, request: Request) -> Response:
        """Send the browser to a provider with a fresh attempt."""
        sealed = request.query_params.get("request")
        provider_id = request.path_params["provider"]
        try:
            services = await self.services()
            if sealed is not None:
                return await begin_by_link(self.responses, request, services, provider_id, sealed)
            asked = self._asked(request)
        except WatchwordError as error:
            return self.responses.refused(request, error, ways=WaysOn(in_app=sealed is not None))
        return await self._begin(request, services, provider_id, asked)

    @public
    async def callback(self, request: Request) -> Response:
        """Finish an attempt: a session and its cookies, a code for a client, or an error without
        any."""
        params = request.query_params.multi_items()
        forget_query(request.scope)
        failures = SignInFailures(self.responses)
        if _is_prefetch(request):
            return Response(status_code=425, headers=self.responses.headers())
        try:
            services = await self.services()
        except WatchwordError as error:
            return failures.page(request, error, PLAIN)
        try:
            response = await self._finish(request, services, params)
        except WatchwordError as error:
            cookie = self._attempt_cookie(request)
            response = await failures.answer(request, services, params, cookie, error)
            if isinstance(error, ProviderUnavailable | DatabaseUnavailable) and response.status_code >= 400:
                return response
        self.responses.forget_attempts(request, response, params)
        return response

    @public
    async def signed_out(self, _: Request) -> Response:
        """Where a logout ends; also for whoever comes back from the provider's sign-out."""
        return page("signed_out.html", secure=self.settings.secure)

    async def _begin(
        self, request: Request, services: Services, provider_id: str, asked: LoginRequest
    ) -> Response:
        try:
            begun = await services.sign_in.begin(
                provider_id,
                return_to=asked.return_to or self.settings.default_return_to,
                max_age_seconds=asked.max_age_seconds,
            )
        except WatchwordError as error:
            ways = ways_from(error, asked, provider_id, services.sign_in.clients)
            return self.responses.refused(request, error, ways=ways)
        return self.responses.to_provider(request, services, begun)

    async def _finish(
        self, request: Request, services: Services, params: Sequence[tuple[str, str]]
    ) -> Response:
        done = await services.sign_in.complete(
            request.path_params["provider"],
            params,
            attempt_cookie=self._attempt_cookie(request),
            client_context=self.browser.client_context(request),
            former=self.browser.cookies(request).get(self.browser.names.refresh),
            admit=self.browser.admit,
        )
        if isinstance(done, CodeGiven):
            return self.responses.code(done)
        return_to = await by_the_terms(services, done.grant.session, done.return_to)
        response = self.responses.redirect(return_to)
        self.browser.set_session(response, done.grant)
        return response

    def _attempt_cookie(self, request: Request) -> Callable[[str], str | None]:
        cookies = self.browser.cookies(request)
        return lambda handle: cookies.get(self.browser.names.attempt + handle)

    def _asked(self, request: Request) -> LoginRequest:
        """Raises InvalidRequest."""
        return read_login_request(
            request.query_params.multi_items(), default_return_to=self.settings.default_return_to
        )


def _is_prefetch(request: Request) -> bool:
    """Whether a browser asks ahead of the person (Fetch standard: ``Sec-Purpose``)."""
    purposes = [request.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz")]
    return any("prefetch" in purpose.lower() or "prerender" in purpose.lower() for purpose in purposes)
