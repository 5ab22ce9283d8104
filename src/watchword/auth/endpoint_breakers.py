"""The breakers of one provider's endpoints: what they let through, counted and told."""

from __future__ import annotations

import math
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, get_args

from watchword.auth.jitter import jitter
from watchword.auth.logs import tell
from watchword.auth.ports import Clock
from watchword.auth.provider_health import BreakerState, CallOutcome, EndpointHealth, EndpointKind
from watchword.errors import (
    ProviderCircuitOpen,
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

ENDPOINT_KINDS: Final[tuple[EndpointKind, ...]] = get_args(EndpointKind)
_STATES: Final[Mapping[type[Breaker], BreakerState]] = {
    Closed: "closed",
    HalfOpen: "half_open",
    Open: "open",
}
_BY_BADNESS: Final[tuple[BreakerState, ...]] = ("closed", "half_open", "open")
_ANSWERS: Final = "it answers again"


class EndpointBreakers:
    """Belongs to a process, not to an event loop: every change is made in one go under a lock that no
    ``await`` is ever under. A permit that vanished with its loop, or stayed behind in the process this
    one was forked from, blocks nothing for longer than a probe may take."""

    def __init__(
        self,
        provider_id: str,
        clock: Clock,
        *,
        policy: BreakerPolicy = DEFAULT_POLICY,
        draw: Callable[[], float] = jitter,
    ) -> None:
        self._provider_id = provider_id
        self._clock = clock
        self._policy = policy
        self._draw = draw
        self._breakers: dict[EndpointKind, Breaker] = dict.fromkeys(ENDPOINT_KINDS, Closed())
        self._last_faults: dict[EndpointKind, str] = {}
        self._calls: Counter[tuple[EndpointKind, CallOutcome]] = Counter()
        self._transitions: Counter[tuple[EndpointKind, BreakerState]] = Counter()
        self._lock = threading.RLock()
        self._process = os.getpid()

    def admit(self, kind: EndpointKind) -> Permit:
        """Leave for one call. Raises ProviderCircuitOpen."""
        with self._held():
            before = self._breakers[kind]
            after, answer = admit(before, self._policy, now=self._clock.monotonic())
            changed = self._keep(kind, before, after)
        if changed:
            self._tell(kind, after, "its time is up")
        if isinstance(answer, Refusal):
            raise self._refused(kind, answer)
        return answer

    def require(self, kind: EndpointKind) -> None:
        """Whether a call would be let through now, without taking its place. Raises
        ProviderCircuitOpen."""
        with self._held():
            _, answer = admit(self._breakers[kind], self._policy, now=self._clock.monotonic())
        if isinstance(answer, Refusal):
            raise self._refused(kind, answer)

    def end(
        self,
        kind: EndpointKind,
        permit: Permit,
        outcome: Outcome,
        counted: CallOutcome,
        error: WatchwordError | None,
    ) -> None:
        """What became of a call that was let through; ``error`` is its cause where there is one, and
        comes out of here saying when to try again."""
        now, draw = self._clock.monotonic(), self._draw()
        with self._held():
            before = self._breakers[kind]
            if isinstance(error, ProviderThrottled):
                seconds = error.retry_after_seconds or DEFAULT_RETRY_AFTER_SECONDS
                after = throttled(before, self._policy, permit, seconds=seconds, now=now, draw=draw)
            else:
                after = ended(before, self._policy, permit, outcome, now=now, draw=draw)
            changed = self._keep(kind, before, after)
            self._calls[kind, counted] += 1
            if outcome == "failure" and error is not None:
                self._last_faults[kind] = error.code
                if isinstance(after, Open) and not after.throttled and isinstance(error, ProviderUnavailable):
                    asked_seconds = error.retry_after_seconds or 0
                    error.retry_after_seconds = max(asked_seconds, _whole_seconds(after.until - now))
        if changed:
            self._tell(kind, after, error.detail if error and isinstance(after, Open) else _ANSWERS)

    def not_sent(self, kind: EndpointKind) -> None:
        """Count a call that was given up before it asked for leave."""
        with self._held():
            self._calls[kind, "not_sent"] += 1

    def hasten(self, kind: EndpointKind) -> None:
        """Half-open at once what is open: it was seen to answer again."""
        with self._held():
            before = self._breakers[kind]
            after = half_opened(before) if isinstance(before, Open) else before
            changed = self._keep(kind, before, after)
        if changed:
            self._tell(kind, after, _ANSWERS)

    def reset(self) -> None:
        """Close every breaker: what went wrong before says nothing any more."""
        with self._held():
            for kind, before in self._breakers.items():
                self._keep(kind, before, Closed(epoch=before.epoch + 1))

    def is_throttled(self, kind: EndpointKind) -> bool:
        """Whether the endpoint itself wants to be left alone still."""
        breaker = self._breakers[kind]
        return isinstance(breaker, Open) and breaker.throttled and self._clock.monotonic() < breaker.until

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
        with self._held():
            return dict(self._calls)

    @property
    def transitions(self) -> Mapping[tuple[EndpointKind, BreakerState], int]:
        """How often each endpoint came into each state, since the start of the process."""
        with self._held():
            return dict(self._transitions)

    def _refused(self, kind: EndpointKind, refusal: Refusal) -> ProviderCircuitOpen:
        self.not_sent(kind)
        return ProviderCircuitOpen(
            f"{self._provider_id}: {kind} is not asked, it failed ({self._last_faults.get(kind)})",
            retry_after_seconds=_whole_seconds(refusal.seconds),
        )

    def _keep(self, kind: EndpointKind, before: Breaker, after: Breaker) -> bool:
        """Whether this is another state, which is then counted."""
        self._breakers[kind] = after
        if type(before) is type(after):
            return False
        self._transitions[kind, _STATES[type(after)]] += 1
        return True

    def _tell(self, kind: EndpointKind, breaker: Breaker, cause: str) -> None:
        rest = ""
        if isinstance(breaker, Open):
            rest = f", not asked for {math.ceil(breaker.until - self._clock.monotonic())} s"
        state = _STATES[type(breaker)]
        tell(
            "breaker_changed",
            "provider %s: %s is %s%s: %s",
            *(self._provider_id, kind, state, rest, cause),
            provider=self._provider_id,
            kind=kind,
            state=state,
            cause=cause,
        )

    def _held(self) -> threading.RLock:
        """The lock; another one in a process that was forked while somebody held it."""
        if self._process != os.getpid():
            self._lock, self._process = threading.RLock(), os.getpid()
        return self._lock


def _whole_seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))


def _health(breaker: Breaker, last_fault: str | None, now: float) -> EndpointHealth:
    free_at = None
    if isinstance(breaker, Open):
        free_at = breaker.until
    elif isinstance(breaker, HalfOpen):
        free_at = breaker.probe_until
    waiting = None if free_at is None or free_at <= now else math.ceil(free_at - now)
    state = _STATES[type(breaker)]
    return EndpointHealth(
        state="half_open" if state == "open" and waiting is None else state,
        retry_after_seconds=waiting,
        failures=breaker.failures,
        last_fault=last_fault,
    )
