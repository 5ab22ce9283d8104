"""Providers that cannot be asked again, for a reason of our own, and re-checks that stop; both databases."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import UUID

import pytest

from tests.sessions.parts import Asking, BoundSeals, Replica, replica
from tests.sessions.rechecks import GRACE_SECONDS, POLICY, RECHECK_SECONDS, House, house
from watchword.auth.revocation import RevocationFeed
from watchword.auth.session_refresh import Recheck
from watchword.errors import RecheckUnderWay, RefreshRefused, SignInUnconfirmed
from watchword.protocol.recheck import RecheckPolicy
from watchword.protocol.rotation import RecheckDue
from watchword.testing import FakeClock

OTHER_SECRET_KEY = bytes(range(1, 33))


@pytest.fixture
async def home(database_url: str) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield await house(database_url, stack)


async def elsewhere(home: House, cause: str) -> Replica:
    """A replica with other settings over the same database."""
    removed = cause == "provider_removed"
    asking = Asking({} if removed else {"dev": home.provider}, home.database.grants, POLICY)
    if not removed:
        asking = replace(asking, seals=BoundSeals(OTHER_SECRET_KEY))
    return await replica(
        home.database.sessions,
        home.database.revocations,
        clock=home.clock,
        idle_seconds=50_000,
        asking=asking,
    )


@pytest.mark.parametrize("cause", ["provider_removed", "seal_not_openable"])
async def test_a_provider_we_cannot_ask_has_the_grace_and_then_ends_the_session(
    home: House, caplog: pytest.LogCaptureFixture, cause: str
) -> None:
    """Degraded meanwhile, a warning in the log each time, an end that says why: nobody is signed out
    in silence, and nobody is sent round in circles."""
    grant = await home.due()
    there = await elsewhere(home, cause)
    home.clock.advance(GRACE_SECONDS - 1)
    with caplog.at_level(logging.WARNING, "watchword"):
        grant = await there.manager.refresh(grant.refresh_token)
    assert "cannot be asked about session" in caplog.text
    assert await home.trail() == [("session_degraded", {"provider": "dev", "cause": cause})]
    home.clock.advance(1)
    with pytest.raises(SignInUnconfirmed, match="cannot be asked"):
        await there.manager.refresh(grant.refresh_token)
    ended = ("session_ended", {"reason": "recheck_impossible", "cause": cause})
    assert (await home.trail())[-1] == ended
    assert await home.kept() is None
    assert home.provider.asked == []
    with pytest.raises(RefreshRefused, match="session ended"):
        await home.here.manager.refresh(grant.refresh_token)


@pytest.mark.parametrize("cause", ["provider_removed", "seal_not_openable"])
async def test_a_setting_that_comes_back_in_time_mends_it(home: House, cause: str) -> None:
    """Nothing of the provider's token was lost meanwhile; its refusal would be its own word."""
    grant = await home.due()
    there = await elsewhere(home, cause)
    grant = await there.manager.refresh(grant.refresh_token)
    home.clock.advance(30)
    assert (await home.row("ww_provider_grants")).asking_since is None
    await home.here.manager.refresh(grant.refresh_token)
    assert [event for event, _ in await home.trail()] == ["session_degraded", "session_recovered"]
    assert home.provider.asked == ["r0"]


async def test_switched_off_a_due_session_goes_on_for_good(database_url: str) -> None:
    """PROVIDER_RECHECK_SECONDS=0 after sign-ins that were to be asked about: no question, no end, the
    provider's tokens forgotten, once in the trail."""
    async with AsyncExitStack() as stack:
        off = RecheckPolicy(0, GRACE_SECONDS)
        home = await house(database_url, stack, there_policy=off)
        grant = await home.due()
        for _ in range(2):
            grant = await home.there.manager.refresh(grant.refresh_token)
            home.clock.advance(RECHECK_SECONDS)
        assert await home.kept() is None
        assert await home.trail() == [("rechecks_stopped", {"cause": "switched_off"})]
        await home.here.manager.refresh(grant.refresh_token)
        assert home.provider.asked == []


async def test_opened_while_switched_off_a_session_is_never_due(database_url: str) -> None:
    """Whatever the settings become later: there is nothing to ask with."""
    async with AsyncExitStack() as stack:
        home = await house(database_url, stack, policy=RecheckPolicy(0, 0), there_policy=POLICY)
        grant = await home.due()
        await home.there.manager.refresh(grant.refresh_token)
        assert home.provider.asked == []


@pytest.mark.parametrize(
    "purge",
    [
        "UPDATE ww_provider_grants SET sealed_tokens = NULL",
        "UPDATE ww_sessions SET grant_id = NULL",
        "DELETE FROM ww_provider_grants",
    ],
)
async def test_with_the_tokens_purged_a_session_lives_on_without_re_checks(home: House, purge: str) -> None:
    """Once in the trail; its refreshes are ordinary ones again."""
    grant = await home.due()
    await home.change(purge)
    for _ in range(2):
        grant = await home.here.manager.refresh(grant.refresh_token)
        home.clock.advance(RECHECK_SECONDS)
    assert home.provider.asked == []
    assert await home.trail() == [("rechecks_stopped", {"cause": "tokens_purged"})]
    assert (await home.row("ww_sessions")).recheck_due_at is None


async def test_a_session_that_stays_due_is_asked_about_once_a_refresh(home: House) -> None:
    """Should a question leave it due, the caller comes back instead of asking in circles."""
    grant = await home.due()
    asked: list[RecheckDue] = []

    async def ask(session_id: UUID, due: RecheckDue) -> None:
        asked.append(due)

    class Idle(Asking):
        def recheck(self, clock: FakeClock, feed: RevocationFeed) -> Recheck:
            return ask

    idle = Idle({"dev": home.provider}, home.database.grants, POLICY)
    there = await replica(home.database.sessions, home.database.revocations, clock=home.clock, asking=idle)
    with pytest.raises(RecheckUnderWay):
        await there.manager.refresh(grant.refresh_token)
    assert len(asked) == 1
