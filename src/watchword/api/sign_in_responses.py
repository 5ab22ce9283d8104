"""How sign-in answers a browser: on to the provider, back to the client, or a page that says why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from watchword.api.browser import Browser
from watchword.api.pages import error_page, page_headers
from watchword.api.problems import log_refusal, problem_response, route_of
from watchword.api.registered_clients import RegisteredClients
from watchword.api.request_id import request_id_of
from watchword.api.services import Services
from watchword.api.ways_on import NO_WAY, WaysOn
from watchword.auth.attempt import ATTEMPT_SECONDS, handle_of
from watchword.auth.sign_in import Begun, CodeGiven
from watchword.config.auth import Settings
from watchword.errors import (
    InvalidRequest,
    ProviderDenied,
    ProviderUnavailable,
    SignInNotRecent,
    StepUpUnsupported,
    WatchwordError,
)
from watchword.protocol.accept import prefers_json
from watchword.protocol.client_request import ClientRequest, RedirectFault
from watchword.protocol.redirect_uri import with_answer

TOLD_TO_CLIENTS = (ProviderDenied, ProviderUnavailable, SignInNotRecent, StepUpUnsupported)
"""What a client learns by redirect: the person said no, the provider is down, or does not vouch for
the recent sign-in the client asked for (RFC 9470 §5). The rest is a page."""


@dataclass(frozen=True, slots=True)
class SignInResponses:
    """Redirects and refusals. None of them cuts the page off from the one that opened it: a client
    may run the sign-in in a window of its own and wait for the answer there."""

    clients: RegisteredClients
    browser: Browser

    @property
    def settings(self) -> Settings:
        return self.clients.settings

    def to_provider(self, request: Request, services: Services, begun: Begun) -> Response:
        """On to the provider, with the attempt to bring back."""
        response = self.redirect(begun.location)
        for handle in services.sign_in.attempts.superfluous(self.attempts(request), begun.cookie):
            self.browser.clear_attempt(response, handle)
        self.browser.set_attempt(response, begun.handle, begun.cookie, max_age_seconds=ATTEMPT_SECONDS)
        return response

    def code(self, given: CodeGiven) -> Response:
        """Back to the client with its code (RFC 6749 §4.1.2, RFC 9207 §2). Raises RedirectUriRefused."""
        self.clients.require_registered(given.request)
        return self._answer(given.request.redirect_uri, given.request.state, {"code": given.code})

    def denied(self, request: Request, asked: ClientRequest, error: WatchwordError) -> Response:
        """Back to the client with an error of ours, by its standard name (RFC 6749 §4.1.2.1). Raises
        RedirectUriRefused."""
        self.clients.require_registered(asked)
        log_refusal(error, request_id=request_id_of(request.scope), route=route_of(request.scope))
        told = {"error": error.oauth_error, "error_description": error.public}
        return self._answer(asked.redirect_uri, asked.state, told)

    def fault(self, request: Request, fault: RedirectFault) -> Response:
        """Back to the client with the fault of its own request; the log says so to whoever runs this."""
        told_back = InvalidRequest(f"told to the client: {fault.error}: {fault.description}")
        log_refusal(told_back, request_id=request_id_of(request.scope), route=route_of(request.scope))
        told = {"error": fault.error, "error_description": fault.description}
        return self._answer(fault.redirect_uri, fault.state, told)

    def refused(
        self,
        request: Request,
        error: WatchwordError,
        *,
        ways: WaysOn = NO_WAY,
        referrer_policy: str = "same-origin",
    ) -> Response:
        """A page that says in plain words why not, a problem document for whoever names JSON."""
        request_id, secure = request_id_of(request.scope), self.settings.secure
        log_refusal(error, request_id=request_id, route=route_of(request.scope))
        if prefers_json(request.headers.getlist("accept")):
            response = problem_response(error, request_id=request_id, secure=secure)
        else:
            response = error_page(error, request_id=request_id, secure=secure, ways=ways)
        response.headers["Referrer-Policy"] = referrer_policy
        response.headers.add_vary_header("Accept")
        return response

    def redirect(self, location: str) -> Response:
        return RedirectResponse(location, status_code=303, headers=self.headers())

    def headers(self) -> dict[str, str]:
        return page_headers(secure=self.settings.secure, referrer_policy="no-referrer", in_sign_in=True)

    def forget_attempts(
        self, request: Request, response: Response, params: Sequence[tuple[str, str]]
    ) -> None:
        cookies = self.browser.cookies(request)
        for handle in {handle_of(value) for name, value in params if name == "state"}:
            if cookies.get(self.browser.names.attempt + handle) is not None:
                self.browser.clear_attempt(response, handle)

    def _answer(self, redirect_uri: str, state: str | None, told: dict[str, str]) -> Response:
        answer = {**told, "state": state, "iss": self.settings.base_url}
        return self.redirect(with_answer(redirect_uri, answer))

    def attempts(self, request: Request) -> dict[str, str]:
        """The attempts this browser has open: handle to cookie."""
        prefix = self.browser.names.attempt
        kept = self.browser.cookies(request).with_prefix(prefix)
        return {name.removeprefix(prefix): value for name, value in kept.items()}
