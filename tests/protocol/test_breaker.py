"""The circuit breaker's rules, one by one and at their edges."""

from __future__ import annotations

from dataclasses import replace

import pytest

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

POLICY = DEFAULT_POLICY


def admitted(breaker: Breaker, now: float) -> tuple[Breaker, Permit]:
    after, permit = admit(breaker, POLICY, now=now)
    assert isinstance(permit, Permit)
    return after, permit


def refused(breaker: Breaker, now: float) -> float:
    after, refusal = admit(breaker, POLICY, now=now)
    assert after == breaker
    assert isinstance(refusal, Refusal)
    return refusal.seconds


def called(breaker: Breaker, outcome: Outcome, now: float, *, draw: float = 0.0) -> Breaker:
    """One call, begun and ended at ``now``."""
    asking, permit = admitted(breaker, now)
    return ended(asking, POLICY, permit, outcome, now=now, draw=draw)


def called_often(breaker: Breaker, outcomes: str, *, start: float = 0.0, apart: float = 1.0) -> Breaker:
    """Calls one after the other: ``f`` fails, ``s`` succeeds, ``n`` says nothing."""
    words: dict[str, Outcome] = {"f": "failure", "s": "success", "n": "neutral"}
    for index, letter in enumerate(outcomes):
        breaker = called(breaker, words[letter], start + index * apart)
    return breaker


def opened(*, draw: float = 0.0, now: float = 0.0) -> Open:
    breaker = called(called_often(Closed(), "ffff", start=now, apart=0.0), "failure", now, draw=draw)
    assert isinstance(breaker, Open)
    return breaker


def test_the_numbers_are_those_of_the_design() -> None:
    """What the documentation states and operators expect (design §6)."""
    assert BreakerPolicy() == BreakerPolicy(
        failures_in_a_row=5,
        window_calls=20,
        window_seconds=30,
        least_calls=5,
        failure_share=0.5,
        open_seconds=10,
        max_open_seconds=60,
        jitter_share=0.2,
        successes_to_close=2,
        probe_seconds=6,
    )


@pytest.mark.parametrize(
    ("outcomes", "is_open"),
    [("ffff", False), ("fffff", True), ("s" * 10 + "ffff", False), ("s" * 10 + "fffff", True)],
)
def test_five_failures_in_a_row_open_it(outcomes: str, is_open: bool) -> None:
    """Four do not; the fifth does though most calls of the window succeeded."""
    assert isinstance(called_often(Closed(), outcomes), Open) is is_open


def test_five_failures_in_a_row_open_it_however_far_apart() -> None:
    """A quiet service has no five calls in half a minute."""
    assert isinstance(called_often(Closed(), "fffff", apart=600.0), Open)
    assert called_often(Closed(), "ffff", apart=600.0).failures == 4


@pytest.mark.parametrize(
    ("outcomes", "is_open"),
    [("fsf", False), ("fsfs", False), ("fsfsf", True), ("ssff", False), ("sssff", False), ("sssfff", True)],
)
def test_half_of_at_least_five_calls_open_it(outcomes: str, is_open: bool) -> None:
    """Three of five, three of six; neither two of five nor two of four."""
    assert isinstance(called_often(Closed(), outcomes), Open) is is_open


def test_only_a_failure_opens_it() -> None:
    """Three failures of four calls are too few to judge by; the fifth, a success, opens nothing."""
    assert isinstance(called_often(Closed(), "ffsfs"), Closed)


@pytest.mark.parametrize(("apart", "is_open"), [(30.0, True), (30.1, False)])
def test_calls_count_for_thirty_seconds(apart: float, is_open: bool) -> None:
    """At half a minute the old ones still count, after it they do not."""
    old = called_often(Closed(), "ffss", apart=0.0)
    assert isinstance(called(old, "failure", apart), Open) is is_open


def test_the_latest_twenty_calls_count() -> None:
    """Nine failures of the last twenty do not open it, whatever came before; the tenth does."""
    breaker = called_often(Closed(), "ss" + "ss" + "fs" * 8 + "s" + "f" + "s", apart=0.1)
    assert isinstance(breaker, Closed)
    assert (len(breaker.latest), sum(call.failed for call in breaker.latest)) == (20, 9)
    assert isinstance(called(breaker, "failure", 2.2), Open)


def test_a_success_ends_a_row() -> None:
    """Failures are counted in a row, as pages show them."""
    assert called_often(Closed(), "sss" + "ff").failures == 2
    assert called_often(Closed(), "sss" + "ffs").failures == 0


def test_neutral_calls_leave_a_closed_breaker_as_it_is() -> None:
    """A cancelled call says nothing, so it neither fills the window nor ends a row."""
    before = called_often(Closed(), "ffff")
    assert called_often(before, "nnnnnn", start=10.0) == before
    assert isinstance(called(before, "failure", 20.0), Open)


@pytest.mark.parametrize(("draw", "seconds"), [(-1.0, 8.0), (0.0, 10.0), (1.0, 12.0)])
def test_it_opens_for_ten_seconds_give_or_take_a_fifth(draw: float, seconds: float) -> None:
    """Replicas that opened together do not come back together."""
    breaker = opened(draw=draw, now=100.0)
    assert refused(breaker, 100.0) == pytest.approx(seconds)
    assert refused(breaker, 100.0 + seconds - 0.01) == pytest.approx(0.01)
    _, permit = admitted(breaker, 100.0 + seconds)
    assert permit.probe


