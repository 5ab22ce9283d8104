"""One replica over one store, and the model beside it: every call is made on both and compared."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests.sessions.backends import Backend, MemoryBackend
from tests.sessions.faults import Fault, FaultyStore
from tests.sessions.model import Chain, Deed, Means, World, explained
from tests.sessions.parts import Replica, replica
from watchword.auth.grants import BROWSER, Grant
from watchword.errors import DatabaseUnavailable, RefreshRefused, RefreshReplayed, UserDisabled
from watchword.protocol.principal import Principal

CALLS = {
    Means.ROTATES: ["rotate"],
    Means.SAME_AGAIN: ["rotate", "facts", "find"],
    Means.ENDS_THE_SESSION: ["rotate", "facts", "end"],
    Means.REFUSED: ["rotate", "facts"],
}
"""What a refresh asks of the store; where one of these fails, nothing after it is asked."""
_WINDOW_BYTES = 6
_PREDICTABLE_BYTES = 20
"""A session id and a generation."""


@dataclass(frozen=True)
class AccessToken:
    text: str
    chain: int
    generation: int
    expires_at: datetime


@dataclass
class Comparison:
    """``tag`` keeps the people of one run apart from all others in the same database."""

    backend: Backend
    store: FaultyStore
    replica: Replica
    world: World
    tag: str
    ids: list[UUID] = field(default_factory=list)
    access: list[AccessToken] = field(default_factory=list)
    touched: int | None = None

    @classmethod
    async def over(cls, backend: Backend, overlap_seconds: int, tag: str) -> Comparison:
        store = FaultyStore(backend.sessions)
        parts = await replica(store, backend.revocations, overlap_seconds=overlap_seconds)
        return cls(backend, store, parts, World(timedelta(seconds=overlap_seconds)), tag)

    @property
    def now(self) -> datetime:
        return self.replica.clock.now()

    def touch(self, chain: int) -> Chain:
        self.touched = chain
        return self.world.chains[chain]

    async def sign_in(
        self, owner: str, client_id: str, roles: frozenset[str], fault: Fault | None
    ) -> int | None:
        """The number of the new session; None when it was refused or the database away."""
        self.store.arm(fault)
        try:
            grant = await self.replica.open(f"{owner}-{self.tag}", client_id=client_id, roles=roles)
        except DatabaseUnavailable:
            assert fault is not None
            return None
        except UserDisabled:
            assert not self.world.may_open(owner)
            return None
        assert self.world.may_open(owner)
        chain = self.world.opened(owner, client_id, roles, grant.refresh_token, self.now)
        self.ids.append(grant.session.session_id)
        self._received(self.touch(chain.name), grant)
        return chain.name

    async def refresh(self, chain: int, token: str, client_id: str | None, fault: Fault | None) -> str | None:
        """Present a token; the refresh token that was answered."""
        session = self.touch(chain)
        means = self.world.means(session, token, client_id, self.now)
        expected = CALLS[means]
        self.store.arm(fault)
        refreshing = self.replica.manager.refresh(token, client_id=client_id)
        if fault is not None and fault.call < len(expected):
            await self._fails(session, token, means, fault, refreshing)
            return None
        if means in (Means.ROTATES, Means.SAME_AGAIN):
            grant = await refreshing
            assert self.store.calls == expected
            return self._granted(session, means, grant)
        with pytest.raises(RefreshRefused) as refused:
            await refreshing
        assert isinstance(refused.value, RefreshReplayed) is (means is Means.ENDS_THE_SESSION)
        assert self.store.calls == expected
        session.ended = session.ended or means is Means.ENDS_THE_SESSION
        return None

    async def sign_out(self, chain: int, fault: Fault | None) -> None:
        session = self.touch(chain)
        self.store.arm(fault)
        ending = self.replica.manager.end(self.ids[chain], reason="logout")
        if fault is not None and fault.call == 0:
            with pytest.raises(DatabaseUnavailable):
                await ending
            session.ended = session.ended or fault.moment == "after"
        else:
            assert await ending is not session.ended
            session.ended = True

    async def set_active(self, chain: int, active: bool) -> None:
        owner = self.touch(chain).owner
        await self.backend.set_active(f"{owner}-{self.tag}", active, now=self.now)
        self.world.set_active(owner, active)

    async def at_once(self, chain: int, tokens: list[str], third: str, pauses: list[int]) -> None:
        """Refreshes with ``tokens`` and one more deed in parallel: some order explains them all."""
        session = self.touch(chain)
        self.store.arm(None, pauses=pauses)
        deeds = await asyncio.gather(
            *(self._refreshed(chain, each) for each in tokens), self._third(session, third, tokens[0])
        )
        explanation = explained(self.world, session, deeds, self.now)
        assert explanation is not None, deeds
        self.world = explanation

    async def compare_store(self) -> None:
        """The session touched last: one current token, and nothing moved that should not have."""
        if self.touched is None:
            return
        session = self.world.chains[self.touched]
        facts = await self.backend.sessions.facts(self.ids[session.name])
        assert facts is not None
        assert (facts.revoked_at is not None) is session.ended
        assert facts.user_active is self.world.people[session.owner].active
        assert facts.absolute_ends_at == session.absolute_ends_at
        if not session.ended:
            assert facts.generation == len(session.tokens)
            assert facts.refresh_digest == hashlib.sha256(session.tokens[-1].encode()).digest()
            assert facts.rotated_at == session.rotated_at
            assert facts.idle_ends_at == session.idle_ends_at

    async def compare_access_tokens(self) -> None:
        """After one reading of the feed exactly those of ended sessions and of generations before
        a change of the account are refused."""
        await self.replica.feed.poll()
        self.access = [each for each in self.access if each.expires_at > self.now + timedelta(seconds=1)]
        for access in self.access:
            session = self.world.chains[access.chain]
            refused = session.ended or access.generation <= session.refused_generation
            identity = await self.replica.identify(access.text)
            assert isinstance(identity, Principal) is not refused

    async def compare_holder(self, chain: int, token: str) -> None:
        """The current token or the previous one inside the overlap; looking changes nothing."""
        means = self.world.means(self.touch(chain), token, BROWSER, self.now)
        self.store.arm(None)
        holder = await self.replica.manager.holder(token)
        assert (holder is not None) is (means in (Means.ROTATES, Means.SAME_AGAIN))

    async def compare_clones(self, chain: int) -> None:
        """Each token ever given out, presented to a copy of the store of its own: at most one of
        them rotates. Two copies at the same moment bring two successors with nothing in common:
        neither follows from what was before."""
        if not isinstance(self.backend, MemoryBackend):
            return
        session = self.world.chains[chain]
        successors = [await self._on_a_clone(self.backend, token) for token in session.tokens]
        successors.append(await self._on_a_clone(self.backend, session.tokens[-1]))
        rotated = [each for each in successors if each is not None]
        if self.world.alive(session, self.now):
            assert successors[:-2] == [None] * (len(session.tokens) - 1)
            nothing_in_common([*session.tokens, *rotated])
        assert len(rotated) == 2 * self.world.alive(session, self.now)

    async def _on_a_clone(self, backend: MemoryBackend, token: str) -> str | None:
        """The successor a token rotates to on a copy of the store; None when it does not."""
        store = FaultyStore(deepcopy(backend.store))
        parts = await replica(store, backend.store, clock=self.replica.clock)
        try:
            grant = await parts.manager.refresh(token)
        except RefreshRefused:
            return None
        return grant.refresh_token if store.calls == ["rotate"] else None

    async def finish(self) -> None:
        """Present every token there ever was, the newest first; what is dead by the model is dead."""
        for session in self.world.chains:
            for token in [*reversed(session.tokens), session.tokens[-1]]:
                await self.refresh(session.name, token, None, None)
                await self.compare_store()
        await self.compare_access_tokens()
        nothing_in_common([each for session in self.world.chains for each in session.tokens])

    async def _fails(
        self, session: Chain, token: str, means: Means, fault: Fault, refreshing: Awaitable[Grant]
    ) -> None:
        """The database is away at a call; what that call had committed is committed."""
        with pytest.raises(DatabaseUnavailable):
            await refreshing
        assert self.store.calls == CALLS[means][: fault.call + 1]
        if fault.moment == "before":
            return
        if means is Means.ENDS_THE_SESSION and fault.call == 2:
            session.ended = True
        if means is Means.ROTATES:
            await self._ask_again(session, token)

    async def _ask_again(self, session: Chain, token: str) -> None:
        """The rotation was committed and nobody told: asking again brings the successor inside the
        overlap, and is a replay without one."""
        self.store.arm(None)
        if self.world.overlap:
            self._granted(session, Means.ROTATES, await self.replica.manager.refresh(token))
        else:
            with pytest.raises(RefreshReplayed):
                await self.replica.manager.refresh(token)
            session.ended = True

    def _granted(self, session: Chain, means: Means, grant: Grant) -> str:
        if means is Means.ROTATES:
            self.world.rotated(session, grant.refresh_token, self.now)
        assert grant.refresh_token == session.tokens[-1]
        self._received(session, grant)
        return grant.refresh_token

    def _received(self, session: Chain, grant: Grant) -> None:
        """What every grant must be, wherever it came from."""
        assert grant.session.session_id == self.ids[session.name]
        assert grant.session.generation == len(session.tokens)
        assert grant.session.roles == self.world.people[session.owner].roles
        assert grant.session.idle_ends_at == session.idle_ends_at
        assert grant.session.absolute_ends_at == session.absolute_ends_at
        self._keep(session.name, grant)

    def _keep(self, chain: int, grant: Grant) -> None:
        expires_at = grant.issued_at + timedelta(seconds=grant.access.expires_in)
        self.access.append(AccessToken(grant.access.text, chain, grant.session.generation, expires_at))

    async def _refreshed(self, chain: int, token: str) -> Deed:
        try:
            grant = await self.replica.manager.refresh(token)
        except RefreshRefused:
            return Deed("refresh", token)
        self._keep(chain, grant)
        return Deed("refresh", token, grant.refresh_token)

    async def _third(self, session: Chain, kind: str, token: str) -> Deed:
        if kind == "refresh":
            return await self._refreshed(session.name, token)
        if kind == "logout":
            await self.replica.manager.end(self.ids[session.name], reason="logout")
            return Deed("logout")
        await self.backend.set_active(f"{session.owner}-{self.tag}", False, now=self.now)
        return Deed("disable")


def nothing_in_common(tokens: Sequence[str]) -> None:
    """Beyond id and generation no two tokens share six bytes: none predicts another."""
    seen: set[bytes] = set()
    for token in tokens:
        fresh = base64.urlsafe_b64decode(token.removeprefix("wtr_"))[_PREDICTABLE_BYTES:]
        windows = {fresh[at : at + _WINDOW_BYTES] for at in range(len(fresh) - _WINDOW_BYTES + 1)}
        assert not seen & windows
        seen |= windows
