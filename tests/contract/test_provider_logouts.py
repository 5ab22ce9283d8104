"""Promises of a provider's logout: its word counts once, and ends sessions, feed and trail together."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from tests.contract.samples import ISSUER, NOW, count, identity, new_session, rows, session_id
from watchword.auth.logout_ports import ProviderLogout
from watchword.storage import SqlDatabase

EXPIRE = NOW + timedelta(minutes=16)
LOGOUT = ProviderLogout("dev", ISSUER, "sid-1", None, b"d" * 32, NOW + timedelta(minutes=3))


async def three_sessions(database: SqlDatabase) -> None:
    """Alice's first and second, and Bob's, by the numbers 1 to 3; the ``sid`` of each is ``sid-n``."""
    for number, subject in ((1, "alice"), (2, "alice"), (3, "bob")):
        new = new_session(number, provider_sid=f"sid-{number}")
        await database.sessions.open(identity(subject=subject), new)


async def test_rp_37_a_word_of_the_provider_ends_what_it_means_once(database: SqlDatabase) -> None:
    """By ``sid``, then by ``sub``; each with its entry in the feed and the trail."""
    await three_sessions(database)
    store = database.provider_logouts
    assert await store.end_sessions(LOGOUT, now=NOW, tokens_expire_at=EXPIRE) == [session_id(1)]
    everywhere = replace(LOGOUT, sid=None, subject="alice", digest=b"e" * 32)
    assert await store.end_sessions(everywhere, now=NOW, tokens_expire_at=EXPIRE) == [session_id(2)]
    assert await database.sessions.find(session_id(3), now=NOW) is not None
    assert {each.session_id for each in await database.revocations.unexpired(now=NOW)} == {
        session_id(1),
        session_id(2),
    }
    assert len(await rows(database, "SELECT 1 FROM ww_audit_events WHERE event = 'session_ended'")) == 2


async def test_rp_42_the_same_word_again_changes_nothing(database: SqlDatabase) -> None:
    """Ever so parallel: one of ten is the first."""
    await three_sessions(database)
    end = database.provider_logouts.end_sessions
    outcomes = await asyncio.gather(
        *(end(LOGOUT, now=NOW, tokens_expire_at=EXPIRE) for _ in range(10)),
    )
    assert [each for each in outcomes if each is not None] == [[session_id(1)]]
    assert await count(database, "ww_revocations") == 1


async def test_what_does_not_fit_the_registration_is_not_meant(database: SqlDatabase) -> None:
    """Another provider of ours, another issuer, another person: nothing ends."""
    await three_sessions(database)
    for number, other in enumerate(
        (
            replace(LOGOUT, provider_id="other"),
            replace(LOGOUT, issuer=ISSUER + "/"),
            replace(LOGOUT, subject="bob"),
            replace(LOGOUT, sid="sid-"),
        )
    ):
        word = replace(other, digest=bytes([number]) * 32)
        assert await database.provider_logouts.end_sessions(word, now=NOW, tokens_expire_at=EXPIRE) == []
    assert await count(database, "ww_revocations") == 0
