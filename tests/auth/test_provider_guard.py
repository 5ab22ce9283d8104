"""What each call to a provider says about it, and who is let through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from watchword.auth.deadline import operation
from watchword.auth.provider_call import current_call, is_probe, waiting_here
from watchword.auth.provider_guard import ProviderGuard
from watchword.auth.provider_health import CallOutcome
from watchword.errors import (
    CodeRefused,
    IdTokenRejected,
    ProviderCircuitOpen,
    ProviderCrowded,
    ProviderMetadataInvalid,
    ProviderNameUnresolved,
    ProviderPersonLimited,
    ProviderPersonUnreadable,
    ProviderRefused,
    ProviderResponseInvalid,
    ProviderSettingsMismatch,
    ProviderThrottled,
    ProviderTlsFailed,
    ProviderUnavailable,
    UserinfoRejected,
    WatchwordError,
)
from watchword.protocol.provider_answer import check_available, check_document
from watchword.testing import FakeClock

ANSWER = "answer"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def guard(clock: FakeClock) -> ProviderGuard:
    """A guard without jitter, so that times are exact."""
    return ProviderGuard("dev", clock, draw=lambda: 0.0)


def raising(error: BaseException) -> Callable[[], Awaitable[str]]:
    async def work() -> str:
        raise error

    return work


async def answering() -> str:
    return ANSWER


async def fail(guard: ProviderGuard, times: int = 1, error: WatchwordError | None = None) -> None:
    for _ in range(times):
        with pytest.raises(WatchwordError):
            await guard.run("token", raising(error or ProviderUnavailable("down")))


async def probe_fails(guard: ProviderGuard, clock: FakeClock, *, after_seconds: float) -> None:
    clock.advance(after_seconds)
    await fail(guard)


FAILURES: list[WatchwordError] = [
    ProviderUnavailable("timeout, connection, 5xx"),
    ProviderNameUnresolved("no such host"),
    ProviderTlsFailed("expired"),
    ProviderResponseInvalid("malformed 200"),
    ProviderMetadataInvalid("not the issuer"),
]
NO_FAILURES: list[WatchwordError] = [
    ProviderRefused("400"),
    ProviderPersonLimited("403"),
    ProviderPersonUnreadable("64 KB of groups"),
    ProviderSettingsMismatch("ours"),
    CodeRefused("invalid_grant"),
    IdTokenRejected("forged"),
    UserinfoRejected("somebody else"),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda each: each.code)
async def test_faults_of_the_provider_open_the_breaker_of_that_endpoint(
    guard: ProviderGuard, error: WatchwordError
) -> None:
    """The sixth call is refused at once and never made; other endpoints are not concerned."""
    await fail(guard, 5, error)
    calls = 0

    async def counting() -> None:
        nonlocal calls
        calls += 1

    with pytest.raises(ProviderCircuitOpen) as caught:
        await guard.run("token", counting)
    assert (calls, caught.value.retry_after_seconds, caught.value.status) == (0, 10, 503)
    assert await guard.run("jwks", answering) == ANSWER
    assert guard.health()["token"].last_fault == error.code


@pytest.mark.parametrize("error", NO_FAILURES, ids=lambda each: type(each).__name__)
async def test_user_errors_and_refusals_never_open_it(guard: ProviderGuard, error: WatchwordError) -> None:
    """A hundred wrong codes are no outage."""
    await fail(guard, 100, error)
    assert guard.state == "closed"
    assert guard.calls == {("token", "answered"): 100}


async def test_a_document_for_everybody_is_no_matter_of_one_person(guard: ProviderGuard) -> None:
    """A key set that is too large is a fault of the endpoint."""
    for _ in range(5):
        with pytest.raises(ProviderPersonUnreadable):
            await guard.run("jwks", raising(ProviderPersonUnreadable("more than 262144 bytes")))
    assert guard.state == "open"


@pytest.mark.parametrize("error", NO_FAILURES, ids=lambda each: type(each).__name__)
async def test_a_refusal_is_an_answer_to_a_probe(
    guard: ProviderGuard, clock: FakeClock, error: WatchwordError
) -> None:
    """Somebody's wrong code shows just as well that the endpoint is back."""
    await fail(guard, 5)
    clock.advance(10)
    await fail(guard, 2, error)
    assert guard.state == "closed"


