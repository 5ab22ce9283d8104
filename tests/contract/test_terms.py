"""Promises of the record of who accepted which terms, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from tests.contract.samples import NOW, change, count, identity, new_session, opened, rows
from watchword.protocol.terms import MAX_TERMS_BYTES, Terms, terms_of
from watchword.storage import SqlDatabase

FIRST = terms_of("1", "Sei nett. 🙂\r\n".encode(), "https://example.test/terms")
SECOND = terms_of("2", None, "https://example.test/terms")


async def accept(database: SqlDatabase, user_id: UUID, terms: Terms = FIRST, minutes: int = 0) -> object:
    now = NOW + timedelta(minutes=minutes)
    return await database.terms.accept(user_id, terms, now=now, session_id=None)


async def test_the_first_moment_stays(database: SqlDatabase) -> None:
    """To the microsecond, however often it is accepted again; another account has not accepted."""
    user_id = (await opened(database, 1)).user_id
    other = await database.sessions.open(identity(subject="bob"), new_session(2))
    assert await database.terms.accepted_at(user_id, FIRST) is None
    assert await accept(database, user_id) == NOW
    assert await accept(database, user_id, minutes=5) == NOW
    assert await database.terms.accepted_at(user_id, FIRST) == NOW
    assert await database.terms.accepted_at(user_id, SECOND) is None
    assert await database.terms.accepted_at(other.user_id, FIRST) is None
    assert await count(database, "ww_terms_acceptances") == 1


async def test_the_history_is_kept_with_its_texts(database: SqlDatabase) -> None:
    """Every version, the oldest first, as it was shown; the same text under another version, too."""
    user_id = (await opened(database, 1)).user_id
    long = terms_of("long", b"a" * MAX_TERMS_BYTES, None)
    again = terms_of("3", FIRST.text.encode() if FIRST.text else None, None)
    for minutes, terms in enumerate((FIRST, SECOND, again, long)):
        await accept(database, user_id, terms, minutes)
    history = await database.terms.history(user_id)
    assert [each.version for each in history] == ["1", "2", "3", "long"]
    assert [each.digest for each in history] == [FIRST.digest, SECOND.digest, FIRST.digest, long.digest]
    assert [each.accepted_at - NOW for each in history] == [timedelta(minutes=each) for each in range(4)]
    assert [each.text for each in history] == [FIRST.text, None, FIRST.text, long.text]
    assert history[1].url == SECOND.url
    assert await database.terms.history(UUID(int=1)) == []


async def test_the_trail_tells_once(database: SqlDatabase) -> None:
    """Who, which version and text, in which session; nothing else about them."""
    session = await opened(database, 1)
    for _ in range(2):
        await database.terms.accept(session.user_id, FIRST, now=NOW, session_id=session.session_id)
    told = "SELECT details, ip FROM ww_audit_events WHERE event = 'terms_accepted'"
    ((details, ip),) = await rows(database, told)
    assert FIRST.digest.hex() in str(details)
    assert "Sei nett" not in str(details)
    assert ip is None


async def test_many_at_once_are_one(database: SqlDatabase) -> None:
    """On two accounts, whose first acceptance brings the text."""
    people = [
        (await database.sessions.open(identity(subject=f"person-{number}"), new_session(number))).user_id
        for number in (1, 2)
    ]
    times = await asyncio.gather(*(accept(database, user_id) for _ in range(4) for user_id in people))
    assert set(times) == {NOW}
    assert await count(database, "ww_terms_acceptances") == len(people)
    assert await count(database, "ww_terms_documents") == 1


async def test_nobody_accepts_who_is_not_there(database: SqlDatabase) -> None:
    """An unknown account, a disabled one, one that went meanwhile: nothing is recorded, no text either."""
    user_id = (await opened(database, 1)).user_id
    assert await accept(database, UUID(int=1)) is None
    await change(database, "UPDATE ww_users SET status = 'disabled'")
    assert await accept(database, user_id) is None
    for table in ("ww_terms_acceptances", "ww_terms_documents"):
        assert await count(database, table) == 0


async def test_acceptances_go_with_their_account(database: SqlDatabase) -> None:
    """The text stays, which is about nobody."""
    user_id = (await opened(database, 1)).user_id
    await accept(database, user_id)
    for table in ("ww_sessions", "ww_identities", "ww_users"):
        await change(database, f"DELETE FROM {table}")
    assert await count(database, "ww_terms_acceptances") == 0
    assert await count(database, "ww_terms_documents") == 1
