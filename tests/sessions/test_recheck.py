"""A due session has its provider asked first: one question, and what each answer means, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.sessions.accounts import set_active
from tests.sessions.rechecks import GRACE_SECONDS, OUTAGE, POLICY, RECHECK_SECONDS, House, house
from watchword.auth.grants import BROWSER
from watchword.auth.recheck_ports import Unanswered, Withdrawn
from watchword.auth.token_issuer import IssuedToken
from watchword.errors import (
    ProviderGraceOver,
    ProviderUnavailable,
    RecheckUnderWay,
    RefreshRefused,
    RefreshReplayed,
    SignInWithdrawn,
    TooManyRoles,
)
from watchword.protocol.principal import Principal, Rejected

LATER = 30


@pytest.fixture
async def home(database_url: str) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield await house(database_url, stack)


async def test_until_it_is_due_nobody_is_asked(home: House) -> None:
    """One second before, at, and one second after the interval."""
    grant = await home.sign_in()
    home.clock.advance(RECHECK_SECONDS - 1)
    grant = await home.here.manager.refresh(grant.refresh_token)
    assert home.provider.asked == []
    home.clock.advance(1)
    grant = await home.here.manager.refresh(grant.refresh_token)
    assert home.provider.asked == ["r0"]
    home.clock.advance(RECHECK_SECONDS - 1)
    grant = await home.here.manager.refresh(grant.refresh_token)
    assert home.provider.asked == ["r0"]
    home.clock.advance(2)
    await home.here.manager.refresh(grant.refresh_token)
    assert home.provider.asked == ["r0", "r1"]


async def test_a_confirmed_session_goes_on_with_what_the_provider_says_now(home: House) -> None:
    """Name and roles as at a sign-in, which it is not; the roles are in the very token that comes out,
    and older ones are refused everywhere."""
    grant = await home.due()
    before = await home.row("ww_users")
    home.provider.roles = frozenset({"editor"})
    refreshed = await home.here.manager.refresh(grant.refresh_token)
    assert refreshed.session.roles == {"editor"}
    assert refreshed.session.name == "New Name"
    caller = await home.here.identify(refreshed.access.text)
    assert isinstance(caller, Principal)
    assert caller.roles == {"editor"}
    await home.there.feed.poll()
    assert isinstance(await home.there.identify(grant.access.text), Rejected)
    after = await home.row("ww_users")
    assert after.last_sign_in_at == before.last_sign_in_at
    assert refreshed.session.auth_time == grant.session.auth_time
    kept = await home.row("ww_provider_grants")
    assert await home.kept() == "r1"
    assert kept.checked_at is not None
    assert (kept.lease_id, kept.lease_ends_at, kept.asking_since, kept.degraded_at) == (None,) * 4


async def test_roles_that_are_gone_at_the_provider_are_gone_from_the_next_token(home: House) -> None:
    """The way back, too; a provider that does not say roles changes none."""
    grant = await home.due()
    for roles, expected in ((frozenset({"admin"}), {"admin"}), (None, {"admin"}), (frozenset[str](), set())):
        home.provider.roles = roles
        grant = await home.here.manager.refresh(grant.refresh_token)
        assert grant.session.roles == expected
        home.clock.advance(RECHECK_SECONDS)


async def test_parallel_refreshes_ask_once(home: House) -> None:
    """Twenty at once over two replicas: one question; whoever is told to come back does, and gets
    the same successor."""
    grant = await home.due()
    home.provider.waits = asyncio.Event()
    asking = asyncio.create_task(home.here.manager.refresh(grant.refresh_token))
    await home.journey.begun["refresh"].wait()
    others = [(home.here, home.there)[n % 2].manager.refresh(grant.refresh_token) for n in range(19)]
    answers = await asyncio.gather(*others, return_exceptions=True)
    assert all(isinstance(each, RecheckUnderWay) and each.retry_after_seconds == 1 for each in answers)
    home.provider.waits.set()
    successor = (await asking).refresh_token
    home.clock.advance(1)
    again = await asyncio.gather(*(home.there.manager.refresh(grant.refresh_token) for _ in range(19)))
    assert {each.refresh_token for each in again} == {successor}
    assert home.provider.asked == ["r0"]


async def test_refreshes_that_race_for_the_lease_ask_once(home: House) -> None:
    """Nobody waits for anybody: each gets the successor or is told to come back in a second."""
    grant = await home.due()
    calls = [(home.here, home.there)[n % 2].manager.refresh(grant.refresh_token) for n in range(20)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    successors = {each.refresh_token for each in answers if not isinstance(each, BaseException)}
    refused = [each for each in answers if isinstance(each, BaseException)]
    assert len(successors) == 1
    assert {type(each) for each in refused} <= {RecheckUnderWay}
    assert home.provider.asked == ["r0"]


@pytest.mark.parametrize("cause", ["invalid_grant", "wrong_identity", "bad_signature"])
async def test_a_withdrawn_sign_in_ends_the_session_everywhere(home: House, cause: str) -> None:
    """Committed, in the feed, in the trail with its cause; the provider's tokens are forgotten."""
    grant = await home.due()
    home.provider.says = Withdrawn(cause, "the grant is gone")  # type: ignore[arg-type]
    with pytest.raises(SignInWithdrawn) as refused:
        await home.here.manager.refresh(grant.refresh_token)
    assert cause in refused.value.detail
    assert isinstance(await home.here.identify(grant.access.text), Rejected)
    await home.there.feed.poll()
    assert isinstance(await home.there.identify(grant.access.text), Rejected)
    with pytest.raises(RefreshRefused):
        await home.there.manager.refresh(grant.refresh_token)
    assert await home.trail() == [("session_ended", {"reason": "provider_refused", "cause": cause})]
    kept = await home.row("ww_provider_grants")
    assert (kept.sealed_tokens, kept.lease_id, kept.ended_reason) == (None, None, "provider_refused")
    assert len(home.provider.asked) == 1


