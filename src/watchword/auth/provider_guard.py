"""Whether a provider is asked at all: a circuit breaker for each kind of its endpoints."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar, get_args

from watchword.auth.deadline import time_left_seconds
from watchword.auth.ports import Clock
from watchword.auth.provider_health import BreakerState, CallOutcome, EndpointHealth, EndpointKind
from watchword.errors import (
    ProviderCircuitOpen,
    ProviderCrowded,
    ProviderPersonLimited,
    ProviderRefused,
    ProviderResponseInvalid,
    ProviderSettingsMismatch,
    ProviderThrottled,
    ProviderUnavailable,
    WatchwordError,
)
from watchword.protocol.breaker import (
    DEFAULT_POLICY,
    Breaker,
    BreakerPolicy,
    Closed,
    HalfOpen,
    Open,
    Outcome,
    Permit,
    Refusal,
    admit,
    ended,
    half_opened,
    throttled,
)
from watchword.protocol.provider_answer import DEFAULT_RETRY_AFTER_SECONDS

HAD_ITS_TIME_SECONDS: Final = 3.0
"""A call that our own deadline cuts short after so long, the read timeout, is the provider's failure."""

ENDPOINT_KINDS: Final[tuple[EndpointKind, ...]] = get_args(EndpointKind)
_STATES: Final[Mapping[type[Breaker], BreakerState]] = {
    Closed: "closed",
    HalfOpen: "half_open",
    Open: "open",
}
_BY_BADNESS: Final[tuple[BreakerState, ...]] = ("closed", "half_open", "open")
_CUT_SHORT: Final = "no answer in the time left for this"

logger = logging.getLogger("watchword")
T = TypeVar("T")


class _Call:
    """What runs under a permit; ``asked_at`` is when, by the clock of the event loop, and None while it
    waits for its turn on our side."""

    def __init__(self, *, probe: bool) -> None:
        self.probe = probe
        self.asked_at: float | None = _loop_time()

    @property
    def had_its_time(self) -> bool:
        return self.asked_at is not None and _loop_time() - self.asked_at >= HAD_ITS_TIME_SECONDS


_call: ContextVar[_Call | None] = ContextVar("watchword call to a provider", default=None)


def is_probe() -> bool:
    """Whether the call that runs here tries an endpoint out, so that it is sent once and no more."""
    call = _call.get()
    return call is not None and call.probe


@contextmanager
def as_probe() -> Iterator[None]:
    """What is asked inside is sent once and no more."""
    token = _call.set(_Call(probe=True))
    try:
        yield
    finally:
        _call.reset(token)


@contextmanager
def waiting_here() -> Iterator[None]:
    """Time that a call spends before it is sent, which is none of the provider's."""
    call = _call.get() or _Call(probe=False)
    call.asked_at = None
    yield
    call.asked_at = _loop_time()


