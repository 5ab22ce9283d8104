"""Random lives of a session whose provider is asked again: outages, withdrawals, lost answers, deaths."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.sessions.faults import Moment
from tests.sessions.rechecks import OUTAGE, RECHECK_SECONDS, Died, House, house
from watchword.auth.grant_ports import LEASE_SECONDS
from watchword.auth.grants import Grant
from watchword.auth.recheck_ports import Unanswered
from watchword.errors import (
    ProviderCircuitOpen,
    ProviderGraceOver,
    RecheckUnderWay,
    RefreshRefused,
)
from watchword.protocol.recheck import RecheckPolicy

T = TypeVar("T")
STEP_SECONDS = 20
LEASE, RECHECK = timedelta(seconds=LEASE_SECONDS), timedelta(seconds=RECHECK_SECONDS)
STEPS = ("take_lease", "refresh", "keep", "confirm", "hold", "withdraw")
MOODS = {
    "up": None,
    "down": OUTAGE,
    "not asked": Unanswered(ProviderCircuitOpen("left alone")),
    "loses": None,
}
deaths = st.none() | st.tuples(st.sampled_from(STEPS), st.sampled_from(["before", "after"]))
rarely = st.sampled_from([False] * 7 + [True])
moods = st.sampled_from(["up", "up", "down", "down", "not asked", "loses"])


class RecheckMachine(RuleBasedStateMachine):
    """One session over one database and two replicas. Its client holds the newest token it was given;
    the provider knows best when it last stood by it, and whether it has told somebody in vain."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.home: House | None = None
        self.alive, self.withdrawn = True, False
        self.died_at: datetime | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(asyncio.wait_for(work, STEP_SECONDS))

    @property
    def at(self) -> House:
        assert self.home is not None
        return self.home

    @property
    def now(self) -> datetime:
        return self.at.clock.now()

    @initialize(grace_seconds=st.sampled_from([0, 60, 900]), rotates=st.booleans())
    def sign_in(self, grace_seconds: int, rotates: bool) -> None:
        self.grace = timedelta(seconds=grace_seconds)
        policy = RecheckPolicy(RECHECK_SECONDS, grace_seconds)
        self.home = self.run(house(self.url, self.stack, policy=policy, rotates=rotates))
        self.run(self.begin())

    @precondition(lambda self: not self.alive)
    @rule()
    def sign_in_again(self) -> None:
        self.run(self.begin())

    async def begin(self) -> None:
        """The only session there is; the provider's refresh token is ``r0`` again."""
        for table in ("ww_audit_events", "ww_revocations", "ww_users", "ww_provider_grants"):
            await self.at.change(f"DELETE FROM {table}")
        self.alive, self.withdrawn, self.died_at = True, False, None
        provider = self.at.provider
        provider.number, provider.told_in_vain, provider.confirmed_at = 0, False, self.now
        self.tokens = [(await self.at.sign_in()).refresh_token]

    @rule(
        mood=moods,
        edge=st.sampled_from(["due", "due", "grace over"]),
        beyond=st.sampled_from([-1, 0, 0, 1, 40]),
        death=deaths,
    )
    def the_client_comes_at_an_edge(
        self, mood: str, edge: str, beyond: int, death: tuple[str, Moment] | None
    ) -> None:
        """Around the moment the session is due, or its grace is over, in every weather."""
        session, _ = self.run(self.at.models())
        due_at = session["recheck_due_at"]
        if edge == "grace over":
            due_at = (session["degraded_at"] or due_at) + self.grace
        self.at.clock.advance(max((due_at - self.now).total_seconds() + beyond, 0))
        self.the_provider_changes(mood)
        self.the_client_refreshes(death)

    def the_provider_changes(self, mood: str) -> None:
        self.at.provider.says, self.at.provider.loses = MOODS[mood], mood == "loses"

    @rule(really=rarely)
    def the_provider_withdraws(self, really: bool) -> None:
        """The refresh token that it gave is none any more."""
        if really:
            self.withdrawn = True
            self.at.provider.number += 1000

    @rule(seconds=st.sampled_from([1, 11, 31, 400, RECHECK_SECONDS]))
    def time_passes(self, seconds: int) -> None:
        self.at.clock.advance(seconds)

    @rule(death=deaths)
    def the_client_refreshes(self, death: tuple[str, Moment] | None) -> None:
        """At one replica, which may die on the way; at most one question."""
        self.at.journey.end = death
        number = self.at.provider.number
        (outcome,), asked = self.run(self.refreshed(self.tokens[-1], 1))
        self.at.journey.end = None
        assert asked <= 1
        if isinstance(outcome, Died) and self.at.provider.number != number:
            self.at.provider.told_in_vain = True
        self.judge(outcome)

    @rule(number=st.integers(2, 5), mood=moods)
    def many_refresh_at_once(self, number: int, mood: str) -> None:
        """At both replicas: one successor, and one question after each that was in vain."""
        self.the_provider_changes(mood)
        outcomes, asked = self.run(self.refreshed(self.tokens[-1], number))
        in_vain = [each for each in outcomes if isinstance(each, ProviderGraceOver)]
        assert asked <= 1 + len(in_vain)
        granted = {each.refresh_token for each in outcomes if isinstance(each, Grant)}
        assert len(granted) <= 1
        told = [each for each in outcomes if not isinstance(each, RecheckUnderWay)]
        if not told:
            self.judge(outcomes[0])
        for each in told[:1]:
            self.judge(each)

    @precondition(lambda self: self.home is not None and len(self.tokens) > 2)
    @rule(really=rarely)
    def somebody_replays(self, really: bool) -> None:
        """An older token asks nobody, whatever is due; it ends the session."""
        if really:
            (outcome,), asked = self.run(self.refreshed(self.tokens[0], 1))
            assert isinstance(outcome, RefreshRefused)
            assert asked == 0
            self.alive = False

    async def refreshed(self, token: str, number: int) -> tuple[Sequence[Any], int]:
        """The outcomes, and how often the provider was asked for them."""
        before = len(self.at.provider.asked)
        replicas = (self.at.here, self.at.there)
        calls = [replicas[n % 2].manager.refresh(token) for n in range(number)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        return outcomes, len(self.at.provider.asked) - before

    def judge(self, outcome: Grant | Exception) -> None:
        """Whether that was a right answer."""
        provider = self.at.provider
        match outcome:
            case Died():
                self.died_at = self.now
            case RecheckUnderWay():
                assert self.died_at is not None
                assert self.now < self.died_at + LEASE
            case ProviderGraceOver():
                assert self.alive
                assert provider.says is not None or provider.loses
            case RefreshRefused():
                assert self.withdrawn or provider.told_in_vain or not self.alive
                self.alive = False
            case Grant():
                assert self.alive
                assert self.now < provider.confirmed_at + RECHECK + self.grace
                self.tokens.append(outcome.refresh_token)
            case _:
                raise AssertionError(repr(outcome))

    @precondition(lambda self: self.home is not None)
    @invariant()
    def the_rows_are_as_they_must_be(self) -> None:
        """Nobody is degraded past the grace, a lease is held by the dead only, and what has ended keeps
        no token of the provider."""
        session, grant = self.run(self.at.models())
        if session["degraded_at"] is not None:
            assert session["recheck_due_at"] <= session["degraded_at"] + self.grace
        if grant["lease_ends_at"] is not None and grant["lease_ends_at"] > self.now:
            assert self.died_at is not None
            assert grant["asking_since"] is not None
        assert (grant["ended_at"] is None) == (session["revoked_at"] is None)
        if grant["ended_at"] is not None:
            assert grant["sealed_tokens"] is None
        if self.alive and session["revoked_at"] is not None:
            assert self.died_at is not None

    def teardown(self) -> None:
        try:
            self.run(self.stack.aclose())
        finally:
            self.runner.close()