@pytest.mark.parametrize(
    ("status", "opens"),
    [
        *((status, True) for status in (204, 302, 307, 500, 502, 503, 504, 599)),
        *((status, False) for status in (400, 401, 403, 404, 418, 499)),
    ],
)
async def test_flt_06_flt_12_what_a_status_says(guard: ProviderGuard, status: int, opens: bool) -> None:
    """5xx and an answer that is none count, a redirect to a portal among them; 4xx never do."""

    async def document() -> None:
        check_document("the key set", status, {})

    for _ in range(5):
        with pytest.raises(WatchwordError):
            await guard.run("jwks", document)
    assert (guard.state == "open") is opens


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("5", 5),
        ("60", 60),
        ("3600", 60),
        ("0", 1),
        ("-5", 10),
        ("soon", 10),
        ("", 10),
        ("1e3", 10),
        ("9" * 400, 10),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 10),
        (None, 10),
    ],
)
async def test_flt_07_one_429_opens_it_for_its_retry_after(
    guard: ProviderGuard, clock: FakeClock, given: str | None, seconds: int
) -> None:
    """Held between a second and a minute; ten seconds where it says nothing usable."""

    async def work() -> None:
        check_available("the token endpoint", 429, {} if given is None else {"Retry-After": given})

    with pytest.raises(ProviderThrottled) as first:
        await guard.run("token", work)
    assert first.value.code == "provider_unavailable"
    with pytest.raises(ProviderCircuitOpen) as caught:
        await guard.run("token", answering)
    assert caught.value.retry_after_seconds == seconds
    assert guard.is_throttled("token")
    clock.advance(seconds)
    assert not guard.is_throttled("token")
    assert await guard.run("token", answering) == ANSWER


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("5", 5), ("3600", 60), ("garbage", 10), ("Wed, 21 Oct 2015 07:28:00 GMT", 10)],
)
async def test_flt_06_a_503_tells_its_time_and_opens_it_for_ours(
    guard: ProviderGuard, given: str, seconds: int
) -> None:
    """Its Retry-After is passed on within bounds; five of them open the breaker, and the fifth is told no
    less than that takes."""

    async def work() -> None:
        check_available("the token endpoint", 503, {"Retry-After": given})

    told = []
    for _ in range(5):
        with pytest.raises(ProviderUnavailable) as caught:
            await guard.run("token", work)
        told.append(caught.value.retry_after_seconds)
    assert told == [seconds] * 4 + [max(seconds, 10)]
    assert guard.health()["token"].retry_after_seconds == 10


@pytest.mark.parametrize("error", [ProviderCrowded("full"), ProviderCircuitOpen("inner"), ValueError("ours")])
async def test_what_was_never_sent_says_nothing(guard: ProviderGuard, error: Exception) -> None:
    """Neither our own crowd nor our own mistakes are the provider's."""
    await fail(guard, 4)
    for _ in range(20):
        with pytest.raises(type(error)):
            await guard.run("token", raising(error))
    assert guard.health()["token"].failures == 4
    await fail(guard)
    assert guard.health()["token"].failures == 5
    assert guard.state == "open"


async def test_a_cancelled_call_says_nothing_and_frees_the_slot(
    guard: ProviderGuard, clock: FakeClock
) -> None:
    """The person closed the tab: the next one is the probe, at once."""
    await fail(guard, 5)
    clock.advance(10)
    asked = asyncio.Event()

    async def hanging() -> None:
        asked.set()
        await asyncio.Event().wait()

    probe = asyncio.create_task(guard.run("token", hanging))
    await asked.wait()
    with pytest.raises(ProviderCircuitOpen):
        await guard.run("token", answering)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert await guard.run("token", answering) == ANSWER
    assert guard.calls["token", "cut_short"] == 1