async def test_an_answer_about_somebody_else_is_never_taken_over(home: House) -> None:
    """Whatever the part that asks made of it: the session ends, no account is touched."""
    grant = await home.due()
    home.provider.subject, home.provider.roles = "mallory", frozenset({"admin"})
    with pytest.raises(SignInWithdrawn):
        await home.here.manager.refresh(grant.refresh_token)
    assert [row.name for row in await home.rows("SELECT name FROM ww_users")] == ["Alice"]


async def test_a_session_outlives_an_outage_by_the_grace_and_not_longer(home: House) -> None:
    """Degraded from the moment it was due; asked again after half a minute, not sooner; at the end of
    the grace 503 without having rotated, and with the first answer it goes on."""
    grant = await home.due()
    home.provider.says = OUTAGE
    home.clock.advance(5)
    grant = await home.here.manager.refresh(grant.refresh_token)
    assert len(home.provider.asked) == 1
    home.clock.advance(LATER - 1)
    grant = await home.here.manager.refresh(grant.refresh_token)
    assert len(home.provider.asked) == 1
    home.clock.advance(1)
    grant = await home.here.manager.refresh(grant.refresh_token)
    assert len(home.provider.asked) == 2
    home.clock.advance(GRACE_SECONDS - 5 - LATER - 1)
    grant = await home.here.manager.refresh(grant.refresh_token)
    home.clock.advance(1)
    with pytest.raises(ProviderGraceOver) as refused:
        await home.there.manager.refresh(grant.refresh_token)
    assert refused.value.retry_after_seconds == 10
    with pytest.raises(ProviderGraceOver):
        await home.here.manager.refresh(grant.refresh_token)
    degraded = {"provider": "dev", "cause": "provider_unavailable"}
    assert await home.trail() == [("session_degraded", degraded)]
    home.provider.says = None
    grant = await home.here.manager.refresh(grant.refresh_token)
    assert await home.trail() == [("session_degraded", degraded), ("session_recovered", {"provider": "dev"})]
    assert (await home.row("ww_sessions")).degraded_at is None
    assert (await home.row("ww_provider_grants")).degraded_at is None
    await home.here.manager.refresh(grant.refresh_token)


