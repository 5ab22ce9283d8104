"""What no order of events may bring the circuit breaker to."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.examples import examples
from watchword.protocol.breaker import (
    DEFAULT_POLICY,
    Breaker,
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
LONGEST_OPEN_SECONDS = 72.0
DRAWS = st.floats(-1, 1)
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(["success", "failure", "neutral"])


class Callers(RuleBasedStateMachine):
    """Callers come, end in any order, late or never, while the clock moves on."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker: Breaker = Closed()
        self.now = 0.0
        self.permits: list[tuple[Permit, float]] = []
        self.opened_at: float | None = None
        self.failed = False

    @initialize(start=st.floats(0, 1e9))
    def start(self, start: float) -> None:
        self.now = start

    @rule(seconds=st.one_of(st.floats(0, 2), st.floats(0, 100)))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def come(self) -> None:
        before = self.breaker
        self.breaker, answer = admit(before, POLICY, now=self.now)
        if isinstance(answer, Refusal):
            assert self.breaker == before
            assert 0 < answer.seconds <= LONGEST_OPEN_SECONDS
            return
        assert answer.probe == (not isinstance(before, Closed))
        if answer.probe:
            assert self.probes_under_way() == 0
        self.permits.append((answer, self.now))

    @precondition(lambda self: self.permits)
    @rule(data=st.data(), outcome=OUTCOMES, draw=DRAWS)
    def end(self, data: st.DataObject, outcome: Outcome, draw: float) -> None:
        permit, _ = self.permits.pop(data.draw(st.integers(0, len(self.permits) - 1)))
        before = self.breaker
        self.breaker = ended(before, POLICY, permit, outcome, now=self.now, draw=draw)
        self.failed |= outcome == "failure"
        if permit.epoch != before.epoch:
            assert self.breaker == before
        if isinstance(before, Closed) and outcome != "failure":
            assert isinstance(self.breaker, Closed)
        if isinstance(before, HalfOpen) and isinstance(self.breaker, Closed):
            assert permit.probe
            assert outcome == "success"
            assert before.successes == 1
        self.note_opening(before)

    @precondition(lambda self: self.permits)
    @rule(data=st.data(), seconds=st.integers(-10, 5000), draw=DRAWS)
    def end_throttled(self, data: st.DataObject, seconds: int, draw: float) -> None:
        permit, _ = self.permits.pop(data.draw(st.integers(0, len(self.permits) - 1)))
        before = self.breaker
        self.breaker = throttled(before, POLICY, permit, seconds=seconds, now=self.now, draw=draw)
        self.failed = True
        self.note_opening(before)

    @precondition(lambda self: self.permits)
    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        self.permits.pop(data.draw(st.integers(0, len(self.permits) - 1)))

    @precondition(lambda self: isinstance(self.breaker, Open))
    @rule()
    def be_seen_answering(self) -> None:
        assert isinstance(self.breaker, Open)
        self.breaker = half_opened(self.breaker)

    @invariant()
    def open_only_for_so_long(self) -> None:
        if isinstance(self.breaker, Open):
            assert self.opened_at is not None
            assert 0 < self.breaker.until - self.opened_at <= LONGEST_OPEN_SECONDS * (1 + 1e-9)

    @invariant()
    def closed_without_a_failure(self) -> None:
        assert self.failed or isinstance(self.breaker, Closed)

    @invariant()
    def never_wedged(self) -> None:
        """Whatever happened, somebody is let through in the longest time at the latest."""
        _, later = admit(self.breaker, POLICY, now=self.now + LONGEST_OPEN_SECONDS + 1)
        assert isinstance(later, Permit)

    @invariant()
    def one_probe(self) -> None:
        assert self.probes_under_way() <= 1

    def probes_under_way(self) -> int:
        """Those not given up for lost, whose outcome would still count."""
        return sum(
            permit.probe and self.now < began + POLICY.probe_seconds and permit.epoch == self.breaker.epoch
            for permit, began in self.permits
        )

    def note_opening(self, before: Breaker) -> None:
        if isinstance(self.breaker, Open) and self.breaker != before:
            self.opened_at = self.now


Callers.TestCase.settings = settings(
    derandomize=True, deadline=None, max_examples=examples(60), stateful_step_count=40
)
TestCallers = Callers.TestCase


@settings(derandomize=True, deadline=None, max_examples=examples(50))
@given(callers=st.integers(2, 60), moment=st.floats(10, 1e6))
def test_flt_16_of_any_crowd_one_is_the_probe(callers: int, moment: float) -> None:
    """However many wait when the time is up."""
    breaker: Breaker = Open(epoch=1, failures=5, until=10.0, next_open_seconds=20.0)
    answers = []
    for _ in range(callers):
        breaker, answer = admit(breaker, POLICY, now=moment)
        answers.append(answer)
    assert [isinstance(answer, Permit) for answer in answers] == [True] + [False] * (callers - 1)


@settings(derandomize=True, deadline=None, max_examples=examples(50))
@given(outcomes=st.lists(st.sampled_from(["success", "neutral"]), max_size=60), gap=st.floats(0, 40))
def test_closed_stays_closed_without_failures(outcomes: list[Outcome], gap: float) -> None:
    """User errors count as successes, so nothing a person does wrong opens it."""
    breaker: Breaker = Closed()
    for index, outcome in enumerate(outcomes):
        asking, permit = admit(breaker, POLICY, now=index * gap)
        assert isinstance(permit, Permit)
        breaker = ended(asking, POLICY, permit, outcome, now=index * gap, draw=0.0)
    assert isinstance(breaker, Closed)