async def test_flt_16_of_five_hundred_that_wait_one_is_the_probe(
    guard: ProviderGuard, clock: FakeClock
) -> None:
    """When it half-opens, 499 are told at once to come back and one asks; then one more, then all."""
    await fail(guard, 5)
    clock.advance(10)
    asked = 0
    answered = asyncio.Event()

    async def slow() -> str:
        nonlocal asked
        asked += 1
        await answered.wait()
        return ANSWER

    crowd = [asyncio.create_task(guard.run("token", slow)) for _ in range(500)]
    waiting = set(crowd)
    async with asyncio.timeout(20):
        while len(waiting) > 1:
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    refused = set(crowd) - waiting
    assert (asked, len(refused), len(waiting)) == (1, 499, 1)
    assert all(isinstance(each.exception(), ProviderCircuitOpen) for each in refused)
    answered.set()
    await asyncio.wait(crowd)
    assert guard.state == "half_open"
    assert await asyncio.gather(*(guard.run("token", answering) for _ in range(1))) == [ANSWER]
    assert await asyncio.gather(*(guard.run("token", slow) for _ in range(500))) == [ANSWER] * 500


async def test_a_probe_knows_that_it_is_one(guard: ProviderGuard, clock: FakeClock) -> None:
    """So that it is sent once; ordinary calls may be repeated."""
    seen = []

    async def note() -> None:
        seen.append(is_probe())

    await guard.run("token", note)
    await fail(guard, 5)
    clock.advance(10)
    await guard.run("token", note)
    await guard.run("jwks", note)
    assert seen == [False, True, False]
    assert not is_probe()


async def test_a_probe_that_never_comes_back_wedges_nothing(guard: ProviderGuard, clock: FakeClock) -> None:
    """Its place lapses after more than any call may take, and its late answer counts for nothing."""
    await fail(guard, 5)
    clock.advance(10)
    permit = guard.admit("token")
    clock.advance(5.5)
    with pytest.raises(ProviderCircuitOpen) as caught:
        guard.admit("token")
    assert caught.value.retry_after_seconds == 1
    clock.advance(0.5)
    assert await guard.run("token", answering) == ANSWER
    guard.end("token", permit, "failure", "failed", ProviderUnavailable("late"))
    assert guard.state == "half_open"


# --- the deadline of an operation -------------------------------------------------------------


async def test_a_call_ends_with_its_operation(guard: ProviderGuard) -> None:
    """Told as unavailable; so short a time says nothing about the provider."""
    for _ in range(6):
        with operation(0.01), pytest.raises(ProviderUnavailable, match="time left"):
            await guard.run("token", asyncio.Event().wait)
    assert guard.state == "closed"
    assert guard.calls == {("token", "cut_short"): 6}


async def test_no_call_begins_without_time(guard: ProviderGuard) -> None:
    """What came before used it up."""
    with operation(0), pytest.raises(ProviderUnavailable, match="was not asked"):
        await guard.run("token", answering)
    assert guard.calls == {("token", "not_sent"): 1}


async def test_an_inner_operation_ends_with_the_outer_one(guard: ProviderGuard) -> None:
    """A re-check in a sign-in gets no time of its own."""
    with operation(0), operation(5), pytest.raises(ProviderUnavailable):
        await guard.run("token", answering)
    assert await guard.run("token", answering) == ANSWER


async def test_a_call_that_had_its_time_counts_as_a_failure(guard: ProviderGuard) -> None:
    """Three seconds without an answer are the provider's, whoever's deadline it was that ended it."""
    loop = asyncio.get_running_loop()
    earlier = loop.time() - 3.0

    async def long_asked() -> None:
        call = current_call()
        assert call is not None
        call.asked_at = earlier
        await asyncio.Event().wait()

    for _ in range(5):
        with operation(0.01), pytest.raises(ProviderUnavailable):
            await guard.run("token", long_asked)
    assert guard.state == "open"


async def test_a_call_that_waited_for_its_turn_says_nothing(guard: ProviderGuard) -> None:
    """Time in our own queue is none of the provider's."""

    async def queued() -> None:
        with waiting_here():
            await asyncio.Event().wait()

    for _ in range(6):
        with operation(0.01), pytest.raises(ProviderUnavailable):
            await guard.run("token", queued)
    assert guard.state == "closed"


