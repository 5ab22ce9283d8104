"""Promises of the rotation: one conditional statement, at most one winner (RFC 9700 §4.14.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.samples import (
    ABSOLUTE,
    IDLE,
    MICROSECOND,
    NOW,
    change,
    digest,
    identity,
    new_session,
    opened,
    rotation,
    rows,
    sealed,
    session_id,
)
from watchword.storage import SqlDatabase

LATER = NOW + timedelta(minutes=1)
IDLE_END = NOW + IDLE
ABSOLUTE_END = NOW + ABSOLUTE


async def test_a_rotation_replaces_the_token_and_keeps_the_rest(database: SqlDatabase) -> None:
    """The successor is current, the presented token previous, and the account comes along."""
    before = await opened(database)
    after = await database.sessions.rotate(rotation())
    assert after == replace(before, generation=2, idle_ends_at=LATER + IDLE)
    facts = await database.sessions.facts(session_id(1))
    assert facts is not None
    assert (facts.generation, facts.refresh_digest, facts.previous_digest) == (2, digest(2), digest(1))
    assert (facts.sealed_successor, facts.rotated_at) == (sealed(2), LATER)
    assert (facts.idle_ends_at, facts.absolute_ends_at) == (LATER + IDLE, ABSOLUTE_END)
    assert (facts.client_id, facts.revoked_at, facts.user_active) == ("browser", None, True)


async def test_facts_of_a_session_that_never_rotated(database: SqlDatabase) -> None:
    """There is no previous token and nothing sealed yet."""
    await opened(database)
    facts = await database.sessions.facts(session_id(1))
    assert facts is not None
    assert (facts.previous_digest, facts.sealed_successor, facts.rotated_at) == (None, None, None)
    assert facts.generation == 1


async def test_a_rotation_is_seen_in_the_list_of_sessions(database: SqlDatabase) -> None:
    """Each rotation is a sign of life."""
    await opened(database)
    await database.sessions.rotate(rotation())
    seen = (await rows(database, "SELECT last_seen_at FROM ww_sessions"))[0][0]
    shown = seen if isinstance(seen, str) else seen.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert shown == "2026-11-23T12:01:00.123456Z"


async def test_a_token_rotates_once(database: SqlDatabase) -> None:
    """The second use of the same token changes nothing."""
    await opened(database)
    assert await database.sessions.rotate(rotation()) is not None
    assert await database.sessions.rotate(rotation()) is None
    facts = await database.sessions.facts(session_id(1))
    assert facts is not None
    assert facts.generation == 2


async def test_a_chain_of_rotations_goes_on(database: SqlDatabase) -> None:
    """Each successor rotates in its turn; only the last two tokens are known."""
    await opened(database)
    for generation in range(1, 11):
        live = await database.sessions.rotate(rotation(generation=generation))
        assert live is not None
        assert live.generation == generation + 1
    facts = await database.sessions.facts(session_id(1))
    assert facts is not None
    assert (facts.refresh_digest, facts.previous_digest) == (digest(11), digest(10))
    assert facts.sealed_successor == sealed(11)


async def test_one_session_rotates_alone(database: SqlDatabase) -> None:
    """Another session with the very same digest stays where it is."""
    await opened(database, 1)
    await opened(database, 2)
    await database.sessions.rotate(rotation(1))
    facts = await database.sessions.facts(session_id(2))
    assert facts is not None
    assert facts.generation == 1


@pytest.mark.parametrize(
    ("ends", "at", "rotates"),
    [
        ("idle", IDLE_END - MICROSECOND, True),
        ("idle", IDLE_END, False),
        ("idle", IDLE_END + MICROSECOND, False),
        ("absolute", ABSOLUTE_END - MICROSECOND, True),
        ("absolute", ABSOLUTE_END, False),
        ("absolute", ABSOLUTE_END + MICROSECOND, False),
    ],
)
async def test_ses_31_the_ends_are_exact(
    database: SqlDatabase, ends: str, at: datetime, rotates: bool
) -> None:
    """A session lives until its ends, to the microsecond, for rotation and look-up alike."""
    await opened(database, idle_ends_at=IDLE_END if ends == "idle" else ABSOLUTE_END)
    assert (await database.sessions.find(session_id(1), now=at) is not None) is rotates
    live = await database.sessions.rotate(rotation(now=at, idle_ends_at=at + IDLE))
    assert (live is not None) is rotates


async def test_ses_31_the_idle_end_never_passes_the_absolute_one(database: SqlDatabase) -> None:
    """The idle end slides up to the absolute end, which nothing moves."""
    await opened(database, idle_ends_at=ABSOLUTE_END)
    for generation in range(1, 4):
        at = ABSOLUTE_END - timedelta(minutes=10) + timedelta(minutes=generation)
        live = await database.sessions.rotate(rotation(generation=generation, now=at, idle_ends_at=at + IDLE))
        assert live is not None
        assert (live.idle_ends_at, live.absolute_ends_at) == (ABSOLUTE_END, ABSOLUTE_END)


@pytest.mark.parametrize(
    ("client_id", "rotates"),
    [
        ("browser", True),
        (None, True),
        ("Browser", False),
        ("browser ", False),
        ("", False),
        ("a\0b", False),
        ("\ud800", False),
        ("b" * 256, False),
        ("b" * 10_000_000, False),
    ],
)
async def test_ses_28_a_token_belongs_to_its_client(
    database: SqlDatabase, client_id: str | None, rotates: bool
) -> None:
    """When a client names itself, it must be the token's; what no client can be called is none."""
    await opened(database)
    assert (await database.sessions.rotate(rotation(client_id=client_id)) is not None) is rotates


