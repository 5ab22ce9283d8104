"""The judge of the chaos run: it calls right what is right, and finds every fault that is planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.soak.chaos.faults import FAULTS, LEFT_OUT, draw
from tests.soak.chaos.model import (
    Access,
    Answer,
    Bar,
    Circumstances,
    Session,
    Trouble,
    Verdict,
    judge_sign_in,
    same_successor,
)

NOTHING = Circumstances()
LIFE_SECONDS = 600.0
WRONG = (Verdict.WRONG_ACCEPTANCE, Verdict.WRONG_REFUSAL, Verdict.WRONG_ANSWER)


@dataclass
class Service:
    """A little service of one session that does what the pages say, or has one of the ``bug``s."""

    bug: str = ""
    now: float = 0.0
    number: int = 1
    replaced_at: float = -100.0
    ended_at: float | None = None

    def access(self, issued_at: float) -> int:
        if self.bug == "refuses a live token" and self.ended_at is None:
            return 401
        if self.bug == "breaks":
            return 500
        if self.bug != "forgets expiry" and self.now > issued_at + LIFE_SECONDS + 5:
            return 401
        known = self.ended_at is not None and self.now >= self.ended_at + 1
        return 401 if known and self.bug != "accepts after the end" else 200

    def refresh(self, number: int) -> tuple[int, str]:
        if self.ended_at is not None:
            return (200, "late") if self.bug == "refreshes after the end" else (401, "")
        if number == self.number:
            return self._rotated()
        in_time = self.now < self.replaced_at + 10 or self.bug == "overlaps for ever"
        if number == self.number - 1 and in_time and self.bug != "no overlap":
            return 200, "another" if self.bug == "two successors" else f"t{self.number}"
        if self.bug == "takes old tokens":
            return 200, f"t{self.number}"
        if self.bug != "a replay ends nothing":
            self.ended_at = self.now
        return 401, ""

    def _rotated(self) -> tuple[int, str]:
        if self.bug == "refuses an honest refresh":
            return 401, ""
        self.number, self.replaced_at = self.number + 1, self.now
        return 200, f"t{self.number}"


@dataclass
class Life:
    """A person at that service, whose answers take a tenth of a second."""

    service: Service
    session: Session = field(
        default_factory=lambda: Session("s", ["t1"], [Access("a", 0.0, 0.1, LIFE_SECONDS)])
    )
    verdicts: list[Verdict] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.service.now += seconds

    def call(self) -> None:
        answer = self._answer(self.service.access(0.0))
        self.verdicts.append(self.session.judge_access(self.session.access[0], answer, NOTHING))

    def refresh(self, number: int) -> None:
        """With a token they were given."""
        if f"t{number}" not in self.session.tokens:
            return
        status, token = self.service.refresh(number)
        answer = self._answer(status, token)
        self.verdicts.append(self.session.judge_refresh(f"t{number}", answer, NOTHING))

    def sign_out(self) -> None:
        self.service.ended_at = self.service.now
        self.verdicts.append(self.session.judge_logout(self._answer(204)))

    def _answer(self, status: int, token: str = "") -> Answer:
        sent = self.service.now
        self.service.now += 0.1
        return Answer(sent, self.service.now, status, token)


def goes_on(life: Life) -> None:
    life.call()
    life.refresh(1)
    life.wait(3)
    life.refresh(1)
    life.refresh(2)
    life.call()


def signs_out(life: Life) -> None:
    life.refresh(1)
    life.sign_out()
    life.wait(5.5)
    life.call()
    life.refresh(2)


def is_robbed(life: Life) -> None:
    life.refresh(1)
    life.refresh(2)
    life.wait(11)
    life.refresh(1)
    life.wait(6)
    life.call()
    life.refresh(3)


def comes_late(life: Life) -> None:
    life.refresh(1)
    life.wait(12)
    life.refresh(1)
    life.wait(6)
    life.call()


def stays_long(life: Life) -> None:
    life.wait(LIFE_SECONDS + 20)
    life.call()


LIVES: tuple[Callable[[Life], None], ...] = (goes_on, signs_out, is_robbed, comes_late, stays_long)


@pytest.mark.parametrize("live", LIVES)
def test_an_honest_service_is_found_right(live: Callable[[Life], None]) -> None:
    """No verdict but right, whatever is done there."""
    life = Life(Service())
    live(life)
    assert set(life.verdicts) == {Verdict.RIGHT}


@pytest.mark.parametrize(
    ("bug", "live", "verdict"),
    [
        ("refuses a live token", goes_on, Verdict.WRONG_REFUSAL),
        ("breaks", goes_on, Verdict.WRONG_ANSWER),
        ("refuses an honest refresh", goes_on, Verdict.WRONG_REFUSAL),
        ("no overlap", goes_on, Verdict.WRONG_REFUSAL),
        ("two successors", goes_on, Verdict.WRONG_ACCEPTANCE),
        ("accepts after the end", signs_out, Verdict.WRONG_ACCEPTANCE),
        ("accepts after the end", is_robbed, Verdict.WRONG_ACCEPTANCE),
        ("refreshes after the end", signs_out, Verdict.WRONG_ACCEPTANCE),
        ("takes old tokens", is_robbed, Verdict.WRONG_ACCEPTANCE),
        ("a replay ends nothing", is_robbed, Verdict.WRONG_ACCEPTANCE),
        ("overlaps for ever", comes_late, Verdict.WRONG_ACCEPTANCE),
        ("forgets expiry", stays_long, Verdict.WRONG_ACCEPTANCE),
    ],
)
def test_a_planted_fault_is_found(bug: str, live: Callable[[Life], None], verdict: Verdict) -> None:
    """Each by its own verdict, and the first wrong one names it."""
    life = Life(Service(bug))
    live(life)
    assert next(each for each in life.verdicts if each in WRONG) is verdict


def held(status: int, at: float = 100.0, token: str = "") -> Answer:
    return Answer(at, at + 0.1, status, token)


def fresh(*tokens: str) -> Session:
    return Session("s", list(tokens) or ["t1"], [Access("a", 0.0, 0.1, LIFE_SECONDS)])


def test_an_outage_is_no_refusal_and_uses_nothing_up() -> None:
    """503 and silence are unavailable; the same token is right afterwards, refused it is wrong: also where
    the database was away for longer than the overlap."""
    away = Circumstances(away=[Trouble(90, 130)])
    for status in (0, 503):
        session = fresh()
        assert session.judge_refresh("t1", held(status), away) is Verdict.UNAVAILABLE
        assert session.judge_refresh("t1", held(200, 131, "t2"), away) is Verdict.RIGHT
        session = fresh()
        session.judge_refresh("t1", held(status), away)
        assert session.judge_refresh("t1", held(401, 131), away) is Verdict.WRONG_REFUSAL


def test_a_lost_answer_that_is_asked_for_too_late_is_undecided() -> None:
    """It may have been carried out: then the overlap is over, and the refusal is right."""
    session = fresh()
    session.judge_refresh("t1", held(0), NOTHING)
    assert session.judge_refresh("t1", held(401, 115), NOTHING) is Verdict.UNDECIDED
    assert session.judge_refresh("t1", held(200, 116, "t2"), NOTHING) is Verdict.WRONG_ACCEPTANCE


def test_a_replica_that_cannot_hear_of_an_ending_may_believe_for_so_long() -> None:
    """The one that is cut off, until half a minute and five seconds after; the other one not."""
    what = Circumstances(away=[Trouble(99, 200, replica="b")])
    session = fresh()
    session.judge_logout(held(204))
    (access,) = session.access
    for replica, at, verdict in (
        ("a", 104, Verdict.RIGHT),
        ("a", 106, Verdict.WRONG_ACCEPTANCE),
        ("b", 134, Verdict.RIGHT),
        ("b", 136, Verdict.WRONG_ACCEPTANCE),
    ):
        answer = Answer(at, at + 0.1, 200, replica=replica)
        assert session.judge_access(access, answer, what) is verdict


def test_an_outage_later_on_excuses_nothing() -> None:
    """What ended long before was known."""
    what = Circumstances(away=[Trouble(120, 140)])
    session = fresh()
    session.judge_logout(held(204))
    assert session.judge_access(session.access[0], held(200, 130), what) is Verdict.WRONG_ACCEPTANCE


def test_a_wrong_clock_moves_expiry_and_overlap_by_as_much() -> None:
    """Ahead, a token is over sooner; put back, it lives longer, and by no more than that."""
    ahead = Circumstances(clocks=[Trouble(50, shift=300)])
    (access,) = fresh().access
    assert fresh().judge_access(access, held(401, 298), ahead) is Verdict.WRONG_REFUSAL
    assert fresh().judge_access(access, held(401, 301), ahead) is Verdict.RIGHT
    behind = Circumstances(clocks=[Trouble(50, shift=-300)])
    assert fresh().judge_access(access, held(200, 900), behind) is Verdict.RIGHT
    assert fresh().judge_access(access, held(200, 920), behind) is Verdict.WRONG_ACCEPTANCE


def test_what_is_sent_before_the_end_is_known_is_not_judged_by_it() -> None:
    """While a sign-out is under way either answer is right."""
    session = fresh()
    session.may_end(held(0), "logout")
    for status in (200, 401):
        assert session.judge_access(session.access[0], held(status, 101), NOTHING) is Verdict.RIGHT


def test_who_is_disabled_is_kept_out_and_nobody_else() -> None:
    """A sign-in of theirs is wrong, a refusal right; for others a refusal needs an outage."""
    bar = Bar(90, 95)
    assert judge_sign_in(held(303), bar, NOTHING) is Verdict.WRONG_ACCEPTANCE
    assert judge_sign_in(held(403), bar, NOTHING) is Verdict.RIGHT
    assert judge_sign_in(held(303), None, NOTHING) is Verdict.RIGHT
    assert judge_sign_in(held(403), None, NOTHING) is Verdict.WRONG_REFUSAL
    assert judge_sign_in(held(400), None, Circumstances(provider=[Trouble(99)])) is Verdict.UNAVAILABLE
    bar.lifting, bar.lifted = 98, 99
    assert judge_sign_in(held(303), bar, NOTHING) is Verdict.RIGHT
    assert judge_sign_in(held(403), bar, NOTHING) is Verdict.WRONG_REFUSAL


def test_two_tabs_get_one_successor() -> None:
    """Whoever is not granted does not count."""
    assert same_successor([held(200, token="t2"), held(200, token="t2"), held(503)])
    assert not same_successor([held(200, token="t2"), held(200, token="t3")])


def test_a_seed_draws_every_fault_and_always_the_same() -> None:
    """An hour has each at least once; a shorter run has no fault twice."""
    hour = draw(20, 60)
    assert set(hour) == set(FAULTS)
    assert len(hour) == 60
    assert hour == draw(20, 60)
    assert hour != draw(21, 60)
    assert len(set(draw(20, 10))) == 10
    assert not {each.row for each in FAULTS} & set(LEFT_OUT)
