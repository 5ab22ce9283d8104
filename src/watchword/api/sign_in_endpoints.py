"""``/auth/login`` and ``/auth/callback``: sign-in as a browser sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from watchword.api.browser import Browser
from watchword.api.decorators import public
from watchword.api.pages import error_page, page, page_headers, stylesheet
from watchword.api.problems import log_refusal
from watchword.api.request_id import request_id_of
from watchword.api.services import Services, ServicesSource
from watchword.auth.attempt import ATTEMPT_SECONDS, handle_of
from watchword.auth.session_manager import Grant
from watchword.config.auth import Settings
from watchword.errors import DatabaseUnavailable, ProviderUnavailable, TooManyRoles, WatchwordError
from watchword.protocol.return_to import safe_return_to


@dataclass(frozen=True, slots=True)
class SignInEndpoints:
    """Pages and redirects of the authorization code flow."""

    settings: Settings
    browser: Browser
    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/auth/login", self.login, methods=["GET"], include_in_schema=False),
            Route("/auth/login/{provider}", self.begin, methods=["GET"], include_in_schema=False),
            Route("/auth/callback/{provider}", self.callback, methods=["GET"], include_in_schema=False),
            Route("/auth/signed-out", self.signed_out, methods=["GET"], include_in_schema=False),
            Route("/auth/assets/watchword.css", stylesheet, methods=["GET"], include_in_schema=False),
        ]

    @public
    async def login(self, request: Request) -> Response:
        """The sign-in page: one button a provider."""
        try:
            services = await self.services()
        except WatchwordError as error:
            return self._refused(request, error)
        query = self._return_query(request)
        providers = [
            {"name": client.display_name, "href": f"/auth/login/{provider_id}{query}"}
            for provider_id, client in services.sign_in.clients.items()
        ]
        return page("sign_in.html", secure=self.settings.secure, providers=providers)

    @public
    async def begin(self, request: Request) -> Response:
        """Send the browser to a provider with a fresh attempt."""
        return_to = safe_return_to(
            request.query_params.get("return_to"), default=self.settings.default_return_to
        )
        try:
            services = await self.services()
            begun = await services.sign_in.begin(request.path_params["provider"], return_to=return_to)
        except WatchwordError as error:
            return self._refused(request, error, start_again=self._start_again(return_to))
        response = self._redirect(begun.location)
        for handle in services.sign_in.superfluous(self._attempts(request), begun):
            self.browser.clear_attempt(response, handle)
        self.browser.set_attempt(response, begun.handle, begun.cookie, max_age_seconds=ATTEMPT_SECONDS)
        return response

    @public
    async def callback(self, request: Request) -> Response:
        """Finish an attempt: a session and its cookies, or an error page without any."""
        if request.method != "GET" or _is_prefetch(request):
            return Response(status_code=405 if request.method != "GET" else 425, headers=self._headers())
        params = request.query_params.multi_items()
        try:
            services = await self.services()
            return await self._finish(request, services, params)
        except WatchwordError as error:
            response = self._refused(request, error, start_again=self._start_again("/"))
            response.headers["Referrer-Policy"] = "no-referrer"
            if not isinstance(error, ProviderUnavailable | DatabaseUnavailable):
                self._forget_attempts(request, response, params)
            return response

    @public
    async def signed_out(self, _: Request) -> Response:
        return page("signed_out.html", secure=self.settings.secure)

    async def _finish(
        self, request: Request, services: Services, params: Sequence[tuple[str, str]]
    ) -> Response:
        cookies = self.browser.cookies(request)
        signed_in = await services.sign_in.complete(
            request.path_params["provider"],
            params,
            attempt_cookie=lambda handle: cookies.get(self.browser.names.attempt + handle),
            client_context=self.browser.client_context(request),
        )
        await self._admit(services, signed_in.grant)
        await self._replace_former_session(services, cookies.get(self.browser.names.refresh))
        response = self._redirect(signed_in.return_to)
        self.browser.set_session(response, signed_in.grant)
        self._forget_attempts(request, response, params)
        return response

    async def _admit(self, services: Services, grant: Grant) -> None:
        try:
            self.browser.admit(grant.access)
        except TooManyRoles:
            await services.sessions.end(grant.session.session_id, reason="revoked")
            raise

    async def _replace_former_session(self, services: Services, refresh_cookie: str | None) -> None:
        """A sign-in never leaves an older session of the same browser alive."""
        former = None if refresh_cookie is None else await services.sessions.holder(refresh_cookie)
        if former is not None:
            await services.sessions.end(former.session_id, reason="replaced")

    def _attempts(self, request: Request) -> dict[str, str]:
        prefix = self.browser.names.attempt
        kept = self.browser.cookies(request).with_prefix(prefix)
        return {name.removeprefix(prefix): value for name, value in kept.items()}

    def _forget_attempts(
        self, request: Request, response: Response, params: Sequence[tuple[str, str]]
    ) -> None:
        cookies = self.browser.cookies(request)
        for handle in {handle_of(value) for name, value in params if name == "state"}:
            if cookies.get(self.browser.names.attempt + handle) is not None:
                self.browser.clear_attempt(response, handle)

    def _refused(
        self, request: Request, error: WatchwordError, *, start_again: str | None = None
    ) -> Response:
        request_id = request_id_of(request.scope)
        log_refusal(error, request_id=request_id)
        return error_page(error, request_id=request_id, secure=self.settings.secure, start_again=start_again)

    def _redirect(self, location: str) -> Response:
        return RedirectResponse(location, status_code=303, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return page_headers(secure=self.settings.secure, referrer_policy="no-referrer")

    def _return_query(self, request: Request) -> str:
        given = request.query_params.get("return_to")
        return_to = safe_return_to(given, default=self.settings.default_return_to)
        return "" if given is None else "?" + urlencode({"return_to": return_to})

    def _start_again(self, return_to: str) -> str:
        if return_to in ("/", self.settings.default_return_to):
            return "/auth/login"
        return "/auth/login?" + urlencode({"return_to": return_to})


def _is_prefetch(request: Request) -> bool:
    """Whether a browser asks ahead of the person (Fetch standard: ``Sec-Purpose``)."""
    purposes = [request.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz")]
    return any("prefetch" in purpose.lower() or "prerender" in purpose.lower() for purpose in purposes)