def test_each_failed_probe_doubles_the_time_up_to_a_minute() -> None:
    """10, 20, 40, 60, 60 seconds; the failures go on counting."""
    breaker: Breaker = opened()
    now, times = 0.0, []
    for _ in range(5):
        assert isinstance(breaker, Open)
        times.append(breaker.until - now)
        now = breaker.until
        breaker = called(breaker, "failure", now)
    assert times == [10, 20, 40, 60, 60]
    assert breaker.failures == 10


def test_two_successful_probes_close_it() -> None:
    """One is not enough, and a closed breaker starts afresh, the time it opens for too."""
    half = called(called(opened(), "failure", 10.0), "success", 30.0)
    assert isinstance(half, HalfOpen)
    closed = called(half, "success", 30.0)
    assert closed == Closed(epoch=closed.epoch)
    again = called_often(closed, "fffff", start=31.0, apart=0.0)
    assert refused(again, 31.0) == 10


def test_a_failure_after_one_success_opens_it_again() -> None:
    """Successes count in a row."""
    half = called(opened(), "success", 10.0)
    again = called(half, "failure", 11.0)
    assert refused(again, 11.0) == 20
    assert isinstance(called(again, "success", 31.0), HalfOpen)


def test_one_probe_at_a_time() -> None:
    """Who comes while it is under way is told when it will be known at the latest."""
    asking, _ = admitted(opened(), 10.0)
    assert refused(asking, 12.0) == 4.0


def test_a_neutral_probe_frees_the_slot_and_changes_nothing() -> None:
    """Its person closed the tab: the next one is the probe."""
    half = called(called(opened(), "success", 10.0), "neutral", 11.0)
    assert isinstance(half, HalfOpen)
    assert (half.successes, half.probe_until) == (1, None)
    assert isinstance(called(half, "success", 11.0), Closed)


def test_a_lost_probe_lapses_and_its_late_outcome_is_nothing() -> None:
    """A caller that vanished wedges nothing; should it come back, the probe after it counts."""
    asking, lost = admitted(opened(), 10.0)
    assert refused(asking, 15.9) == pytest.approx(0.1)
    again, second = admitted(asking, 16.0)
    assert second.probe
    outcomes: tuple[Outcome, ...] = ("success", "failure", "neutral")
    for outcome in outcomes:
        assert ended(again, POLICY, lost, outcome, now=17.0, draw=0.0) == again
    assert throttled(again, POLICY, lost, seconds=60, now=17.0, draw=0.0) == again


def test_late_outcomes_of_calls_from_before_are_no_probes() -> None:
    """They were let through while all seemed well: neither two of them close it nor one opens it again."""
    closed = called_often(Closed(), "ffff")
    _, early = admitted(closed, 4.0)
    breaker: Breaker = called(closed, "failure", 4.0)
    assert ended(breaker, POLICY, early, "success", now=5.0, draw=0.0) == breaker
    assert ended(breaker, POLICY, early, "failure", now=5.0, draw=0.0) == breaker
    breaker, _ = admitted(breaker, 14.0)
    assert ended(breaker, POLICY, early, "success", now=15.0, draw=0.0) == breaker
    assert ended(breaker, POLICY, early, "failure", now=15.0, draw=0.0) == breaker


def test_late_outcomes_do_not_reach_the_next_closed_time() -> None:
    """What began before the outage says nothing about the time after it."""
    _, early = admitted(Closed(), 0.0)
    closed = called(called(opened(), "success", 10.0), "success", 10.0)
    assert ended(closed, POLICY, early, "failure", now=11.0, draw=0.0) == closed


@pytest.mark.parametrize(
    ("seconds", "held"), [(-5, 1), (0, 1), (1, 1), (7, 7), (60, 60), (61, 60), (3600, 60)]
)
def test_flt_07_being_throttled_opens_it_for_the_time_asked_for(seconds: int, held: int) -> None:
    """One 429 is enough, between a second and a minute; the jitter never comes too early, nor later
    than that."""
    for draw, factor in ((0.0, 1.0), (-1.0, 1.2), (1.0, 1.2)):
        _, permit = admitted(Closed(), 5.0)
        breaker = throttled(Closed(), POLICY, permit, seconds=seconds, now=5.0, draw=draw)
        assert isinstance(breaker, Open)
        assert breaker.throttled
        assert breaker.until - 5.0 == pytest.approx(min(held * factor, 60))


def test_flt_07_a_throttled_probe_opens_it_again_without_doubling() -> None:
    """The provider itself says how long; what comes after doubles from where it was."""
    asking, permit = admitted(opened(), 10.0)
    breaker = throttled(asking, POLICY, permit, seconds=3, now=10.0, draw=0.0)
    assert refused(breaker, 10.0) == 3
    assert refused(called(breaker, "failure", 13.0), 13.0) == 20


def test_an_outcome_that_ends_while_open_changes_nothing() -> None:
    """Even with a permit of this very opening, which none is given."""
    breaker = opened()
    permit = Permit(breaker.epoch, probe=False)
    assert ended(breaker, POLICY, permit, "success", now=1.0, draw=0.0) == breaker
    assert throttled(breaker, POLICY, permit, seconds=60, now=1.0, draw=0.0) == breaker


def test_an_endpoint_that_was_seen_to_answer_is_half_open_at_once() -> None:
    """Nobody waits for the rest of the time; one probe that fails puts it back, doubled."""
    half = half_opened(opened())
    asking, permit = admitted(half, 1.0)
    assert permit.probe
    again = ended(asking, POLICY, permit, "failure", now=1.0, draw=0.0)
    assert refused(again, 1.0) == 20


def test_states_are_values() -> None:
    """Nothing is changed in place."""
    breaker = opened()
    with pytest.raises(AttributeError):
        breaker.until = 0.0  # type: ignore[misc]
    assert replace(breaker) == breaker
