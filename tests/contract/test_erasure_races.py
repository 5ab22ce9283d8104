"""Promises of an erasure beside everything else that a person may be doing: whoever comes first, nothing of
them is left, and they do not come back.

One transaction is held in the middle while the other begins: on PostgreSQL until the other waits for it, on
SQLite, which has one writer, until the other had its chance to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.accounts import ACT
from tests.contract.people import everything, somebody
from tests.contract.samples import NOW, identity, new_session, rotation, rows, session_id
from watchword.auth.account_ports import OpeningTerms
from watchword.auth.ports import LiveSession
from watchword.auth.privacy_ports import Erased
from watchword.auth.sealing import Sealer
from watchword.auth.tombstones import Tombstones
from watchword.auth.version_ports import VersionCalls
from watchword.errors import AccountErased, LinkSessionEnded
from watchword.models import Session
from watchword.storage import DatabaseLimits, SqlDatabase, open_database
from watchword.storage.accounts import renew
from watchword.storage.ending import end_sessions
from watchword.storage.erasure import erase
from watchword.storage.opening import open_session
from watchword.storage.tombstones import TombstoneRows

SEALER = Sealer(b"k" * 32)
BURIED = TombstoneRows(Tombstones(SEALER))
PATIENT = DatabaseLimits(pool_seconds=20, connect_seconds=20, statement_seconds=20, busy_seconds=20)
TOKENS_LIVE = timedelta(hours=1)
PERSON = identity(subject="person-1", email="person-1@example.org")
SECOND = identity(provider_id="other", issuer="https://other.example.org", subject="person-1-too")
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)

Work = Callable[[AsyncConnection], Awaitable[Any]]
Call = Callable[[], Awaitable[Any]]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[SqlDatabase]:
    opened = open_database(database_url, limits=PATIENT, sealer=SEALER)
    yield opened
    await opened.close()


async def beside(database: SqlDatabase, first: Work, second: Call) -> tuple[Any, Any]:
    """What came of both, ``second`` begun while ``first`` had done its work and not committed."""
    begun: list[asyncio.Future[Any]] = []

    async def held(connection: AsyncConnection) -> Any:
        done = await first(connection)
        begun.append(asyncio.ensure_future(second()))
        await _until_it_waits(database, begun[-1])
        return done

    done = await database.transactions.write("hold a transaction", held)
    (other,) = await asyncio.gather(*begun, return_exceptions=True)
    return done, other


async def _until_it_waits(database: SqlDatabase, other: asyncio.Future[Any]) -> None:
    if database.transactions.dialect == "sqlite":
        await asyncio.sleep(0.05)
        return
    for _ in range(2000):
        if other.done() or (await rows(database, _WAITING))[0][0] > 0:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("neither done nor waiting")


async def nothing_is_left(database: SqlDatabase, *, identities: int = 1) -> None:
    """No row names the person, one tombstone stands for each identity, and they are refused."""
    held = await everything(database)
    assert "person-1" not in str(held)
    empty = ("ww_sessions", "ww_provider_grants", "ww_authorization_codes", "ww_version_usage")
    assert [table for table in (*empty, "ww_terms_acceptances") if held[table]] == []
    assert [row["status"] for row in held["ww_users"]] == ["erased"]
    assert len(held["ww_identities"]) == identities
    with pytest.raises(AccountErased):
        await database.sessions.open(PERSON, new_session(9))


def erasing(live: LiveSession) -> Work:
    return lambda connection: erase(connection, live.user_id, ACT, BURIED)


async def test_ses_90_a_sign_in_beside_an_erasure(database: SqlDatabase) -> None:
    """Which is first does not matter: refused, or erased with the rest."""
    live = await somebody(database, 1)
    _, refused = await beside(database, erasing(live), lambda: database.sessions.open(PERSON, new_session(2)))
    assert isinstance(refused, AccountErased)
    await nothing_is_left(database)


async def test_ses_90_an_erasure_beside_a_sign_in(database: SqlDatabase) -> None:
    """The session that was being opened ends and goes with the others."""
    live = await somebody(database, 1)

    async def opening(connection: AsyncConnection) -> LiveSession:
        return await open_session(
            connection, PERSON, new_session(2), tokens_live=TOKENS_LIVE, tombstones=BURIED
        )

    _, erased = await beside(database, opening, lambda: database.privacy.erase(live.user_id, act=ACT))
    assert isinstance(erased, Erased)
    assert set(erased.sessions) == {session_id(1), session_id(2)}
    await nothing_is_left(database)


async def test_ses_90_a_refresh_beside_an_erasure(database: SqlDatabase) -> None:
    """It changes no row, and what was issued before is in the feed."""
    live = await somebody(database, 1)
    _, rotated = await beside(database, erasing(live), lambda: database.sessions.rotate(rotation(1)))
    assert rotated is None
    fed = await database.revocations.unexpired(now=NOW)
    assert session_id(1) in {each.session_id for each in fed if each.kind == "session"}
    await nothing_is_left(database)


async def test_ses_90_a_link_beside_an_erasure(database: SqlDatabase) -> None:
    """The account to link to is gone, so that nothing is added and nobody made."""
    live = await somebody(database, 1)
    terms = OpeningTerms(replaces=session_id(1), link=True)
    asked = new_session(2, terms=terms)
    _, refused = await beside(database, erasing(live), lambda: database.sessions.open(SECOND, asked))
    assert isinstance(refused, LinkSessionEnded)
    await nothing_is_left(database)


async def test_ses_90_an_erasure_beside_a_link(database: SqlDatabase) -> None:
    """The identity that was being added is buried, too."""
    live = await somebody(database, 1)
    asked = new_session(2, terms=OpeningTerms(replaces=session_id(1), link=True))

    async def linking(connection: AsyncConnection) -> LiveSession:
        return await open_session(connection, SECOND, asked, tokens_live=TOKENS_LIVE, tombstones=BURIED)

    await beside(database, linking, lambda: database.privacy.erase(live.user_id, act=ACT))
    await nothing_is_left(database, identities=2)
    with pytest.raises(AccountErased):
        await database.sessions.open(SECOND, new_session(3))


async def test_ses_90_an_erased_identity_is_linked_to_nobody(database: SqlDatabase) -> None:
    """Nor is it a way back by somebody else's account."""
    live = await somebody(database, 1)
    await somebody(database, 2)
    asked = new_session(3, terms=OpeningTerms(replaces=session_id(2), link=True))
    _, refused = await beside(database, erasing(live), lambda: database.sessions.open(PERSON, asked))
    assert isinstance(refused, Exception)
    with pytest.raises(AccountErased):
        await database.sessions.open(PERSON, asked)
    assert await database.sessions.find(session_id(2), now=NOW) is not None


