"""Processes that die, answers that get lost and callers that leave while a provider is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.sessions.faults import Fault, Moment
from tests.sessions.rechecks import GRACE_SECONDS, GRANT, OUTAGE, POLICY, RECHECK_SECONDS, Died, House, house
from watchword.auth.grant_ports import LEASE_SECONDS
from watchword.auth.provider_recheck import ProviderRecheck
from watchword.auth.recheck_ports import Unanswered
from watchword.errors import (
    DatabaseUnavailable,
    ProviderCircuitOpen,
    ProviderGraceOver,
    RecheckUnderWay,
    RefreshRefused,
    SignInUnconfirmed,
    SignInWithdrawn,
)
from watchword.protocol.principal import Rejected
from watchword.protocol.rotation import RecheckDue

MOMENTS: list[Moment] = ["before", "after"]
STEPS = [(step, moment) for step in ("take_lease", "refresh", "keep", "confirm") for moment in MOMENTS]
WITHOUT_ROTATION = [each for each in STEPS if each[0] != "keep"]
TOKEN_LOST = [("refresh", "after"), ("keep", "before")]


@pytest.fixture
async def home(database_url: str) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield await house(database_url, stack)


@pytest.fixture
async def lasting(database_url: str) -> AsyncIterator[House]:
    """A provider whose refresh token stays the same."""
    async with AsyncExitStack() as stack:
        yield await house(database_url, stack, rotates=False)


async def dies(home: House, token: str, step: str, moment: Moment) -> None:
    home.journey.end = (step, moment)
    with pytest.raises(Died):
        await home.here.manager.refresh(token)
    home.journey.end = None


async def after_the_lease(home: House, token: str, step: str, moment: Moment) -> None:
    """Whoever comes at once is told to come again; then the lease has lapsed."""
    holds_lease = (step, moment) not in (("take_lease", "before"), ("confirm", "after"))
    if holds_lease:
        for _ in range(2):
            with pytest.raises(RecheckUnderWay):
                await home.there.manager.refresh(token)
            home.clock.advance(LEASE_SECONDS / 2)


@pytest.mark.parametrize(("step", "moment"), WITHOUT_ROTATION)
async def test_a_client_goes_on_wherever_the_process_dies(lasting: House, step: str, moment: Moment) -> None:
    """With the token it holds, at another replica, after ten seconds at most."""
    grant = await lasting.due()
    await dies(lasting, grant.refresh_token, step, moment)
    await after_the_lease(lasting, grant.refresh_token, step, moment)
    refreshed = await lasting.there.manager.refresh(grant.refresh_token)
    assert refreshed.session.generation == 2
    again = await lasting.here.manager.refresh(grant.refresh_token)
    assert again.refresh_token == refreshed.refresh_token
    kept = await lasting.row("ww_provider_grants")
    assert (kept.lease_id, kept.asking_since) == (None, None)


@pytest.mark.parametrize(("step", "moment"), STEPS)
async def test_where_the_providers_token_died_with_the_process_people_sign_in_again(
    home: House, step: str, moment: Moment
) -> None:
    """A provider that rotates has spent the only token that is kept, and nobody else knows the new
    one: said as it is, not as theft; everywhere else the session goes on."""
    grant = await home.due()
    await dies(home, grant.refresh_token, step, moment)
    await after_the_lease(home, grant.refresh_token, step, moment)
    if (step, moment) not in TOKEN_LOST:
        assert (await home.there.manager.refresh(grant.refresh_token)).session.generation == 2
        return
    with pytest.raises(SignInUnconfirmed, match="may have been lost: sign in again"):
        await home.there.manager.refresh(grant.refresh_token)
    ended = {"reason": "provider_refused", "cause": "answer_lost"}
    assert await home.trail() == [("session_ended", ended)]
    await home.here.feed.poll()
    assert isinstance(await home.here.identify(grant.access.text), Rejected)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_death_around_the_rotation_after_a_confirmation(home: House, moment: Moment) -> None:
    """What the provider said is kept; the client goes on with the token it holds, no second question."""
    grant = await home.due()
    home.sessions.arm(Fault(2, moment))
    with pytest.raises(DatabaseUnavailable):
        await home.here.manager.refresh(grant.refresh_token)
    assert home.sessions.calls == ["rotate", "facts", "rotate"]
    home.sessions.arm(None)
    assert (await home.here.manager.refresh(grant.refresh_token)).session.generation == 2
    assert home.provider.asked == ["r0"]


@pytest.mark.parametrize(("step", "moment"), [("hold", "before"), ("hold", "after")])
async def test_death_while_an_outage_is_written_down(home: House, step: str, moment: Moment) -> None:
    """It is written down once, by whoever comes after."""
    grant = await home.due()
    home.provider.says = OUTAGE
    await dies(home, grant.refresh_token, step, moment)
    home.clock.advance(LEASE_SECONDS)
    refreshed = await home.there.manager.refresh(grant.refresh_token)
    assert refreshed.session.generation == 2
    assert [event for event, _ in await home.trail()] == ["session_degraded"]


@pytest.mark.parametrize("moment", MOMENTS)
async def test_death_while_a_withdrawn_sign_in_is_ended(home: House, moment: Moment) -> None:
    """Either it has ended, or the next question ends it; never does it go on."""
    grant = await home.due()
    home.provider.number = 9
    await dies(home, grant.refresh_token, "withdraw", moment)
    home.clock.advance(LEASE_SECONDS)
    with pytest.raises(RefreshRefused):
        await home.there.manager.refresh(grant.refresh_token)
    assert len(await home.trail()) == 1
    assert (await home.row("ww_provider_grants")).sealed_tokens is None


async def test_a_lost_answer_and_then_a_refusal_is_told_as_such(home: House) -> None:
    """The provider rotated, its answer did not arrive, the session went on degraded; what the provider
    then says of the old token is no theft. A lasting outage in between changes nothing about it."""
    grant = await home.due()
    home.provider.loses = True
    grant = await home.here.manager.refresh(grant.refresh_token)
    home.provider.loses = False
    home.clock.advance(30)
    home.provider.says = Unanswered(ProviderCircuitOpen("left alone"))
    grant = await home.here.manager.refresh(grant.refresh_token)
    home.provider.says = None
    home.clock.advance(30)
    with pytest.raises(SignInUnconfirmed):
        await home.here.manager.refresh(grant.refresh_token)
    assert (await home.trail())[-1] == (
        "session_ended",
        {"reason": "provider_refused", "cause": "answer_lost"},
    )


async def test_a_question_that_was_never_sent_loses_no_answer(home: House) -> None:
    """Past the grace, too: a refusal after it is the provider's own word."""
    grant = await home.due()
    home.provider.says = Unanswered(ProviderCircuitOpen("left alone"))
    grant = await home.here.manager.refresh(grant.refresh_token)
    home.clock.advance(GRACE_SECONDS)
    with pytest.raises(ProviderGraceOver):
        await home.here.manager.refresh(grant.refresh_token)
    home.provider.says, home.provider.number = None, 9
    with pytest.raises(SignInWithdrawn):
        await home.here.manager.refresh(grant.refresh_token)