class ProviderGuard:
    """Lets calls to one provider through, or refuses them at once while it is known to fail.

    It belongs to its process, not to an event loop: every change is made in one go under a lock that
    is never held over an ``await``, and a call that vanishes with its loop, or stayed behind in the
    process this one was forked from, blocks nothing for longer than a probe may take.
    """

    def __init__(
        self,
        provider_id: str,
        clock: Clock,
        *,
        policy: BreakerPolicy = DEFAULT_POLICY,
        draw: Callable[[], float] = lambda: random.uniform(-1, 1),  # noqa: S311
    ) -> None:
        self._provider_id = provider_id
        self._clock = clock
        self._policy = policy
        self._draw = draw
        self._breakers: dict[EndpointKind, Breaker] = dict.fromkeys(ENDPOINT_KINDS, Closed())
        self._last_faults: dict[EndpointKind, str] = {}
        self._calls: Counter[tuple[EndpointKind, CallOutcome]] = Counter()
        self._transitions: Counter[tuple[EndpointKind, BreakerState]] = Counter()
        self._lock = threading.Lock()
        self._process = os.getpid()

    async def run(self, kind: EndpointKind, work: Callable[[], Awaitable[T]]) -> T:
        """One logical call, its answer checked, within the time left of the operation.

        Raises ProviderCircuitOpen, ProviderUnavailable, and what the work raises.
        """
        left_seconds = time_left_seconds()
        if left_seconds == 0:
            self._calls[kind, "not_sent"] += 1
            raise ProviderUnavailable(f"{self._provider_id}: {_CUT_SHORT}, {kind} was not asked")
        return await self._asked(kind, self._admitted(kind), work, left_seconds)

    async def _asked(
        self, kind: EndpointKind, permit: Permit, work: Callable[[], Awaitable[T]], seconds: float | None
    ) -> T:
        call = _Call(probe=permit.probe)
        token, timeout = _call.set(call), asyncio.timeout(seconds)
        error: BaseException | None = None
        try:
            async with timeout:
                return await work()
        except TimeoutError as expired:
            error = expired
            if not timeout.expired():
                raise
            late = ProviderUnavailable(f"{self._provider_id}: {_CUT_SHORT} ({kind})")
            error = late if call.had_its_time else error
            raise late from None
        except BaseException as raised:
            error = raised
            raise
        finally:
            _call.reset(token)
            self._end(kind, permit, error)

    def health(self) -> dict[EndpointKind, EndpointHealth]:
        """Each endpoint as it is now; one whose time is up is half open before anybody has tried it."""
        with self._held():
            breakers, faults = dict(self._breakers), dict(self._last_faults)
        now = self._clock.monotonic()
        return {kind: _health(breaker, faults.get(kind), now) for kind, breaker in breakers.items()}

    @property
    def state(self) -> BreakerState:
        """The worst of the endpoints'."""
        return max((each.state for each in self.health().values()), key=_BY_BADNESS.index)

    @property
    def calls(self) -> Mapping[tuple[EndpointKind, CallOutcome], int]:
        """How many calls ended how, since the start of the process."""
        return dict(self._calls)

    @property
    def transitions(self) -> Mapping[tuple[EndpointKind, BreakerState], int]:
        """How often each endpoint came into each state, since the start of the process."""
        return dict(self._transitions)

    def is_throttled(self, kind: EndpointKind) -> bool:
        """Whether the endpoint itself wants to be left alone still."""
        breaker = self._breakers[kind]
        return isinstance(breaker, Open) and breaker.throttled and self._clock.monotonic() < breaker.until

    def hasten(self, kind: EndpointKind) -> None:
        """Half-open at once what is open: it was seen to answer again."""
        with self._held():
            before = self._breakers[kind]
            after = half_opened(before) if isinstance(before, Open) else before
            changed = self._keep(kind, before, after)
        if changed:
            self._tell(kind, after, "it answers again")

    def reset(self) -> None:
        """Close every breaker: what went wrong before says nothing any more."""
        with self._held():
            for kind, before in self._breakers.items():
                self._keep(kind, before, Closed(epoch=before.epoch + 1))

    def _admitted(self, kind: EndpointKind) -> Permit:
        now = self._clock.monotonic()
        with self._held():
            before = self._breakers[kind]
            after, permit = admit(before, self._policy, now=now)
            changed = self._keep(kind, before, after)
            if isinstance(permit, Refusal):
                self._calls[kind, "not_sent"] += 1
        if changed:
            self._tell(kind, after, "its time is up")
        if isinstance(permit, Refusal):
            raise ProviderCircuitOpen(
                f"{self._provider_id}: {kind} is not asked, it failed ({self._last_faults.get(kind)})",
                retry_after_seconds=max(1, math.ceil(permit.seconds)),
            )
        return permit

    def _end(self, kind: EndpointKind, permit: Permit, error: BaseException | None) -> None:
        outcome = _outcome(error)
        now, draw = self._clock.monotonic(), self._draw()
        with self._held():
            before = self._breakers[kind]
            if isinstance(error, ProviderThrottled):
                seconds = error.retry_after_seconds or DEFAULT_RETRY_AFTER_SECONDS
                after = throttled(before, self._policy, permit, seconds=seconds, now=now, draw=draw)
            else:
                after = ended(before, self._policy, permit, outcome, now=now, draw=draw)
            changed = self._keep(kind, before, after)
            self._calls[kind, _counted(outcome, error)] += 1
            if outcome == "failure" and isinstance(error, WatchwordError):
                self._last_faults[kind] = error.code
        if changed:
            self._tell(kind, after, error.detail if isinstance(error, WatchwordError) else "it answers again")

    def _keep(self, kind: EndpointKind, before: Breaker, after: Breaker) -> bool:
        """Whether this is another state, which is then counted."""
        self._breakers[kind] = after
        if type(before) is type(after):
            return False
        self._transitions[kind, _STATES[type(after)]] += 1
        return True

    def _tell(self, kind: EndpointKind, breaker: Breaker, cause: str) -> None:
        seconds = 0.0 if not isinstance(breaker, Open) else breaker.until - self._clock.monotonic()
        rest = f", not asked for {math.ceil(seconds)} s" if isinstance(breaker, Open) else ""
        logger.warning(
            "provider %s: %s is %s%s: %s", self._provider_id, kind, _STATES[type(breaker)], rest, cause
        )

    def _held(self) -> threading.Lock:
        """The lock; another one in a process that was forked while somebody held it."""
        if self._process != os.getpid():
            self._lock, self._process = threading.Lock(), os.getpid()
        return self._lock


def _outcome(error: BaseException | None) -> Outcome:
    match error:
        case None | ProviderRefused() | ProviderSettingsMismatch() | ProviderPersonLimited():
            return "success"
        case ProviderCircuitOpen() | ProviderCrowded():
            return "neutral"
        case ProviderUnavailable() | ProviderResponseInvalid():
            return "failure"
        case WatchwordError():
            return "success"
    return "neutral"


def _counted(outcome: Outcome, error: BaseException | None) -> CallOutcome:
    if outcome == "success":
        return "answered"
    if outcome == "failure":
        return "failed"
    return "not_sent" if isinstance(error, WatchwordError) else "cut_short"


def _health(breaker: Breaker, last_fault: str | None, now: float) -> EndpointHealth:
    match breaker:
        case Closed():
            waiting = None
        case Open():
            waiting = breaker.until - now
        case HalfOpen():
            waiting = None if breaker.probe_until is None else breaker.probe_until - now
    closed_to_calls = waiting is not None and waiting > 0
    state = _STATES[type(breaker)]
    return EndpointHealth(
        state="half_open" if state == "open" and not closed_to_calls else state,
        retry_after_seconds=math.ceil(waiting) if waiting is not None and waiting > 0 else None,
        failures=breaker.failures,
        last_fault=last_fault,
    )


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