async def test_a_timeout_of_the_work_itself_is_its_own(guard: ProviderGuard) -> None:
    """An error nobody expected passes as it is."""
    with operation(5), pytest.raises(TimeoutError):
        await guard.run("token", raising(TimeoutError()))
    assert guard.state == "closed"


# --- what is told -----------------------------------------------------------------------------


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "watchword"]


async def test_one_line_for_each_change_of_state(
    guard: ProviderGuard, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Provider, endpoint and cause; nothing for each request, however many are refused."""
    caplog.set_level(logging.DEBUG, logger="watchword")
    await fail(guard, 5)
    for _ in range(50):
        with pytest.raises(ProviderCircuitOpen):
            await guard.run("token", answering)
    await probe_fails(guard, clock, after_seconds=10)
    clock.advance(20)
    for _ in range(20):
        await guard.run("token", answering)
    assert lines(caplog) == [
        "provider dev: token is open, not asked for 10 s: down",
        "provider dev: token is half_open: its time is up",
        "provider dev: token is open, not asked for 20 s: down",
        "provider dev: token is half_open: its time is up",
        "provider dev: token is closed: it answers again",
    ]
    assert guard.transitions == {("token", "open"): 2, ("token", "half_open"): 2, ("token", "closed"): 1}


async def test_health_and_counts(guard: ProviderGuard, clock: FakeClock) -> None:
    """What pages, readiness and metrics read; the worst endpoint speaks for the provider."""
    await fail(guard, 5)
    with pytest.raises(ProviderCircuitOpen):
        await guard.run("token", answering)
    health = guard.health()["token"]
    assert (health.state, health.retry_after_seconds, health.failures) == ("open", 10, 5)
    assert guard.state == "open"
    clock.advance(10)
    health = guard.health()["token"]
    assert (health.state, health.retry_after_seconds, health.last_fault) == (
        "half_open",
        None,
        "provider_unavailable",
    )
    guard.admit("token")
    assert guard.health()["token"].retry_after_seconds == 6
    expected: dict[tuple[str, CallOutcome], int] = {("token", "failed"): 5, ("token", "not_sent"): 1}
    assert guard.calls == expected


async def test_the_call_that_opens_it_says_when_to_come_back(guard: ProviderGuard, clock: FakeClock) -> None:
    """Whoever's probe failed is told the doubled time, not that of an error that changed nothing."""
    await fail(guard, times=4)
    told = []
    for passing in (0, 10, 20):
        clock.advance(passing)
        with pytest.raises(ProviderUnavailable) as raised:
            await guard.run("token", raising(ProviderUnavailable("down", retry_after_seconds=3)))
        told.append(raised.value.retry_after_seconds)
    assert told == [10, 20, 40]


async def test_what_was_seen_to_answer_is_tried_at_once(guard: ProviderGuard, clock: FakeClock) -> None:
    """Whatever is left of a minute; one that is closed stays so."""
    await fail(guard, 5)
    guard.hasten("token")
    guard.hasten("jwks")
    assert guard.health()["jwks"].state == "closed"
    assert await guard.run("token", answering) == ANSWER
    assert await guard.run("token", answering) == ANSWER
    assert guard.state == "closed"


async def test_asking_for_leave_takes_no_place(guard: ProviderGuard, clock: FakeClock) -> None:
    """A page that only wants to know whether it may go on is no probe."""
    guard.require("token")
    await fail(guard, 5)
    with pytest.raises(ProviderCircuitOpen):
        guard.require("token")
    clock.advance(10)
    guard.require("token")
    guard.require("token")
    assert await guard.run("token", answering) == ANSWER


async def test_reset_forgets_the_past(guard: ProviderGuard) -> None:
    """All is closed, and what is still under way from before says nothing."""
    permit = guard.admit("jwks")
    await fail(guard, 5)
    guard.reset()
    guard.end("jwks", permit, "failure", "failed", ProviderUnavailable("late"))
    assert guard.state == "closed"
    assert guard.health()["jwks"].failures == 0
