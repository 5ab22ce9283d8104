"""Whether a provider is asked at all, and what each call to it says about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from watchword.auth.deadline import time_left_seconds
from watchword.auth.endpoint_breakers import EndpointBreakers
from watchword.auth.provider_call import provider_call, waiting_here
from watchword.auth.provider_health import CallOutcome, EndpointKind
from watchword.errors import (
    ProviderCircuitOpen,
    ProviderCrowded,
    ProviderPersonLimited,
    ProviderPersonUnreadable,
    ProviderRefused,
    ProviderResponseInvalid,
    ProviderSettingsMismatch,
    ProviderUnavailable,
    WatchwordError,
)
from watchword.protocol.breaker import Outcome, Permit

BeforeSending = Callable[[], Awaitable[None]]
"""What is done in the place of a call just before it is sent; its refusal says nothing of the provider."""
_ABOUT_PEOPLE: Final[frozenset[EndpointKind]] = frozenset({"token", "userinfo"})
_CUT_SHORT: Final = "no answer in the time left for this"

T = TypeVar("T")


class _NotSent(Exception):
    """What was to be done before the call refused it."""

    def __init__(self, cause: WatchwordError) -> None:
        super().__init__(cause.code)
        self.cause = cause


class ProviderGuard(EndpointBreakers):
    """Lets calls to one provider through, or refuses them at once while it is known to fail."""

    async def run(
        self, kind: EndpointKind, work: Callable[[], Awaitable[T]], *, before: BeforeSending | None = None
    ) -> T:
        """One logical call, its answer checked, within the time left of the operation. What ``before``
        uses up is used up only where the call is then sent.

        Raises ProviderCircuitOpen, ProviderUnavailable, and what ``before`` and the work raise.
        """
        left_seconds = time_left_seconds()
        if left_seconds == 0:
            self.not_sent(kind)
            raise ProviderUnavailable(f"{kind} was not asked: {_CUT_SHORT}")
        permit = self.admit(kind)
        if before is None:
            return await self._asked(kind, permit, work, left_seconds)
        try:
            return await self._asked(kind, permit, lambda: _after(before, work), left_seconds)
        except _NotSent as refused:
            raise refused.cause from None

    async def _asked(
        self, kind: EndpointKind, permit: Permit, work: Callable[[], Awaitable[T]], seconds: float | None
    ) -> T:
        timeout = asyncio.timeout(seconds)
        error: BaseException | None = None
        try:
            with provider_call(probe=permit.probe) as call:
                async with timeout:
                    return await work()
        except TimeoutError as expired:
            error = expired
            if not timeout.expired():
                raise
            late = ProviderUnavailable(f"{kind}: {_CUT_SHORT}")
            error = late if call.had_its_time else error
            raise late from None
        except BaseException as raised:
            error = raised
            raise
        finally:
            told = error if isinstance(error, WatchwordError) else None
            self.end(kind, permit, _outcome(kind, error), _counted(kind, error), told)


async def _after(before: BeforeSending, work: Callable[[], Awaitable[T]]) -> T:
    try:
        with waiting_here():
            await before()
    except WatchwordError as cause:
        raise _NotSent(cause) from None
    return await work()


def _outcome(kind: EndpointKind, error: BaseException | None) -> Outcome:
    """What it says about the endpoint: an error that is somebody else's shows that it answers, or one
    person could have it left alone for all."""
    match error:
        case ProviderPersonUnreadable() if kind in _ABOUT_PEOPLE:
            return "success"
        case None | ProviderRefused() | ProviderSettingsMismatch() | ProviderPersonLimited():
            return "success"
        case ProviderCircuitOpen() | ProviderCrowded():
            return "neutral"
        case ProviderUnavailable() | ProviderResponseInvalid():
            return "failure"
        case WatchwordError():
            return "success"
    return "neutral"


def _counted(kind: EndpointKind, error: BaseException | None) -> CallOutcome:
    match _outcome(kind, error):
        case "success":
            return "answered"
        case "failure":
            return "failed"
        case "neutral":
            return "not_sent" if isinstance(error, WatchwordError | _NotSent) else "cut_short"