@pytest.mark.parametrize("sql", ["status = 'disabled'", "status = 'erased'", "version = 2"])
async def test_a_change_of_the_account_stops_the_rotation(database: SqlDatabase, sql: str) -> None:
    """A disabled account rotates nothing, nor does a session that was not told of a change."""
    await opened(database)
    await change(database, f"UPDATE ww_users SET {sql}")
    assert await database.sessions.rotate(rotation()) is None


async def test_facts_tell_a_disabled_account(database: SqlDatabase) -> None:
    """So that the refusal can say why; look-ups find nothing then."""
    await opened(database)
    await change(database, "UPDATE ww_users SET status = 'disabled'")
    facts = await database.sessions.facts(session_id(1))
    assert facts is not None
    assert facts.user_active is False
    assert await database.sessions.find(session_id(1), now=NOW) is None


@pytest.mark.parametrize(("due", "rotates"), [(LATER + MICROSECOND, True), (LATER, False)])
async def test_a_due_recheck_stops_the_rotation(database: SqlDatabase, due: datetime, rotates: bool) -> None:
    """From the moment a re-check is due, the provider must be asked first."""
    await opened(database)
    text = due.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    postgresql = database.engine.dialect.name == "postgresql"
    value = f"timestamptz '{text}'" if postgresql else f"'{text}'"
    await change(database, f"UPDATE ww_sessions SET recheck_due_at = {value}")
    assert (await database.sessions.rotate(rotation()) is not None) is rotates


async def test_an_unknown_session_is_nothing(database: SqlDatabase) -> None:
    """No row, no rotation, no facts, nothing to find or end."""
    assert await database.sessions.rotate(rotation()) is None
    assert await database.sessions.facts(session_id(1)) is None
    assert await database.sessions.find(session_id(1), now=NOW) is None
    ended = await database.sessions.end(session_id(1), reason="logout", now=NOW, tokens_expire_at=NOW)
    assert ended is False


@pytest.mark.parametrize(
    "changes",
    [
        {"presented_digest": b""},
        {"successor_digest": b"x" * 33},
        {"sealed_successor": b""},
        {"sealed_successor": b"x" * 1025},
        {"now": NOW.replace(tzinfo=None)},
        {"idle_ends_at": NOW.replace(tzinfo=None)},
    ],
)
async def test_a_rotation_no_caller_should_ask_for_is_its_mistake(
    database: SqlDatabase, changes: dict[str, Any]
) -> None:
    """A mistake in our own code is a ValueError on both databases and changes nothing."""
    await opened(database)
    with pytest.raises(ValueError, match="must be"):
        await database.sessions.rotate(rotation(**changes))
    facts = await database.sessions.facts(session_id(1))
    assert facts is not None
    assert facts.generation == 1


async def test_a_session_with_everything_optional_missing(database: SqlDatabase) -> None:
    """Device, address and the provider's session id may be unknown; scopes and roles empty."""
    bare = new_session(device=None, ip=None, provider_sid=None, scopes=frozenset())
    await database.sessions.open(identity(email=None, name=None, roles=frozenset()), bare)
    live = await database.sessions.rotate(rotation())
    assert live is not None
    assert (live.email, live.name, live.roles, live.scopes) == (None, None, frozenset(), frozenset())
