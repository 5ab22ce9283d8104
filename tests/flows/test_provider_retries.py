"""Which requests are sent again, how often, and what a slow provider's crowd is let into."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
import stamina
from stamina import instrumentation

from tests.flows.asking import ask
from tests.flows.raw_server import Exchange, RawServer, Script, answer, sends
from watchword.auth.deadline import operation
from watchword.auth.ports import HttpAnswer
from watchword.auth.provider_call import provider_call
from watchword.auth.provider_guard import ProviderGuard
from watchword.errors import (
    ProviderCrowded,
    ProviderNameUnresolved,
    ProviderResponseInvalid,
    ProviderTlsFailed,
    ProviderUnavailable,
    WatchwordError,
)
from watchword.testing import FakeClock
from watchword.transport.provider_http import HttpxProviderHttp
from watchword.transport.retries import (
    MAX_WAIT_SECONDS,
    MIN_WAIT_SECONDS,
    MORE_ATTEMPTS,
    FailedInPassing,
    wait_seconds,
)
from watchword.transport.retry_budget import FLOOR, RetryBudget

GOOD = answer(b"{}")


@pytest.fixture(autouse=True)
def retries() -> Iterator[None]:
    """Attempts as in production, but for the waits between them, which are none."""
    stamina.set_active(True)
    with stamina.set_testing(True, attempts=1 + MORE_ATTEMPTS):
        yield
    stamina.set_active(False)


def first(*scripts: Script, then: Script = sends(GOOD)) -> Script:
    """A server that plays each script once, and ``then`` the last one for ever."""
    left = list(scripts)

    def play(exchange: Exchange) -> None:
        (left.pop(0) if left else then)(exchange)

    return play


def failing(status: int, **headers: str) -> Script:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return sends(answer(b"oops", status=status, headers=named))


def hang_up(exchange: Exchange) -> None:
    """Close without a word."""


async def outcome(http: HttpxProviderHttp, server: RawServer, *, posting: bool = False) -> int | str:
    """The status, or the code of the error, of one call."""
    try:
        return (await ask(http, f"{server.address}/x", posting=posting)).status
    except WatchwordError as error:
        return error.code


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_get_that_fails_in_passing_is_sent_twice_more(http: HttpxProviderHttp, status: int) -> None:
    """The third attempt may still succeed; after it the answer is what it is."""
    with RawServer(first(failing(status), failing(status))) as server:
        assert await outcome(http, server) == 200
        assert len(server.requests) == 3
    with RawServer(failing(status)) as server:
        assert await outcome(http, server) == status
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 501, 505])
async def test_other_answers_are_final(http: HttpxProviderHttp, status: int) -> None:
    """A refusal stays one however often it is asked for."""
    with RawServer(failing(status)) as server:
        assert await outcome(http, server) == status
        assert len(server.requests) == 1


async def test_connections_that_break_are_made_again(http: HttpxProviderHttp) -> None:
    """Once at once, as a kept connection may just have ended; then twice more, as for any fault."""
    with RawServer(first(hang_up, hang_up, hang_up)) as server:
        assert await outcome(http, server) == 200
        assert len(server.requests) == 4
    with RawServer(hang_up) as server:
        assert await outcome(http, server) == "provider_unavailable"
        assert len(server.requests) == 4


async def test_an_answer_that_does_not_come_is_asked_for_again() -> None:
    """A read timeout, and time left for another attempt."""
    http = HttpxProviderHttp(read_seconds=1)
    with RawServer(first(Exchange.wait)) as server:
        assert await outcome(http, server) == 200
        assert len(server.requests) == 2
    await http.close()


@pytest.mark.parametrize("script", [failing(503), hang_up, Exchange.wait], ids=["503", "closed", "silent"])
async def test_a_post_is_never_sent_twice(hasty_http: HttpxProviderHttp, script: Script) -> None:
    """A code or a refresh token is good for one use; so is the request that carries it."""
    with RawServer(first(script)) as server:
        assert await outcome(hasty_http, server, posting=True) in (503, "provider_unavailable")
        assert len(server.requests) == 1


async def test_flt_11_what_tls_cannot_verify_is_not_tried_again(http: HttpxProviderHttp) -> None:
    """It would fail the same way, and nothing ever goes on without it."""
    connections: list[Exchange] = []
    with RawServer(connections.append, greets=True) as server:
        address = server.address.replace("http:", "https:")
        with pytest.raises(ProviderTlsFailed):
            await http.get(f"{address}/x", max_bytes=100)
    assert len(connections) == 1


@pytest.mark.parametrize("script", [failing(503), Exchange.wait], ids=["503", "silent"])
async def test_a_probe_is_sent_once(hasty_http: HttpxProviderHttp, script: Script) -> None:
    """One request finds out whether a provider is back, not three."""
    with RawServer(first(script)) as server, provider_call(probe=True):
        assert await outcome(hasty_http, server) in (503, "provider_unavailable")
        assert len(server.requests) == 1


async def test_a_probe_survives_a_kept_connection_that_ended(http: HttpxProviderHttp) -> None:
    """The provider was restarted: what it does not know any more is no fault of its new self."""
    with RawServer(first(hang_up)) as server, provider_call(probe=True):
        assert await outcome(http, server) == 200


@pytest.mark.parametrize(
    ("retry_after", "requests"), [("1", 3), ("4", 3), ("5", 1), ("3600", 1), ("soon", 1)]
)
async def test_flt_06_a_retry_after_beyond_the_deadline_is_an_answer(
    http: HttpxProviderHttp, retry_after: str, requests: int
) -> None:
    """Five seconds are all there is. What is no number of seconds is taken for ten."""
    with RawServer(failing(503, Retry_After=retry_after)) as server:
        assert await outcome(http, server) == 503
        assert len(server.requests) == requests


async def test_no_attempt_begins_after_the_operation(http: HttpxProviderHttp) -> None:
    """Less than the shortest wait is left: the answer is what it is."""
    with RawServer(failing(500)) as server:
        with operation(MIN_WAIT_SECONDS):
            status = await outcome(http, server)
        assert (status, len(server.requests)) == (500, 1)


async def test_retries_do_not_multiply_an_outage(http: HttpxProviderHttp) -> None:
    """Six a minute are sent whatever happens; further calls of a quiet service go out once."""
    with RawServer(failing(500)) as server:
        for _ in range(10):
            assert await outcome(http, server) == 500
        assert len(server.requests) == 10 + FLOOR


def test_the_budget_is_a_tenth_of_a_minutes_requests() -> None:
    """Two hundred requests earn twenty retries; a minute later neither counts any more."""
    budget = RetryBudget()
    for _ in range(200):
        budget.note_request(100.0)
    assert [budget.take(100.0) for _ in range(21)] == [True] * 20 + [False]
    assert not budget.take(159.9)
    assert [budget.take(160.0) for _ in range(FLOOR + 1)] == [True] * FLOOR + [False]


@pytest.mark.parametrize(
    "error",
    [ProviderUnavailable("down"), ProviderNameUnresolved("x"), FailedInPassing(HttpAnswer(500, {}, b""))],
)
def test_waits_are_drawn_anew_each_time(error: Exception) -> None:
    """Full jitter between 50 and 500 ms: replicas that failed together do not come back together."""
    waits = [wait_seconds(error) for _ in range(200)]
    drawn = [each for each in waits if each is not None]
    assert len(set(drawn)) == 200
    assert MIN_WAIT_SECONDS == 0.05
    assert MAX_WAIT_SECONDS == 0.5
    assert min(drawn) >= MIN_WAIT_SECONDS
    assert max(drawn) <= MAX_WAIT_SECONDS


@pytest.mark.parametrize(
    "error", [ProviderTlsFailed("x"), ProviderCrowded("x"), ProviderResponseInvalid("x"), ValueError("x")]
)
def test_what_would_fail_again_is_not_waited_for(error: Exception) -> None:
    """Verification, our own crowd, an answer over its cap, and our own mistakes."""
    assert wait_seconds(error) is None


# --- the crowd --------------------------------------------------------------------------------


class SlowServer:
    """Answers when it is let, and knows how many waited at once."""

    def __init__(self) -> None:
        self.most = 0
        self._here = 0
        self._lock = threading.Lock()
        self._let = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        with self._lock:
            self._here += 1
            self.most = max(self.most, self._here)
        self._let.wait(10)
        with self._lock:
            self._here -= 1
        exchange.send(GOOD)

    async def has(self, number: int) -> None:
        """Return when so many wait."""
        while self.most < number:  # noqa: ASYNC110 - threads count
            await asyncio.sleep(0.01)

    def let(self) -> None:
        self._let.set()


async def test_flt_09_a_slow_provider_holds_up_twenty_calls_and_twenty_more(http: HttpxProviderHttp) -> None:
    """Everybody after them is told at once; those who wait get their answers when it is faster."""
    slow = SlowServer()
    with RawServer(slow) as server:
        crowd = [asyncio.create_task(outcome(http, server)) for _ in range(60)]
        await slow.has(20)
        told = [each for each in crowd if each.done()]
        assert [each.result() for each in told] == ["provider_crowded"] * 20
        slow.let()
        answers = await asyncio.gather(*crowd)
        assert answers.count(200) == 40
        assert slow.most == 20
        assert await outcome(http, server) == 200


async def test_flt_09_our_own_crowd_is_no_fault_of_the_provider() -> None:
    """Who found no place, or none in time, says nothing about it; who asked and waited in vain does."""
    http = HttpxProviderHttp(read_seconds=1, total_seconds=1.25)
    guard = ProviderGuard("dev", FakeClock())

    async def call(server: RawServer) -> str:
        try:
            await guard.run("userinfo", lambda: ask(http, f"{server.address}/x"))
        except WatchwordError as error:
            return error.code
        return "answered"

    with RawServer(SlowServer()) as server:
        crowd = await asyncio.gather(*(call(server) for _ in range(45)))
    await http.close()
    assert (crowd.count("provider_crowded"), crowd.count("provider_unavailable")) == (25, 20)
    assert guard.calls == {("userinfo", "not_sent"): 25, ("userinfo", "failed"): 20}


async def test_who_gives_up_leaves_the_queue(http: HttpxProviderHttp) -> None:
    """Cancelled callers hold no place, neither in flight nor in the queue."""
    slow = SlowServer()
    with RawServer(slow) as server:
        crowd = [asyncio.create_task(outcome(http, server)) for _ in range(40)]
        await slow.has(20)
        for each in crowd:
            each.cancel()
        await asyncio.wait(crowd)
    with RawServer(sends(GOOD)) as server:
        assert await asyncio.gather(*(outcome(http, server) for _ in range(40))) == [200] * 40


def test_flt_20_each_event_loop_has_places_of_its_own() -> None:
    """What a loop held that ended is gone with it, and no loop waits on another."""

    async def fill(http: HttpxProviderHttp, server: RawServer) -> None:
        crowd = [asyncio.create_task(outcome(http, server)) for _ in range(60)]
        await slow.has(20)
        assert sum(each.done() for each in crowd) == 20

    async def use(server: RawServer) -> None:
        await fill(shared, server)

    shared = HttpxProviderHttp()
    slow = SlowServer()
    with RawServer(slow) as server:
        asyncio.run(use(server))
        slow.let()
    with RawServer(sends(GOOD)) as server:
        assert asyncio.run(outcome(shared, server)) == 200


def test_a_retry_tells_its_instrumentation_nothing_of_the_answer() -> None:
    """stamina's hooks print what a retry was caused by: neither cookies nor anything about people."""
    cause = FailedInPassing(HttpAnswer(503, {"set-cookie": "canary-1"}, b"canary-2"))
    assert repr(cause) == "FailedInPassing('status 503')"


async def test_a_retry_is_no_line_in_the_log(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is one line per change of state, whoever else is told of retries: by stamina's choice where
    structlog is, too. Those of the application's own are told as ever."""
    told: list[str] = []
    before = instrumentation.get_on_retry_hooks()
    try:
        for hooks in (None, [lambda details: told.append(details.name)]):
            instrumentation.set_on_retry_hooks(hooks)
            http = HttpxProviderHttp()
            with caplog.at_level("DEBUG"), RawServer(first(failing(503), failing(503))) as server:
                assert await outcome(http, server) == 200
            assert not [each for each in caplog.records if each.name == "stamina"]
        async for attempt in stamina.retry_context(on=ValueError, attempts=2, wait_initial=0.01):
            with attempt:
                if attempt.num == 1:
                    raise ValueError
    finally:
        instrumentation.set_on_retry_hooks(before)
    assert len(told) == 1
    assert "retry" not in "".join(capsys.readouterr())
