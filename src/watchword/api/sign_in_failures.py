"""A callback that did not end in a session: who is told, and what they may do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from watchword.api.services import Services
from watchword.api.sign_in_responses import TOLD_TO_CLIENTS, SignInResponses
from watchword.api.ways_on import NO_WAY, WaysOn, signed_in_already, ways_back
from watchword.auth.way_back import WayBack
from watchword.errors import (
    AttemptExpired,
    AttemptMissing,
    AttemptUsed,
    RedirectUriRefused,
    WatchwordError,
)
from watchword.protocol.client_request import ClientRequest

_NOTHING_TO_DO = (AttemptMissing, AttemptExpired, AttemptUsed)
"""What a reload, a double click or the back button end in after a sign-in that went well."""


@dataclass(frozen=True, slots=True)
class SignInFailures:
    """The client learns what it can use, the person reads the rest and may try the same again."""

    responses: SignInResponses

    async def answer(
        self,
        request: Request,
        services: Services,
        params: Sequence[tuple[str, str]],
        attempt_cookie: Callable[[str], str | None],
        error: WatchwordError,
    ) -> Response:
        attempt = services.sign_in.attempts.known(params, attempt_cookie)
        if attempt is not None and attempt.client_request is not None:
            return self._told(request, attempt.client_request, error)
        kept = self.responses.attempts(request)
        back = services.sign_in.attempts.way_back(params, kept, request.path_params["provider"])
        if back is not None and back.expired and isinstance(error, AttemptMissing):
            error = AttemptExpired("by its state, it started longer ago than its cookie is kept")
        ways = await self._ways(request, services, error, back)
        return self.page(request, error, ways)

    def page(self, request: Request, error: WatchwordError, ways: WaysOn) -> Response:
        return self.responses.refused(request, error, ways=ways, referrer_policy="no-referrer")

    async def _ways(
        self, request: Request, services: Services, error: WatchwordError, back: WayBack | None
    ) -> WaysOn:
        default = self.responses.settings.default_return_to
        ways = ways_back(error, back, services.sign_in.clients, default_return_to=default)
        if ways.in_app or not isinstance(error, _NOTHING_TO_DO):
            return ways
        signed_in = await self._is_signed_in(request, services)
        return signed_in_already(ways, back, default_return_to=default) if signed_in else ways

    async def _is_signed_in(self, request: Request, services: Services) -> bool:
        """A hint for the page only: whoever cannot be looked up is offered to start again."""
        browser = self.responses.browser
        token = browser.cookies(request).get(browser.names.refresh)
        try:
            return token is not None and await services.sessions.holder(token) is not None
        except WatchwordError:
            return False

    def _told(self, request: Request, asked: ClientRequest, error: WatchwordError) -> Response:
        if isinstance(error, TOLD_TO_CLIENTS):
            try:
                return self.responses.denied(request, asked, error)
            except RedirectUriRefused as refusal:
                return self.page(request, refusal, NO_WAY)
        return self.page(request, error, WaysOn(in_app=True))
