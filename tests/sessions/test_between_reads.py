"""What happens to a session between the two looks that an answer inside the overlap takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pytest

from tests.sessions.faults import FaultyStore
from tests.sessions.memory_store import MemoryStore
from tests.sessions.parts import START, Replica, replica
from watchword.auth.ports import LiveSession
from watchword.errors import RefreshRefused, RefreshReplayed
from watchword.protocol.principal import Principal
from watchword.testing import FakeClock


class Interrupted(FaultyStore):
    """Does something else, once, before it finds a session."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def find(self, session_id: UUID, *, now: datetime) -> LiveSession | None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return await super().find(session_id, now=now)


@dataclass(frozen=True)
class Scene:
    """A session once rotated; ``others`` is a second replica over the same store."""

    slow: Replica
    others: Replica
    store: Interrupted
    accounts: MemoryStore
    session_id: UUID
    first: str
    second: str

    async def rotate(self, times: int) -> str:
        token = self.second
        for _ in range(times):
            token = (await self.others.manager.refresh(token)).refresh_token
        return token


@pytest.fixture
async def scene() -> Scene:
    accounts, clock = MemoryStore(), FakeClock(START)
    store = Interrupted(accounts)
    slow, others = await replica(store, accounts, clock=clock), await replica(accounts, accounts, clock=clock)
    opened = await others.open()
    second = (await others.manager.refresh(opened.refresh_token)).refresh_token
    session_id = opened.session.session_id
    return Scene(slow, others, store, accounts, session_id, opened.refresh_token, second)


async def test_the_successor_used_meanwhile_is_still_the_answer(scene: Scene) -> None:
    """A slow tab gets what it would have got a moment earlier, and goes on with it: it is the
    previous token now, inside its own overlap."""
    scene.store.meanwhile = lambda: scene.rotate(1)
    answered = await scene.slow.manager.refresh(scene.first)
    assert answered.refresh_token == scene.second
    assert isinstance(await scene.slow.identify(answered.access.text), Principal)
    third = await scene.slow.manager.refresh(scene.second)
    assert third.session.generation == 3


async def test_a_token_that_became_older_meanwhile_is_a_replay(scene: Scene) -> None:
    """Two rotations on, the successor would be of no use to anyone honest."""
    scene.store.meanwhile = lambda: scene.rotate(2)
    with pytest.raises(RefreshReplayed):
        await scene.slow.manager.refresh(scene.first)


async def test_nothing_is_answered_after_a_logout_meanwhile(scene: Scene) -> None:
    """The second look decides: no token is minted for an ended session."""
    scene.store.meanwhile = lambda: scene.others.manager.end(scene.session_id, reason="logout")
    with pytest.raises(RefreshRefused) as refused:
        await scene.slow.manager.refresh(scene.first)
    assert not isinstance(refused.value, RefreshReplayed)


async def test_nothing_is_answered_to_an_account_disabled_meanwhile(scene: Scene) -> None:
    """Nor to a person who may no longer sign in; enabled again, they go on."""
    scene.store.meanwhile = lambda: scene.accounts.set_active("alice", False, now=START)
    with pytest.raises(RefreshRefused, match="disabled"):
        await scene.slow.manager.refresh(scene.first)
    await scene.accounts.set_active("alice", True, now=START)
    assert (await scene.slow.manager.refresh(scene.first)).refresh_token == scene.second


@pytest.mark.parametrize("generation", [1, 2])
async def test_a_page_knows_nobody_whose_session_ended_meanwhile(scene: Scene, generation: int) -> None:
    """A cookie that was good at the first look and not at the second is nobody's."""
    token = scene.first if generation == 1 else scene.second
    assert await scene.slow.manager.holder(token) is not None
    scene.store.meanwhile = lambda: scene.others.manager.end(scene.session_id, reason="logout")
    assert await scene.slow.manager.holder(token) is None