async def test_a_second_outage_has_a_grace_of_its_own(home: House) -> None:
    """After a confirmation nothing is left of the first."""
    grant = await home.due()
    for _ in range(2):
        home.provider.says = OUTAGE
        home.clock.advance(GRACE_SECONDS - 1)
        grant = await home.here.manager.refresh(grant.refresh_token)
        home.provider.says = None
        home.clock.advance(LATER)
        grant = await home.here.manager.refresh(grant.refresh_token)
        home.clock.advance(RECHECK_SECONDS)
    events = [event for event, _ in await home.trail()]
    assert events == ["session_degraded", "session_recovered"] * 2


async def test_past_the_grace_retry_after_is_what_the_outage_says(home: House) -> None:
    """An open breaker knows when it is worth to come back."""
    grant = await home.due()
    home.clock.advance(GRACE_SECONDS)
    home.provider.says = Unanswered(ProviderUnavailable("open", retry_after_seconds=37))
    with pytest.raises(ProviderGraceOver) as refused:
        await home.here.manager.refresh(grant.refresh_token)
    assert refused.value.retry_after_seconds == 37


async def test_a_new_token_that_came_with_an_answer_nobody_could_verify_is_kept(home: House) -> None:
    """The one that was used is spent at the provider; inside the grace and after it."""
    grant = await home.due()
    home.provider.says = Unanswered(ProviderUnavailable("no key to verify with"), "r7")
    grant = await home.here.manager.refresh(grant.refresh_token)
    assert await home.kept() == "r7"
    home.provider.says = Unanswered(ProviderUnavailable("still none"), "r8")
    home.clock.advance(GRACE_SECONDS)
    with pytest.raises(ProviderGraceOver):
        await home.here.manager.refresh(grant.refresh_token)
    assert await home.kept() == "r8"
    home.provider.says, home.provider.number = None, 8
    await home.here.manager.refresh(grant.refresh_token)
    assert home.provider.asked == ["r0", "r7", "r8"]


async def test_an_identity_no_row_can_hold_is_an_answer_nobody_can_use(home: House) -> None:
    """Its new refresh token is kept, the roles of before stay, and the grace bounds it."""
    grant = await home.due()
    home.provider.roles = frozenset(f"role-{n}" for n in range(5000))
    refreshed = await home.here.manager.refresh(grant.refresh_token)
    assert refreshed.session.roles == frozenset()
    assert await home.kept() == "r1"
    assert await home.trail() == [("session_degraded", {"provider": "dev", "cause": "too_many_roles"})]


async def test_flt_25_an_account_disabled_during_an_outage_is_refused(home: House) -> None:
    """Degraded or not, and nobody asks a provider about it."""
    grant = await home.due()
    home.provider.says = OUTAGE
    grant = await home.here.manager.refresh(grant.refresh_token)
    await set_active(home.database, "alice", False, now=home.clock.now())
    home.clock.advance(LATER)
    with pytest.raises(RefreshRefused, match="disabled"):
        await home.here.manager.refresh(grant.refresh_token)
    assert len(home.provider.asked) == 1


async def test_an_account_disabled_while_its_provider_is_asked_gets_nothing(home: House) -> None:
    """The answer of the provider comes too late."""
    grant = await home.due()
    home.provider.waits = asyncio.Event()
    asking = asyncio.create_task(home.here.manager.refresh(grant.refresh_token))
    await home.journey.begun["refresh"].wait()
    await set_active(home.database, "alice", False, now=home.clock.now())
    home.provider.waits.set()
    with pytest.raises(RefreshRefused, match="disabled"):
        await asking


