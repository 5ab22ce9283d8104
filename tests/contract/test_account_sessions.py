"""Promises of listing an account's sessions and ending them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.accounts import ACT, LATER, NOBODY, fed, listed, trail
from tests.contract.samples import (
    ABSOLUTE,
    IDLE,
    NOW,
    identity,
    new_session,
    opened,
    rotation,
    session_id,
)
from watchword.auth.account_ports import Act
from watchword.storage import SqlDatabase


async def test_a_listed_session_is_what_was_opened(database: SqlDatabase) -> None:
    """With the last time it was seen, as of now."""
    live = await opened(database)
    await database.sessions.rotate(rotation(now=LATER, idle_ends_at=LATER + IDLE))
    (one,) = await database.accounts.sessions(now=NOW, user_id=live.user_id, limit=10)
    assert (one.session_id, one.user_id) == (session_id(1), live.user_id)
    assert (one.client_id, one.provider_id) == ("browser", "dev")
    assert (one.created_at, one.last_seen_at, one.absolute_ends_at) == (NOW, LATER, NOW + ABSOLUTE)
    assert (one.device, one.ip) == ("Firefox on Linux", "192.0.2.0")


async def test_only_live_sessions_are_listed(database: SqlDatabase) -> None:
    """Not those that ended, nor those that ran out, to the microsecond."""
    for number in range(1, 4):
        await opened(database, number)
    await opened(database, 4, idle_ends_at=NOW)
    await database.sessions.end(session_id(2), reason="logout", now=NOW, tokens_expire_at=NOW)
    assert await listed(database) == [session_id(1), session_id(3)]
    assert await listed(database, now=NOW + IDLE) == []


async def test_sessions_are_of_one_account_or_of_all_in_pages(database: SqlDatabase) -> None:
    """By id; each page goes on after the last id of the one before."""
    alice = await opened(database, 1)
    await database.sessions.open(identity(subject="bob"), new_session(2))
    await opened(database, 3)
    assert await listed(database, user_id=alice.user_id) == [session_id(1), session_id(3)]
    assert await listed(database, limit=2) == [session_id(1), session_id(2)]
    assert await listed(database, limit=2, after=session_id(2)) == [session_id(3)]
    assert await listed(database, user_id=NOBODY) == []


async def test_one_session_is_ended_by_its_owner(database: SqlDatabase) -> None:
    """Once; row, feed and trail, which names who did it."""
    live = await opened(database)
    await opened(database, 2)
    for ended in (True, False):
        answer = await database.accounts.end_session(
            session_id(1), owner=live.user_id, reason="revoked", act=ACT
        )
        assert answer is ended
    assert await listed(database) == [session_id(2)]
    assert await fed(database) == {("session", session_id(1), None)}
    assert await trail(database, "session_ended") == [{"reason": "revoked", "by": "cli"}]


@pytest.mark.parametrize("whose", [1, 9])
async def test_ses_93_nobody_ends_somebody_elses_session(database: SqlDatabase, whose: int) -> None:
    """Known or unknown: the same answer, by the same single statement, and nothing happens."""
    await opened(database, 1)
    bob = await database.sessions.open(identity(subject="bob"), new_session(2))
    ended = await database.accounts.end_session(
        session_id(whose), owner=bob.user_id, reason="revoked", act=ACT
    )
    assert ended is False
    assert await listed(database) == [session_id(1), session_id(2)]
    assert await fed(database) == set()


async def test_all_others_end_and_this_one_stays(database: SqlDatabase) -> None:
    """Also those that ran idle, whose access tokens may live on; not those of other people."""
    alice = await opened(database, 1)
    await opened(database, 2)
    await opened(database, 3, idle_ends_at=NOW)
    await database.sessions.open(identity(subject="bob"), new_session(4))
    ended = await database.accounts.end_sessions(alice.user_id, keep=session_id(1), reason="revoked", act=ACT)
    assert set(ended) == {session_id(2), session_id(3)}
    assert await listed(database) == [session_id(1), session_id(4)]
    assert await fed(database) == {("session", session_id(number), None) for number in (2, 3)}


async def test_all_end(database: SqlDatabase) -> None:
    """Without one to keep, everything; a second time, and for nobody, nothing."""
    alice = await opened(database, 1)
    await opened(database, 2)
    for user_id, expected in ((alice.user_id, 2), (alice.user_id, 0), (NOBODY, 0)):
        assert len(await database.accounts.end_sessions(user_id, reason="logout", act=ACT)) == expected
    assert await listed(database) == []


async def test_sessions_over_for_longer_than_a_token_lives_are_left_alone(database: SqlDatabase) -> None:
    """Nothing can concern them any more."""
    over = NOW - timedelta(hours=1)
    alice = await opened(database, 1, created_at=over - IDLE, idle_ends_at=over, absolute_ends_at=over)
    act = Act(NOW, NOW + timedelta(hours=1), "user")
    assert list(await database.accounts.end_sessions(alice.user_id, reason="logout", act=act)) == []


async def test_a_client_ends_with_its_sessions_and_what_it_got_before(database: SqlDatabase) -> None:
    """Those of other clients stay; the feed names the client also where it has no session, because of
    the tokens it got for itself."""
    for number, client_id in ((1, "spa"), (2, "spa"), (3, "backend")):
        await opened(database, number, client_id=client_id)
    await opened(database, 4, client_id="spa", idle_ends_at=NOW)
    ended = await database.accounts.end_client("spa", act=ACT)
    assert set(ended) == {session_id(number) for number in (1, 2, 4)}
    assert await listed(database) == [session_id(3)]
    for client_id in ("spa", "batch"):
        assert list(await database.accounts.end_client(client_id, act=ACT)) == []
    entries = [each for each in await database.revocations.unexpired(now=NOW) if each.kind == "client"]
    assert [each.value for each in entries] == ["spa", "spa", "batch"]
    assert {(each.created_at, each.expires_at) for each in entries} == {(ACT.now, ACT.tokens_expire_at)}
    told = await trail(database, "client_revoked")
    assert {(each["client_id"], each["sessions_ended"]) for each in told} == {
        ("spa", 3),
        ("spa", 0),
        ("batch", 0),
    }
    assert {each["by"] for each in told} == {"cli"}


async def test_a_token_of_its_own_ends_by_the_feed(database: SqlDatabase) -> None:
    """Entry and trail in one transaction; the trail does not repeat the token's id."""
    act = Act(LATER, LATER + timedelta(hours=1), "client")
    await database.client_tokens.end_token("1.abcdefgh", client_id="batch", act=act)
    (entry,) = await database.revocations.unexpired(now=NOW)
    assert (entry.kind, entry.value, entry.expires_at) == ("token", "1.abcdefgh", act.tokens_expire_at)
    assert await trail(database, "token_revoked") == [{"by": "client", "client_id": "batch"}]
