"""SES-30: a copy of the database in an attacker's hand."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select, text, update

from tests.sessions.callers import Place, Post, post
from tests.sessions.parts import SECRET_KEY
from watchword.auth.sealing import Sealer
from watchword.errors import RefreshRefused, SealBroken, SecretKeyMismatch
from watchword.models import Base, Session

WINDOW = 8


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield await post(Place(database_url), stack)


async def lives(here: Post) -> list[str]:
    """Every token of sessions new, refreshed, ended and stolen."""
    tokens = []
    for subject, refreshes in (("alice", 0), ("alice", 3), ("bob", 1)):
        grant = await here.replica.open(subject)
        tokens.append(grant.refresh_token)
        for _ in range(refreshes):
            grant = await here.replica.manager.refresh(grant.refresh_token)
            tokens.append(grant.refresh_token)
    await here.replica.manager.end(grant.session.session_id, reason="logout")
    return tokens


def raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token.removeprefix("wtr_"))


async def stored(here: Post) -> list[Any]:
    """Every value of every column of every table."""
    values: list[Any] = []
    async with here.database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in await connection.execute(text(f"SELECT * FROM {table.name}")):
                values += row
    return [each for each in values if each is not None]


def forms(value: Any) -> Iterator[str]:
    """What an attacker would make of a stored value."""
    if isinstance(value, bytes):
        encoded = base64.urlsafe_b64encode(value).decode()
        yield from (encoded, "wtr_" + encoded, value.hex(), value.decode("latin-1"))
    yield from (str(value), f"wtr_{value}")


async def test_ses_30_no_stored_value_is_a_token(here: Post) -> None:
    """Not as it is and in no encoding."""
    await lives(here)
    values = await stored(here)
    assert len(values) > 100
    for value in values:
        for form in forms(value):
            with pytest.raises(RefreshRefused):
                await here.replica.manager.refresh(form)


async def test_ses_30_no_part_of_a_token_is_stored(here: Post) -> None:
    """No eight bytes of a secret or a tag, nor eight characters of their text, are in any column."""
    tokens = await lives(here)
    dump = b"\n".join(each if isinstance(each, bytes) else str(each).encode() for each in await stored(here))
    assert_unknown(dump, tokens)


async def test_no_part_of_a_token_is_in_the_files(sqlite_url: str) -> None:
    """Neither in what SQLite has written, its log and its free pages included."""
    async with AsyncExitStack() as stack:
        tokens = await lives(await post(Place(sqlite_url), stack))
        dump = written(make_url(sqlite_url).database or "")
    assert b"alice@example.test" in dump
    assert_unknown(dump, tokens)


def written(database: str) -> bytes:
    return b"".join(Path(database + end).read_bytes() for end in ("", "-wal"))


def assert_unknown(dump: bytes, tokens: list[str]) -> None:
    for token in tokens:
        secret, shown = raw(token)[20:], token.removeprefix("wtr_")[28:].encode()
        for at in range(len(secret) - WINDOW):
            assert secret[at : at + WINDOW] not in dump
            assert secret[at : at + WINDOW].hex().encode() not in dump
        for at in range(len(shown) - WINDOW):
            assert shown[at : at + WINDOW] not in dump


async def test_ses_30_the_sealed_successor_needs_our_secret_and_the_previous_token(here: Post) -> None:
    """The database and the key alone, or the database and an old token alone, open nothing."""
    first = (await here.replica.open()).refresh_token
    grant = await here.replica.manager.refresh(first)
    facts = await here.database.sessions.facts(grant.session.session_id)
    assert facts is not None
    assert facts.sealed_successor is not None
    sealed, place = facts.sealed_successor, facts.session_id.bytes + (2).to_bytes(4, "big")
    ours = Sealer(SECRET_KEY)
    opened = ours.open("refresh-successor", sealed, place=place, also=first.encode())
    assert opened.decode() == grant.refresh_token
    for also in (b"", b"x", grant.refresh_token.encode(), facts.refresh_digest, facts.previous_digest or b""):
        with pytest.raises(SealBroken):
            ours.open("refresh-successor", sealed, place=place, also=also)
    with pytest.raises(SecretKeyMismatch):
        Sealer(b"x" * 32).open("refresh-successor", sealed, place=place, also=first.encode())


async def test_a_sealed_successor_moved_to_another_session_is_refused(here: Post) -> None:
    """Whoever may write the database cannot make one session answer another's token."""
    mine, theirs = await here.replica.open("mallory"), await here.replica.open("alice")
    await here.replica.manager.refresh(mine.refresh_token)
    await here.replica.manager.refresh(theirs.refresh_token)
    async with here.database.engine.begin() as connection:
        held = select(Session.sealed_successor).where(Session.id == theirs.session.session_id)
        sealed = (await connection.execute(held)).scalar_one()
        await connection.execute(
            update(Session).where(Session.id == mine.session.session_id).values(sealed_successor=sealed)
        )
    with pytest.raises(RefreshRefused):
        await here.replica.manager.refresh(mine.refresh_token)


async def test_an_ended_session_keeps_no_sealed_token(here: Post) -> None:
    """What can never be answered again is not kept."""
    await lives(here)
    async with here.database.engine.connect() as connection:
        asked = select(Session.sealed_successor).where(Session.revoked_at.is_not(None))
        kept = list((await connection.execute(asked)).scalars())
    assert kept == [None]
