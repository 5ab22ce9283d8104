"""What each answer to a virtual person may be: the oracle of the chaos run.

Pure state in seconds of one clock, that of the people. It shares no code with what it judges. Whoever asks
knows only when a request was sent and when its answer was there; what the service did happened somewhere
in between. An answer is called wrong only where it is wrong at every moment in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

ENDED_WITHIN_SECONDS: Final = 5.0
"""After a logout, a replay or a disabling, for access tokens, while the database answers."""
STALE_SECONDS: Final = 30.0
"""So long a replica that cannot reach the database believes what it knew."""
OVERLAP_SECONDS: Final = 10.0
LEEWAY_SECONDS: Final = 5.0
"""On the expiry of an access token, and to be sure that a clock has been put back."""


class Verdict(StrEnum):
    """``UNAVAILABLE``: 503, or no answer at all. ``UNDECIDED``: wrong or not, by how long it took."""

    RIGHT = "right"
    WRONG_ACCEPTANCE = "wrong acceptance"
    WRONG_REFUSAL = "wrong refusal"
    WRONG_ANSWER = "wrong answer"
    UNAVAILABLE = "unavailable"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Answer:
    """``status`` is 0 where there was none; ``token`` is the refresh token in it, ``replica`` who gave it."""

    sent: float
    received: float
    status: int
    token: str = ""
    replica: str = ""


@dataclass(slots=True)
class Trouble:
    """Between two moments, the second of which may be still to come. ``shift`` is by how many seconds the
    service's clock is ahead meanwhile; ``replica`` is the only one that has it, if one alone does."""

    begun: float
    over: float | None = None
    shift: float = 0.0
    replica: str = ""

    def seconds_in(self, begun: float, over: float) -> float:
        end = over if self.over is None else min(over, self.over)
        return max(0.0, end - max(begun, self.begun))

    def touches(self, begun: float, over: float) -> bool:
        return self.begun <= over and (self.over is None or self.over >= begun)


@dataclass(slots=True)
class Circumstances:
    """What of the faults changes which answers are right: ``away`` is the database gone or unreachable for
    a replica, ``clocks`` a clock that is wrong, ``provider`` a provider that is."""

    away: list[Trouble] = field(default_factory=list)
    clocks: list[Trouble] = field(default_factory=list)
    provider: list[Trouble] = field(default_factory=list)

    def sign_ins_fail(self, begun: float, over: float) -> bool:
        """Whether something is or was wrong that they need."""
        every = (*self.away, *self.clocks, *self.provider)
        return any(each.touches(begun - LEEWAY_SECONDS, over) for each in every)

    def away_seconds(self, begun: float, over: float) -> float:
        return sum(each.seconds_in(begun, over) for each in self.away)

    def ended_bound(self, ended_by: float, answer: Answer) -> float:
        """How long after its end a token may still be accepted: longer by a replica that could not hear
        of it, because it was away from the database within the usual time."""
        bound = ENDED_WITHIN_SECONDS
        for each in self.away:
            if each.replica in ("", answer.replica) and each.touches(ended_by, ended_by + bound):
                over = answer.sent if each.over is None else each.over
                bound = max(bound, min(over - ended_by, STALE_SECONDS) + ENDED_WITHIN_SECONDS)
        return bound

    def ahead(self, begun: float, over: float) -> float:
        """By how much time may have jumped forward between two moments."""
        return self._jumps(begun, over, forward=True)

    def behind(self, begun: float, over: float) -> float:
        """By how much it may have been put back."""
        return self._jumps(begun, over, forward=False)

    def _jumps(self, begun: float, over: float, *, forward: bool) -> float:
        jumps: list[float] = []
        for each in self.clocks:
            moments = [(each.begun, each.shift)]
            if each.over is not None:
                moments.append((each.over, -each.shift))
            for at, shift in moments:
                if begun - LEEWAY_SECONDS <= at <= over + LEEWAY_SECONDS:
                    jumps.append(shift)
        return sum(abs(each) for each in jumps if (each > 0) == forward)


@dataclass(frozen=True, slots=True)
class Access:
    """An access token: when it was asked for, when it was there, how long it lives."""

    text: str
    asked: float
    given: float
    life_seconds: float