async def test_a_caller_that_leaves_does_not_take_the_answer_along(home: House) -> None:
    """The question is finished behind it, and the next caller rotates without a second one."""
    grant = await home.due()
    home.provider.waits = asyncio.Event()
    asking = asyncio.create_task(home.here.manager.refresh(grant.refresh_token))
    await home.journey.begun["refresh"].wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    home.provider.waits.set()
    await home.journey.done["confirm"].wait()
    assert await home.kept() == "r1"
    assert (await home.there.manager.refresh(grant.refresh_token)).session.generation == 2
    assert home.provider.asked == ["r0"]


@pytest.mark.parametrize("away", [["before"], ["after"], ["before", "before"], ["before", "after"]])
async def test_a_database_that_is_away_for_a_moment_costs_no_answer(home: House, away: list[Moment]) -> None:
    """It is written down when the database is back; asked once, and the next re-check works."""
    grant = await home.due()
    home.journey.away = away
    grant = await home.here.manager.refresh(grant.refresh_token)
    assert await home.kept() == "r1"
    home.clock.advance(RECHECK_SECONDS)
    await home.here.manager.refresh(grant.refresh_token)
    assert home.provider.asked == ["r0", "r1"]


async def test_a_database_that_stays_away_is_told_as_it_is(home: House) -> None:
    """503, nothing rotated; whoever asks after the lease hears what became of the provider's token."""
    grant = await home.due()
    home.journey.away = ["before"] * 3
    with pytest.raises(DatabaseUnavailable):
        await home.here.manager.refresh(grant.refresh_token)
    home.clock.advance(LEASE_SECONDS)
    with pytest.raises(SignInUnconfirmed):
        await home.there.manager.refresh(grant.refresh_token)


async def test_a_process_that_stops_waits_for_the_answers_under_way(home: House) -> None:
    """Nobody waits for them any more, but the next refresh token is in them."""
    grant = await home.due()
    recheck = ProviderRecheck(
        {"dev": home.provider},
        home.seals,
        home.database.grants,
        home.clock,
        policy=POLICY,
        tokens_live_seconds=3660,
        on_ended=lambda *_: None,
    )
    home.provider.waits = asyncio.Event()
    due = RecheckDue(GRANT, home.clock.now(), None)
    asking = asyncio.create_task(recheck.run(grant.session.session_id, due))
    await home.journey.begun["refresh"].wait()
    asking.cancel()
    stopping = asyncio.create_task(recheck.settled())
    await asyncio.sleep(0.01)
    assert not stopping.done()
    home.provider.waits.set()
    await stopping
    assert await home.kept() == "r1"
    await recheck.settled()


async def test_who_lost_the_lease_writes_nothing(home: House) -> None:
    """An answer that comes after somebody else has asked is late: what the other learnt stays."""
    grant = await home.due()
    slow = home.provider.waits = asyncio.Event()
    asking = asyncio.create_task(home.here.manager.refresh(grant.refresh_token))
    await home.journey.begun["refresh"].wait()
    home.clock.advance(LEASE_SECONDS)
    home.provider.waits = None
    assert (await home.there.manager.refresh(grant.refresh_token)).session.generation == 2
    assert await home.kept() == "r1"
    before = await home.rows("SELECT * FROM ww_sessions")
    slow.set()
    late = (await asyncio.gather(asking, return_exceptions=True))[0]
    assert not isinstance(late, BaseException)
    assert late.session.generation == 2
    assert await home.kept() == "r1"
    assert await home.rows("SELECT * FROM ww_sessions") == before
    assert await home.trail() == []


async def test_an_account_that_is_busy_costs_no_answer(home: House) -> None:
    """Profile and roles were not written down while the lease lasted; the provider's next token had been
    kept before, and the old one is never shown to it again."""
    grant = await home.due()
    await dies(home, grant.refresh_token, "confirm", "before")
    assert await home.kept() == "r1"
    home.clock.advance(LEASE_SECONDS)
    assert (await home.there.manager.refresh(grant.refresh_token)).session.generation == 2
    assert home.provider.asked == ["r0", "r1"]
