"""Promises of the counts that operators see: live, degraded and unchecked sessions by provider."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.samples import (
    ABSOLUTE,
    IDLE,
    ISSUER,
    MICROSECOND,
    NOW,
    identity,
    new_session,
    session_id,
)
from watchword.auth.logout_ports import NewProviderGrant
from watchword.auth.session_count_ports import SessionCount
from watchword.models.types import UtcDateTime
from watchword.storage import SqlDatabase


async def opened(database: SqlDatabase, number: int, *, provider: str = "dev", **changes: Any) -> UUID:
    """A session of a person of their own."""
    who = identity(provider_id=provider, issuer=f"{ISSUER}/{provider}", subject=f"person-{number}")
    await database.sessions.open(who, new_session(number, **changes))
    return session_id(number)


async def degrade(database: SqlDatabase, *numbers: int, at: datetime = NOW) -> None:
    """As a refresh leaves a session whose provider did not answer."""
    statement = text("UPDATE ww_sessions SET degraded_at = :at WHERE id = :id").bindparams(
        bindparam("at", type_=UtcDateTime()), bindparam("id", type_=Uuid())
    )

    async def work(connection: AsyncConnection) -> None:
        for number in numbers:
            await connection.execute(statement, {"at": at, "id": session_id(number)})

    await database.transactions.write("degrade for a test", work)


async def degraded(database: SqlDatabase, *providers: str, at: datetime = NOW, at_most: int = 100) -> Any:
    return await database.session_counts.degraded(providers, now=at, at_most=at_most)


async def test_degraded_sessions_are_counted_by_provider(database: SqlDatabase) -> None:
    """Of each that is asked for, whether it has any; nobody is asked for is an empty answer."""
    assert await degraded(database, "dev") == {"dev": 0}
    for number, provider in enumerate(["dev", "dev", "dev", "other"], 1):
        await opened(database, number, provider=provider)
    await degrade(database, 1, 2, 4)
    assert await degraded(database, "dev", "other", "' OR 1=1 --") == {"dev": 2, "other": 1, "' OR 1=1 --": 0}
    assert await degraded(database, "other") == {"other": 1}
    assert await degraded(database) == {}


async def test_no_more_are_counted_than_asked_for(database: SqlDatabase) -> None:
    """Of each provider by itself: a full one hides no other."""
    for number, provider in enumerate(["dev", "dev", "dev", "other"], 1):
        await opened(database, number, provider=provider)
    await degrade(database, 1, 2, 3, 4)
    counted = [await degraded(database, "dev", "other", at_most=most) for most in (1, 2, 3, 4)]
    assert counted == [{"dev": 1, "other": 1}, *({"dev": most, "other": 1} for most in (2, 3, 3))]


async def test_only_live_sessions_count(database: SqlDatabase) -> None:
    """Ended ones and those past either end do not, to the microsecond."""
    for number in range(1, 4):
        await opened(database, number)
    await opened(database, 4, idle_ends_at=NOW + ABSOLUTE)
    await degrade(database, 1, 2, 3, 4)
    await database.sessions.end(
        session_id(3), reason="logout", now=NOW, tokens_expire_at=NOW + timedelta(hours=1)
    )
    for at, number in (
        (NOW + IDLE - MICROSECOND, 3),
        (NOW + IDLE, 1),
        (NOW + ABSOLUTE - MICROSECOND, 1),
        (NOW + ABSOLUTE, 0),
    ):
        assert await degraded(database, "dev", at=at) == {"dev": number}
    counts = database.session_counts
    assert await counts.by_provider(now=NOW + IDLE) == {"dev": SessionCount(live=1, degraded=1, unchecked=1)}


async def test_sessions_without_a_token_of_the_provider_are_told_apart(database: SqlDatabase) -> None:
    """No grant, or one that holds no tokens: nobody can ask the provider about them again."""
    await opened(database, 1)
    await opened(database, 2, grant=NewProviderGrant(uuid4(), sealed_id_token=b"an ID token"))
    await opened(
        database, 3, grant=NewProviderGrant(uuid4(), sealed_id_token=None, sealed_tokens=b"a refresh token")
    )
    await opened(database, 4, provider="other")
    await degrade(database, 3)
    assert await database.session_counts.by_provider(now=NOW) == {
        "dev": SessionCount(live=3, degraded=1, unchecked=2),
        "other": SessionCount(live=1, degraded=0, unchecked=1),
    }


async def test_counting_degraded_sessions_reads_no_others(database: SqlDatabase) -> None:
    """The statement can be answered from the index that holds nothing but them."""
    asked = "SELECT count(*) FROM ww_sessions WHERE provider_id = 'dev' AND degraded_at IS NOT NULL"
    sqlite = database.url.startswith("sqlite")

    async def work(connection: AsyncConnection) -> list[Any]:
        if not sqlite:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        return list(await connection.execute(text(f"EXPLAIN {'QUERY PLAN' if sqlite else ''} {asked}")))

    plan = await database.transactions.write("explain for a test", work)
    assert "ix_ww_sessions_degraded" in str(plan)