async def test_a_session_that_ends_while_its_provider_is_asked_keeps_no_tokens(home: House) -> None:
    """A logout forgets them in its own transaction, and the answer does not bring them back."""
    grant = await home.due()
    home.provider.waits = asyncio.Event()
    home.provider.roles = frozenset({"editor"})
    asking = asyncio.create_task(home.here.manager.refresh(grant.refresh_token))
    await home.journey.begun["refresh"].wait()
    await home.there.manager.end(grant.session.session_id, reason="logout")
    assert await home.kept() is None
    home.provider.waits.set()
    with pytest.raises(RefreshRefused, match="session ended"):
        await asking
    kept = await home.row("ww_provider_grants")
    assert (kept.sealed_tokens, kept.ended_reason) == (None, "logout")
    assert (await home.row("ww_users")).version == 1


@pytest.mark.parametrize("over", [False, True])
async def test_an_older_token_never_asks_anybody(home: House, over: bool) -> None:
    """Inside the overlap the same successor, after it a replay, due or not."""
    grant = await home.sign_in()
    home.clock.advance(RECHECK_SECONDS - 1)
    successor = await home.here.manager.refresh(grant.refresh_token)
    home.clock.advance(20 if over else 1)
    if over:
        with pytest.raises(RefreshReplayed):
            await home.here.manager.refresh(grant.refresh_token)
    else:
        again = await home.here.manager.refresh(grant.refresh_token)
        assert again.refresh_token == successor.refresh_token
    assert home.provider.asked == []


async def test_roles_that_are_too_many_for_the_cookie_refuse_without_rotating(home: House) -> None:
    """The answer of the provider is kept; when it takes roles back at its next turn, the session goes
    on with the same token, though its present roles alone would refuse it."""
    grant = await home.due()
    home.provider.roles = frozenset(f"role-{n:03}" for n in range(100))
    with pytest.raises(TooManyRoles):
        await home.here.manager.refresh(grant.refresh_token, admit=short_enough)
    assert (await home.row("ww_sessions")).generation == 1
    with pytest.raises(TooManyRoles):
        await home.here.manager.refresh(grant.refresh_token, admit=short_enough)
    assert home.provider.asked == ["r0"]
    home.clock.advance(RECHECK_SECONDS)
    home.provider.roles = frozenset({"editor"})
    refreshed = await home.here.manager.refresh(grant.refresh_token, admit=short_enough)
    assert refreshed.session.roles == {"editor"}


def short_enough(token: IssuedToken) -> None:
    if len(token.text) > 1000:
        raise TooManyRoles(f"an access token of {len(token.text)} characters")


async def test_our_pages_and_introspection_ask_nobody(home: House) -> None:
    """The current token of a due session is live, whoever is asking about it; a look is no use."""
    grant = await home.due()
    home.provider.waits = asyncio.Event()
    for asking in (None, asyncio.create_task(home.here.manager.refresh(grant.refresh_token))):
        if asking is not None:
            await home.journey.begun["refresh"].wait()
        assert await home.here.manager.holder(grant.refresh_token) is not None
        told = await home.here.introspector.introspect(grant.refresh_token, asker=BROWSER)
        assert told["active"] is True
    home.provider.waits.set()
    assert asking is not None
    await asking
    assert home.provider.asked == ["r0"]


async def test_the_grace_policy_is_that_of_the_settings(database_url: str) -> None:
    """Without grace the first unanswered question is the last."""
    async with AsyncExitStack() as stack:
        strict = type(POLICY)(RECHECK_SECONDS, 0)
        home = await house(database_url, stack, policy=strict)
        grant = await home.due()
        home.provider.says = OUTAGE
        with pytest.raises(ProviderGraceOver):
            await home.here.manager.refresh(grant.refresh_token)
        assert await home.trail() == []