@dataclass(slots=True)
class Session:
    """A sign-in. ``tokens`` are the refresh tokens it is known to have given, ``replaced`` says between
    which moments each but the last of them was; ``unsure_since``: the last one was presented and no
    answer came, so it may have been used up."""

    name: str
    tokens: list[str]
    access: list[Access]
    replaced: list[tuple[float, float]] = field(default_factory=list)
    unsure_since: float | None = None
    ended_from: float | None = None
    ended_by: float | None = None
    why: str = ""

    def may_end(self, answer: Answer, why: str) -> None:
        """Something that ends it was sent; from now on a refusal is right."""
        if self.ended_from is None:
            self.ended_from, self.why = answer.sent, why

    def has_ended(self, answer: Answer, why: str) -> None:
        """It was answered: from now on an acceptance is wrong."""
        self.may_end(answer, why)
        if self.ended_by is None:
            self.ended_by = answer.received

    def judge_access(self, access: Access, answer: Answer, what: Circumstances) -> Verdict:
        """Of a request with an access token of this session."""
        if answer.status == 200:
            return self._accepted_access(access, answer, what)
        if answer.status == 401:
            if self.ended_from is not None and answer.received >= self.ended_from:
                return Verdict.RIGHT
            earliest = access.asked + access.life_seconds - what.ahead(access.asked, answer.received)
            issued_ahead = what.behind(access.asked, answer.received) > 0
            may_be_over = answer.received >= earliest - 1.0 or issued_ahead
            return Verdict.RIGHT if may_be_over else Verdict.WRONG_REFUSAL
        return _neither(answer)

    def _accepted_access(self, access: Access, answer: Answer, what: Circumstances) -> Verdict:
        latest = access.given + access.life_seconds + LEEWAY_SECONDS + 1.0
        if answer.sent > latest + what.behind(access.asked, answer.received):
            return Verdict.WRONG_ACCEPTANCE
        if self.ended_by is None or answer.received <= self.ended_by:
            return Verdict.RIGHT
        bound = self.ended_by + what.ended_bound(self.ended_by, answer)
        return Verdict.RIGHT if answer.sent <= bound else Verdict.WRONG_ACCEPTANCE

    def judge_refresh(self, token: str, answer: Answer, what: Circumstances) -> Verdict:
        """Of a refresh with one of ``tokens``; what it did to the session is remembered."""
        age = len(self.tokens) - 1 - self.tokens.index(token)
        if answer.status not in (200, 400, 401):
            self._unanswered(age, answer)
            return _neither(answer)
        if answer.status == 200:
            return self._accepted_refresh(age, answer, what)
        return self._refused_refresh(age, answer, what)

    def _unanswered(self, age: int, answer: Answer) -> None:
        if age == 0 and self.unsure_since is None:
            self.unsure_since = answer.sent
        elif age > 1 or (age == 1 and answer.received >= self.replaced[-1][0] + OVERLAP_SECONDS):
            self.may_end(answer, "replay")

    def _accepted_refresh(self, age: int, answer: Answer, what: Circumstances) -> Verdict:
        if self.ended_by is not None and answer.sent > self.ended_by:
            return Verdict.WRONG_ACCEPTANCE
        if age == 0:
            fresh = bool(answer.token) and answer.token not in self.tokens
            self.replaced.append((self.unsure_since or answer.sent, answer.received))
            self.tokens.append(answer.token)
            self.unsure_since = None
            return Verdict.RIGHT if fresh else Verdict.WRONG_ACCEPTANCE
        _, replaced_by = self.replaced[-age]
        latest = replaced_by + OVERLAP_SECONDS + what.away_seconds(replaced_by - OVERLAP_SECONDS, answer.sent)
        in_time = answer.sent <= latest + what.behind(replaced_by, answer.received) + 1.0
        same = answer.token == self.tokens[-1]
        return Verdict.RIGHT if age == 1 and same and in_time else Verdict.WRONG_ACCEPTANCE

    def _refused_refresh(self, age: int, answer: Answer, what: Circumstances) -> Verdict:
        verdict = self._refusal(age, answer, what)
        self.has_ended(answer, "replay" if age else "refused")
        return verdict

    def _refusal(self, age: int, answer: Answer, what: Circumstances) -> Verdict:
        if self.ended_from is not None and answer.received >= self.ended_from:
            return Verdict.RIGHT
        if age > 1:
            return Verdict.RIGHT
        since = self.replaced[-1][0] if age == 1 else self.unsure_since
        if since is None:
            return Verdict.WRONG_REFUSAL
        patience = OVERLAP_SECONDS + what.away_seconds(since, answer.received)
        if answer.received < since + patience - what.ahead(since, answer.received):
            return Verdict.WRONG_REFUSAL
        return Verdict.RIGHT if age else Verdict.UNDECIDED

    def judge_logout(self, answer: Answer) -> Verdict:
        """Of a logout: it never fails but for the database, and then the session may have ended."""
        if answer.status in (200, 204):
            self.has_ended(answer, "logout")
            return Verdict.RIGHT
        self.may_end(answer, "logout")
        return _neither(answer)


@dataclass(slots=True)
class Bar:
    """An account is disabled and let in again; each is asked for and, some time later, done."""

    asked: float
    done: float | None = None
    lifting: float | None = None
    lifted: float | None = None

    def surely(self, answer: Answer) -> bool:
        """It held while the answer was made."""
        return self.done is not None and answer.sent > self.done and not self.lifting

    def perhaps(self, answer: Answer) -> bool:
        return answer.received >= self.asked and (self.lifted is None or answer.sent <= self.lifted)


def judge_sign_in(answer: Answer, bar: Bar | None, what: Circumstances) -> Verdict:
    """Of the last answer of a sign-in: a session (303), or a page that says why not."""
    if answer.status == 303:
        return Verdict.WRONG_ACCEPTANCE if bar is not None and bar.surely(answer) else Verdict.RIGHT
    if answer.status in (400, 401, 403, 502, 504):
        if bar is not None and bar.perhaps(answer):
            return Verdict.RIGHT
        failing = what.sign_ins_fail(answer.sent, answer.received)
        return Verdict.UNAVAILABLE if failing else Verdict.WRONG_REFUSAL
    return _neither(answer)


def same_successor(answers: Sequence[Answer]) -> bool:
    """Of refreshes with one token at once: all that were granted brought one and the same."""
    return len({each.token for each in answers if each.status == 200}) <= 1


def _neither(answer: Answer) -> Verdict:
    return Verdict.UNAVAILABLE if answer.status in (0, 503) else Verdict.WRONG_ANSWER
