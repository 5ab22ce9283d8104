"""Sample values of the contract suite: one person, one session, times around one moment."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.ports import LiveSession, NewSession, ProviderIdentity, Rotation
from watchword.protocol.uuid7 import uuid7
from watchword.storage import SqlDatabase

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
IDLE = timedelta(hours=1)
ABSOLUTE = timedelta(days=1)
ISSUER = "https://id.example.org"


def digest(number: int) -> bytes:
    """The digest of the refresh token of generation ``number``."""
    return hashlib.sha256(b"token %d" % number).digest()


def sealed(number: int) -> bytes:
    """The sealed token of generation ``number``."""
    return b"sealed token %d" % number


def session_id(number: int) -> UUID:
    return uuid7(1_795_000_000_000 + number, b"\0\1\2\3\4\5\6\7\x08\x09")


def identity(**changes: Any) -> ProviderIdentity:
    alice = ProviderIdentity(
        provider_id="dev",
        issuer=ISSUER,
        subject="alice",
        email="Alice@Example.org",
        email_verified=True,
        name="Alice Ångström",
        roles=frozenset({"admin", "orders:read"}),
    )
    return replace(alice, **changes)


def new_session(number: int = 1, **changes: Any) -> NewSession:
    browser = NewSession(
        session_id=session_id(number),
        client_id="browser",
        scopes=frozenset({"orders", "profile"}),
        refresh_digest=digest(1),
        created_at=NOW,
        idle_ends_at=NOW + IDLE,
        absolute_ends_at=NOW + ABSOLUTE,
        auth_time=NOW - timedelta(seconds=5),
        device="Firefox on Linux",
        ip="192.0.2.0",
        provider_sid="sid-1",
        auth_time_asserted=True,
    )
    return replace(browser, **changes)


def rotation(number: int = 1, *, generation: int = 1, **changes: Any) -> Rotation:
    """From the token of ``generation`` to the next one."""
    step = Rotation(
        session_id=session_id(number),
        client_id=None,
        presented_digest=digest(generation),
        successor_digest=digest(generation + 1),
        sealed_successor=sealed(generation + 1),
        now=NOW + timedelta(minutes=1),
        idle_ends_at=NOW + timedelta(minutes=1) + IDLE,
    )
    return replace(step, **changes)


async def opened(database: SqlDatabase, number: int = 1, **changes: Any) -> LiveSession:
    return await database.sessions.open(identity(), new_session(number, **changes))


async def rows(database: SqlDatabase, sql: str, **values: Any) -> list[Any]:
    """What a statement of the test reads, outside the stores."""

    async def work(connection: AsyncConnection) -> list[Any]:
        return list(await connection.execute(text(sql), values))

    return await database.transactions.read("look for a test", work)


async def change(database: SqlDatabase, sql: str, **values: Any) -> None:
    """What a later part of watchword or an operator would write."""

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(text(sql), values)

    await database.transactions.write("change for a test", work)


async def count(database: SqlDatabase, table: str) -> int:
    return int((await rows(database, f"SELECT count(*) FROM {table}"))[0][0])


async def at_once(*calls: Callable[[], Awaitable[Any]]) -> list[Any]:
    """The answers of calls that run in parallel, in order; an error is an answer."""
    return list(await asyncio.gather(*(call() for call in calls), return_exceptions=True))
