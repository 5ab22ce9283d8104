"""One process cleans up at a time: each batch's own transaction says whose turn it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.clock import SystemClock
from watchword.auth.ports import Clock
from watchword.errors import DatabaseUnavailable
from watchword.models import SingleUse
from watchword.storage.transactions import Transactions

LEASE_SECONDS: Final = 30
"""How long a process that died keeps others of the same SQLite file waiting."""
MOST_AHEAD_SECONDS: Final = 60
"""Half of what expired rows stay for because clocks lie apart."""
_LOCK_CLASS: Final = 1_128_482_128
_KIND: Final = "cleanup-lease"
_HOLDER: Final = b"leader"
_LEASE = (SingleUse.kind == _KIND, SingleUse.digest == _HOLDER)


class Turns(Protocol):
    """``held`` is what this process had of its last turn, None before the first."""

    async def take(
        self, connection: AsyncConnection, held: datetime | None, now: datetime
    ) -> datetime | None:
        """What is held from now on, as soon as the transaction commits; None while another is at it."""

    async def give_back(self, transactions: Transactions, held: datetime) -> None: ...


class PostgresqlTurns:
    """An advisory lock of the transaction, one a schema: free again the moment the transaction or its
    connection ends, however it ends, and at home behind a pooler in transaction mode.

    Whoever has a clock that is far ahead of the server's gets no turn: what it takes for expired may be
    live. ``clock`` is that of this process's machine.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    async def take(
        self, connection: AsyncConnection, held: datetime | None, now: datetime
    ) -> datetime | None:
        of_schema = func.hashtext(func.coalesce(func.current_schema(), ""))
        turn = select(func.pg_try_advisory_xact_lock(_LOCK_CLASS, of_schema), func.clock_timestamp())
        mine, there = (await connection.execute(turn)).one()
        ahead_seconds = (self._clock.now() - there).total_seconds()
        if ahead_seconds > MOST_AHEAD_SECONDS:
            raise DatabaseUnavailable(
                f"nothing is taken away: the clock here is {ahead_seconds:.0f} s ahead of the database's"
            )
        return now if mine else None

    async def give_back(self, transactions: Transactions, held: datetime) -> None:
        """Each transaction did."""


class SqliteTurns:
    """A lease: a row that says until when, renewed with every batch. That moment tells holders apart,
    so that one who slept past it notices that somebody else took over. One that lies too far ahead is
    of a clock that was set back since, and counts for nothing."""

    async def take(
        self, connection: AsyncConnection, held: datetime | None, now: datetime
    ) -> datetime | None:
        until = now + timedelta(seconds=LEASE_SECONDS)
        if held is not None:
            renew = update(SingleUse).where(*_LEASE, SingleUse.expires_at == held).values(expires_at=until)
            return until if (await connection.execute(renew)).rowcount == 1 else None
        lease = sqlite.insert(SingleUse).values(kind=_KIND, digest=_HOLDER, expires_at=until)
        past_any = until + timedelta(seconds=LEASE_SECONDS)
        over = or_(SingleUse.expires_at <= now, SingleUse.expires_at > past_any)
        taken = lease.on_conflict_do_update(
            index_elements=[SingleUse.kind, SingleUse.digest], set_={"expires_at": until}, where=over
        ).returning(SingleUse.kind)
        return None if (await connection.execute(taken)).one_or_none() is None else until

    async def give_back(self, transactions: Transactions, held: datetime) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(SingleUse).where(*_LEASE, SingleUse.expires_at == held))

        await transactions.write("leave the cleanup to others", work)
