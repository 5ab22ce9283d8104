"""A provider's token endpoint, asked once for each grant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from watchword.auth.ports import Clock, ProviderHttp
from watchword.auth.provider_guard import BeforeSending, ProviderGuard
from watchword.protocol.client_auth import AuthenticatedForm
from watchword.protocol.clock_skew import clock_skew_seconds
from watchword.protocol.provider_answer import MAX_ANSWER_BYTES
from watchword.protocol.token_exchange import TokenResponse

Check = Callable[[int, Mapping[str, str], bytes], TokenResponse]


class TokenEndpoint:
    """Sends a grant, never twice, and has its answer checked. ``clock_skew_seconds`` is by how much the
    provider's clock was ahead of ours in the latest answer that said so."""

    def __init__(self, http: ProviderHttp, clock: Clock, guard: ProviderGuard) -> None:
        self._http = http
        self._clock = clock
        self._guard = guard
        self.clock_skew_seconds: int | None = None

    async def ask(
        self, request: AuthenticatedForm, check: Check, *, before: BeforeSending | None = None
    ) -> tuple[TokenResponse, int | None]:
        """The tokens, and by how many seconds the provider's clock was ahead of ours, where it said.

        Raises ProviderCircuitOpen, ProviderUnavailable and what ``before`` and the check raise.
        """
        return await self._guard.run("token", lambda: self._ask(request, check), before=before)

    async def _ask(self, request: AuthenticatedForm, check: Check) -> tuple[TokenResponse, int | None]:
        answer = await self._http.post_form(
            request.url, request.form, max_bytes=MAX_ANSWER_BYTES, authorization=request.authorization
        )
        skew_seconds = clock_skew_seconds(answer.headers, now_seconds=self._clock.now_seconds())
        if skew_seconds is not None:
            self.clock_skew_seconds = skew_seconds
        return check(answer.status, answer.headers, answer.body), skew_seconds
