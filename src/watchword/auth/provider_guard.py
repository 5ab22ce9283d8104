"""Whether a provider is asked at all, and what each call to it says about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from watchword.auth.deadline import time_left_seconds
from watchword.auth.endpoint_breakers import EndpointBreakers
from watchword.auth.provider_call import provider_call
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

_ABOUT_PEOPLE: Final[frozenset[EndpointKind]] = frozenset({"token", "userinfo"})
_CUT_SHORT: Final = "no answer in the time left for this"

T = TypeVar("T")


class ProviderGuard(EndpointBreakers):
    """Lets calls to one provider through, or refuses them at once while it is known to fail."""

    async def run(self, kind: EndpointKind, work: Callable[[], Awaitable[T]]) -> T:
        """One logical call, its answer checked, within the time left of the operation.

        Raises ProviderCircuitOpen, ProviderUnavailable, and what the work raises.
        """
        left_seconds = time_left_seconds()
        if left_seconds == 0:
            self.not_sent(kind)
            raise ProviderUnavailable(f"{kind} was not asked: {_CUT_SHORT}")
        return await self._asked(kind, self.admit(kind), work, left_seconds)

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
            return "not_sent" if isinstance(error, WatchwordError) else "cut_short"
