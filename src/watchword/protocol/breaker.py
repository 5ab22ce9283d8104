"""A circuit breaker as values: who may ask an endpoint that failed, and what each outcome changes.

Times are monotonic seconds, a ``draw`` is a random number in [-1, 1]; both come from the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

Outcome = Literal["success", "failure", "neutral"]
"""``neutral`` says nothing about the endpoint: cancelled, never sent, or cut short."""

MIN_THROTTLED_SECONDS: Final = 1
MAX_THROTTLED_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """It opens at so many ``failures_in_a_row``, or when ``failure_share`` of the latest
    ``window_calls`` within ``window_seconds`` failed and these are ``least_calls`` at least. It stays
    open ``open_seconds``, twice as long after each probe that fails, up to ``max_open_seconds``, give or
    take ``jitter_share``; then it asks one probe at a time until ``successes_to_close`` of them succeed.
    A probe not heard of for ``probe_seconds``, more than any call may take, is given up for lost."""

    failures_in_a_row: int = 5
    window_calls: int = 20
    window_seconds: float = 30.0
    least_calls: int = 5
    failure_share: float = 0.5
    open_seconds: float = 10.0
    max_open_seconds: float = 60.0
    jitter_share: float = 0.2
    successes_to_close: int = 2
    probe_seconds: float = 6.0


DEFAULT_POLICY: Final = BreakerPolicy()


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave for one call, to be handed back with its outcome. Its ``epoch`` tells a late outcome from
    one that still counts."""

    epoch: int
    probe: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """No call now; the next one may be let through after ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True)
class _Ended:
    at: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """All calls are let through. ``failures`` are in a row; ``latest`` are the calls of the window."""

    epoch: int = 0
    failures: int = 0
    latest: tuple[_Ended, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """No call is let through before ``until``. ``next_open_seconds`` is how long it opens again should
    a probe fail; ``throttled`` says that the endpoint itself named the time."""

    epoch: int
    failures: int
    until: float
    next_open_seconds: float
    throttled: bool = False


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """One probe at a time is let through. ``probe_until`` is when the one under way is given up, None
    while there is none."""

    epoch: int
    failures: int
    next_open_seconds: float
    successes: int = 0
    probe_until: float | None = None


Breaker = Closed | Open | HalfOpen


def admit(breaker: Breaker, policy: BreakerPolicy, *, now: float) -> tuple[Breaker, Permit | Refusal]:
    """Whether one more call may be sent at ``now``."""
    if isinstance(breaker, Closed):
        return breaker, Permit(breaker.epoch, probe=False)
    if isinstance(breaker, Open):
        if now < breaker.until:
            return breaker, Refusal(breaker.until - now)
        return admit(half_opened(breaker), policy, now=now)
    if breaker.probe_until is not None and now < breaker.probe_until:
        return breaker, Refusal(breaker.probe_until - now)
    asking = replace(breaker, epoch=breaker.epoch + 1, probe_until=now + policy.probe_seconds)
    return asking, Permit(asking.epoch, probe=True)


def ended(
    breaker: Breaker, policy: BreakerPolicy, permit: Permit, outcome: Outcome, *, now: float, draw: float
) -> Breaker:
    """What the end of a call changes: nothing, where the breaker has moved on since its permit."""
    if permit.epoch != breaker.epoch or isinstance(breaker, Open):
        return breaker
    if isinstance(breaker, Closed):
        return _ended_while_closed(breaker, policy, outcome, now=now, draw=draw)
    return _probe_ended(breaker, policy, outcome, now=now, draw=draw)


def throttled(
    breaker: Breaker, policy: BreakerPolicy, permit: Permit, *, seconds: int, now: float, draw: float
) -> Breaker:
    """The endpoint wants to be left alone for ``seconds`` (RFC 6585 §4), held between 1 and 60, of which
    the jitter makes more, but no more than 60."""
    if permit.epoch != breaker.epoch or isinstance(breaker, Open):
        return breaker
    held = min(max(seconds, MIN_THROTTLED_SECONDS), MAX_THROTTLED_SECONDS)
    return Open(
        epoch=breaker.epoch + 1,
        failures=breaker.failures + 1,
        until=now + min(held * (1 + policy.jitter_share * abs(draw)), MAX_THROTTLED_SECONDS),
        next_open_seconds=_next_open_seconds(breaker, policy),
        throttled=True,
    )


def half_opened(breaker: Open) -> HalfOpen:
    """Its time is up, or something has shown that the endpoint answers again."""
    return HalfOpen(
        epoch=breaker.epoch + 1,
        failures=breaker.failures,
        next_open_seconds=breaker.next_open_seconds,
    )


def _ended_while_closed(
    breaker: Closed, policy: BreakerPolicy, outcome: Outcome, *, now: float, draw: float
) -> Breaker:
    if outcome == "neutral":
        return breaker
    failed = outcome == "failure"
    recent = tuple(call for call in breaker.latest if now - call.at <= policy.window_seconds)
    latest = (*recent, _Ended(now, failed))[-policy.window_calls :]
    failures = breaker.failures + 1 if failed else 0
    if failed and (failures >= policy.failures_in_a_row or _too_many(latest, policy)):
        return _opened(breaker, policy, failures=failures, now=now, draw=draw)
    return replace(breaker, failures=failures, latest=latest)


def _too_many(latest: tuple[_Ended, ...], policy: BreakerPolicy) -> bool:
    failed = sum(call.failed for call in latest)
    return len(latest) >= policy.least_calls and failed >= policy.failure_share * len(latest)


def _probe_ended(
    breaker: HalfOpen, policy: BreakerPolicy, outcome: Outcome, *, now: float, draw: float
) -> Breaker:
    if outcome == "neutral":
        return replace(breaker, epoch=breaker.epoch + 1, probe_until=None)
    if outcome == "failure":
        return _opened(breaker, policy, failures=breaker.failures + 1, now=now, draw=draw)
    if breaker.successes + 1 >= policy.successes_to_close:
        return Closed(epoch=breaker.epoch + 1)
    return replace(
        breaker, epoch=breaker.epoch + 1, failures=0, successes=breaker.successes + 1, probe_until=None
    )


def _opened(
    breaker: Closed | HalfOpen, policy: BreakerPolicy, *, failures: int, now: float, draw: float
) -> Open:
    seconds = _next_open_seconds(breaker, policy)
    return Open(
        epoch=breaker.epoch + 1,
        failures=failures,
        until=now + seconds * (1 + policy.jitter_share * draw),
        next_open_seconds=min(2 * seconds, policy.max_open_seconds),
    )


def _next_open_seconds(breaker: Closed | HalfOpen, policy: BreakerPolicy) -> float:
    return policy.open_seconds if isinstance(breaker, Closed) else breaker.next_open_seconds
