"""Random lives of sessions: people sign in, lose answers, share, steal, wait and leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from tests.sessions.backends import Backend
from tests.sessions.comparison import Comparison
from tests.sessions.faults import Fault
from tests.sessions.model import Means
from watchword.auth.grants import BROWSER
from watchword.errors import RefreshRefused

T = TypeVar("T")
MAX_SESSIONS = 6
STEP_SECONDS = 20
CLIENTS = (BROWSER, "spa")

faults = st.none() | st.builds(Fault, st.integers(0, 2), st.sampled_from(["before", "after"]))
ages = st.sampled_from([0, 0, 0, 1, 1, 1, 2, 3])
rarely = st.sampled_from([False, False, False, True])
"""What ends sessions is rare, so that they live long enough to be interesting."""


class SessionMachine(RuleBasedStateMachine):
    """Drives the asynchronous parts with one event loop a run."""

    chains: Bundle[int] = Bundle("chains")
    make_backend: Callable[[], Backend]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.pair: Comparison | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(asyncio.wait_for(work, STEP_SECONDS))

    @property
    def both(self) -> Comparison:
        assert self.pair is not None
        return self.pair

    @initialize(overlap_seconds=st.sampled_from([10, 10, 0]))
    def start(self, overlap_seconds: int) -> None:
        async def begin() -> Comparison:
            return await Comparison.over(type(self).make_backend(), overlap_seconds, uuid4().hex)

        self.pair = self.run(begin())

    @precondition(lambda self: len(self.both.ids) < MAX_SESSIONS)
    @rule(
        target=chains,
        owner=st.sampled_from(["ann", "ben"]),
        client_id=st.sampled_from(CLIENTS),
        roles=st.sampled_from([frozenset[str](), frozenset({"admin"})]),
        away=st.sampled_from([None, None, None, Fault(0, "before")]),
    )
    def sign_in(
        self, owner: str, client_id: str, roles: frozenset[str], away: Fault | None
    ) -> int | MultipleResults[int]:
        """Also how roles change: the second sign-in brings the new ones."""
        opened = self.run(self.both.sign_in(owner, client_id, roles, away))
        return multiple() if opened is None else opened

    @rule(chain=chains, times=st.integers(1, 3))
    def the_client_goes_on(self, chain: int, times: int) -> None:
        for _ in range(times):
            self.the_client_refreshes(chain, lost=False, fault=None)

    @rule(chain=chains, lost=st.booleans(), fault=faults)
    def the_client_refreshes(self, chain: int, lost: bool, fault: Fault | None) -> None:
        """With what it holds. The answer may get lost and the database be away: as long as nobody
        else uses its tokens and the overlap lasts, it can go on."""
        both = self.both
        session = both.world.chains[chain]
        if not session.disturbed and both.world.alive(session, both.now):
            means = both.world.means(session, session.held, None, both.now)
            in_time = session.rotated_at is None or both.now - session.rotated_at < both.world.overlap
            assert means in (Means.ROTATES, Means.SAME_AGAIN) or not in_time
        answered = self.run(both.refresh(chain, session.held, None, fault))
        if answered is not None and not lost:
            session.held = answered

    @rule(chain=chains, age=ages, client_id=st.sampled_from([None, *CLIENTS]), fault=faults)
    def anyone_refreshes(self, chain: int, age: int, client_id: str | None, fault: Fault | None) -> None:
        """With any token that was ever given out, stating any client."""
        session = self.both.world.chains[chain]
        session.disturbed = session.disturbed or client_id in (None, session.client_id)
        self.run(self.both.refresh(chain, self.token(chain, age), client_id, fault))

    @rule(chain=chains, age=ages)
    def another_client_refreshes(self, chain: int, age: int) -> None:
        """With a token that is not its own: refused, and nothing changes, not even by a replay."""
        (other,) = set(CLIENTS) - {self.both.world.chains[chain].client_id}
        self.run(self.both.refresh(chain, self.token(chain, age), other, None))

    @rule(chain=chains, position=st.integers(0, 115), char=st.sampled_from("A-_z9é"), age=ages)
    def someone_forges(self, chain: int, position: int, char: str, age: int) -> None:
        """One altered character of a real token is refused without a query."""
        token = self.token(chain, age)
        forged = token[:position] + char + token[position + 1 :]
        self.both.store.arm(None)
        if forged != token:
            with pytest.raises(RefreshRefused):
                self.run(self.both.replica.manager.refresh(forged))
            assert self.both.store.calls == []

    @rule(chain=chains, wants_to=rarely, fault=faults)
    def sign_out(self, chain: int, wants_to: bool, fault: Fault | None) -> None:
        """Ends the session, or fails whole."""
        if wants_to:
            self.run(self.both.sign_out(chain, fault))

    @rule(chain=chains, disable=rarely)
    def the_operator_decides(self, chain: int, disable: bool) -> None:
        """Disables the owner of a session, or lets them in again."""
        self.run(self.both.set_active(chain, not disable))

    @rule(
        chain=chains,
        first=ages,
        second=ages,
        third=st.sampled_from(["refresh", "refresh", "refresh", "logout", "disable"]),
        pauses=st.lists(st.integers(0, 4), max_size=12),
    )
    def all_at_once(self, chain: int, first: int, second: int, third: str, pauses: list[int]) -> None:
        """Parallel callers: in some order every one of them got the right answer."""
        self.both.world.chains[chain].disturbed = True
        tokens = [self.token(chain, age) for age in (first, second)]
        self.run(self.both.at_once(chain, tokens, third, pauses))

    @rule(seconds=st.sampled_from([0.001, 3, 20]))
    def time_passes(self, seconds: float) -> None:
        self.both.replica.clock.advance(seconds)

    @rule(
        chain=chains,
        edge=st.sampled_from(["overlap", "overlap", "idle", "absolute"]),
        beyond_ms=st.sampled_from([-1, 0, 1]),
    )
    def the_client_comes_at_an_edge(self, chain: int, edge: str, beyond_ms: int) -> None:
        """One millisecond before, at, or after the end of a session's overlap or life."""
        both = self.both
        session = both.touch(chain)
        ends_at = {
            "overlap": (session.rotated_at or session.opened_at) + both.world.overlap,
            "idle": session.idle_ends_at,
            "absolute": session.absolute_ends_at,
        }[edge]
        seconds = (ends_at - both.now).total_seconds() + beyond_ms / 1000
        if seconds > 0:
            both.replica.clock.advance(seconds)
        self.the_client_refreshes(chain, lost=False, fault=None)

    @rule(chain=chains, age=ages)
    def pages_ask_whose_cookie_it_is(self, chain: int, age: int) -> None:
        self.run(self.both.compare_holder(chain, self.token(chain, age)))

    @rule()
    def access_tokens_are_checked(self) -> None:
        self.run(self.both.compare_access_tokens())

    @rule(chain=chains)
    def tokens_are_tried_on_clones(self, chain: int) -> None:
        self.run(self.both.compare_clones(chain))

    @precondition(lambda self: self.pair is not None)
    @invariant()
    def the_store_is_what_the_model_believes(self) -> None:
        self.run(self.both.compare_store())

    def teardown(self) -> None:
        try:
            if self.pair is not None:
                self.run(self.pair.finish())
                self.run(self.pair.backend.close())
        finally:
            self.runner.close()

    def token(self, chain: int, age: int) -> str:
        """The current token of a session, or one as many generations older."""
        tokens = self.both.world.chains[chain].tokens
        return tokens[-1 - min(age, len(tokens) - 1)]