async def test_ses_90_a_re_check_beside_an_erasure(database: SqlDatabase) -> None:
    """What the provider said meanwhile is written nowhere."""
    live = await somebody(database, 1)

    async def confirm() -> object:
        async def work(connection: AsyncConnection) -> object:
            return await renew(connection, PERSON, now=NOW, tokens_live=TOKENS_LIVE)

        return await database.transactions.write("take over what a provider says", work)

    _, account = await beside(database, erasing(live), confirm)
    assert account is None or isinstance(account, AccountErased)
    await nothing_is_left(database)


async def test_ses_90_two_erasures_at_once(database: SqlDatabase) -> None:
    """One does it, the other finds it done; of two people at once, both get the same key."""
    live, other = await somebody(database, 1), await somebody(database, 2)
    done, again = await beside(database, erasing(live), lambda: database.privacy.erase(live.user_id, act=ACT))
    assert (done.already, again.already) == (False, True)
    third = await somebody(database, 3)
    both = await asyncio.gather(*(database.privacy.erase(each.user_id, act=ACT) for each in (other, third)))
    assert [each is not None and each.already for each in both] == [False, False]
    assert len((await everything(database))["ww_peppers"]) == 1
    for number in (1, 2, 3):
        with pytest.raises(AccountErased):
            await database.sessions.open(identity(subject=f"person-{number}"), new_session(9))


async def test_ses_90_the_first_two_erasures_at_once_make_one_key(database: SqlDatabase) -> None:
    """Whoever comes second waits for the key of the first, and uses it."""
    live, other = await somebody(database, 1), await somebody(database, 2)
    await beside(database, erasing(live), lambda: database.privacy.erase(other.user_id, act=ACT))
    assert len((await everything(database))["ww_peppers"]) == 1
    for number in (1, 2):
        with pytest.raises(AccountErased):
            await database.sessions.open(identity(subject=f"person-{number}"), new_session(9))


async def test_ses_90_calls_counted_beside_an_erasure(database: SqlDatabase) -> None:
    """Tallies that arrive meanwhile are no person's any more."""
    live = await somebody(database, 1)
    calls = VersionCalls(
        version="v1",
        kind="user",
        user_id=live.user_id,
        client_id="browser",
        network=None,
        calls=1,
        would_refuse=0,
        last_refusal=None,
        first_seen_at=NOW,
        last_seen_at=NOW,
    )
    await beside(database, erasing(live), lambda: database.version_usage.add([calls]))
    held = await everything(database)
    assert [row["user_id"] for row in held["ww_version_usage"]] == [None]


async def test_ses_90_a_logout_beside_an_erasure(database: SqlDatabase) -> None:
    """Whichever ends the session, the erasure is complete; a deadlock would be tried again."""
    live = await somebody(database, 1)

    async def logout(connection: AsyncConnection) -> object:
        this = Session.id == session_id(1)
        return await end_sessions(
            connection, this, reason="logout", now=NOW, tokens_expire_at=NOW + TOKENS_LIVE
        )

    await beside(database, logout, lambda: database.privacy.erase(live.user_id, act=ACT))
    await nothing_is_left(database)
