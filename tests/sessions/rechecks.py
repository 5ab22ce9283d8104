"""A provider that is asked again by script, a journey that can die at any step, and sessions to ask about."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.auth.rings import MemoryKeyStore
from tests.sessions.faults import FaultyStore, Moment
from tests.sessions.parts import (
    OVERLAP_SECONDS,
    START,
    Asking,
    BoundSeals,
    Replica,
    person,
    replica,
)
from watchword.auth.grant_ports import GrantStore, Held, Lease, StopCause, UnaskableCause, WithdrawalCause
from watchword.auth.grants import BROWSER, ClientContext, Grant
from watchword.auth.logout_ports import NewProviderGrant
from watchword.auth.ports import EndReason, ProviderIdentity
from watchword.auth.recheck_ports import Confirmed, Refreshed, Unanswered, Withdrawn
from watchword.errors import DatabaseUnavailable, ProviderUnavailable
from watchword.models import ProviderGrant, Session
from watchword.protocol.recheck import RecheckPolicy
from watchword.storage import SqlDatabase, open_database
from watchword.testing import FakeClock

T = TypeVar("T")
RECHECK_SECONDS, GRACE_SECONDS = 3600, 900
POLICY = RecheckPolicy(RECHECK_SECONDS, GRACE_SECONDS)
OUTAGE = Unanswered(ProviderUnavailable("the provider does not answer"))
GRANT = UUID("01890000-0000-7000-8000-0000000000aa")


class Died(Exception):
    """The process ends here, as far as the caller can tell."""


class Journey:
    """The steps of a re-check, by name; one of them may be the last. ``begun`` and ``done`` are set
    when a step has been for the first time."""

    def __init__(self) -> None:
        self.begun: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.done: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.end: tuple[str, Moment] | None = None
        self.away: list[Moment] = []

    async def written(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        """A step at the database, which is away at the next moments of ``away``."""
        moment = self.away.pop(0) if self.away else None
        if moment == "before":
            raise DatabaseUnavailable(f"away before {name}")
        done = await self.step(name, call)
        if moment == "after":
            raise DatabaseUnavailable(f"away after {name}")
        return done

    async def step(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        self.begun[name].set()
        if self.end == (name, "before"):
            raise Died(name)
        done = await call()
        self.done[name].set()
        if self.end == (name, "after"):
            raise Died(name)
        return done


class Provider:
    """``ProviderRefresher`` of single-use refresh tokens ``r0``, ``r1`` …, or of one that stays.
    ``says`` replaces its answer, ``loses`` has it rotate and the answer lost; ``waits`` holds it back.
    ``confirmed_at`` is when it last stood by somebody, ``told_in_vain`` whether a new token got lost."""

    def __init__(self, journey: Journey, clock: FakeClock, *, rotates: bool = True) -> None:
        self._journey = journey
        self._clock = clock
        self.confirmed_at = clock.now()
        self.told_in_vain = False
        self._rotates = rotates
        self.number = 0
        self.asked: list[str] = []
        self.roles: frozenset[str] | None = frozenset()
        self.subject: str | None = None
        self.says: Refreshed | None = None
        self.loses = False
        self.waits: asyncio.Event | None = None

    async def refresh(self, refresh_token: str, *, issuer: str, subject: str) -> Refreshed:
        self.asked.append(refresh_token)
        return await self._journey.step("refresh", lambda: self._answer(refresh_token, subject))

    async def _answer(self, refresh_token: str, subject: str) -> Refreshed:
        if self.waits is not None:
            await self.waits.wait()
        await asyncio.sleep(0)
        if self.says is not None:
            return self.says
        if refresh_token != f"r{self.number}":
            return Withdrawn("invalid_grant", "the refresh token was used or revoked")
        self.number += self._rotates
        self.confirmed_at = self._clock.now()
        if self.loses:
            self.told_in_vain = self._rotates
            return OUTAGE
        identity = replace(person(self.subject or subject), roles=self.roles, name="New Name")
        return Confirmed(identity, f"r{self.number}" if self._rotates else None)


class SteppingGrants:
    """``GrantStore`` whose calls are steps of a journey."""

    def __init__(self, inner: GrantStore, journey: Journey) -> None:
        self._inner = inner
        self._journey = journey

    async def take_lease(
        self, grant_id: UUID, *, session_id: UUID, lease_id: UUID, now: datetime, ends_at: datetime
    ) -> Lease | None:
        return await self._journey.step(
            "take_lease",
            lambda: self._inner.take_lease(
                grant_id, session_id=session_id, lease_id=lease_id, now=now, ends_at=ends_at
            ),
        )

    async def keep(self, lease: Lease, sealed_tokens: bytes) -> bool:
        return await self._journey.written("keep", lambda: self._inner.keep(lease, sealed_tokens))

    async def confirm(
        self,
        lease: Lease,
        identity: ProviderIdentity,
        *,
        sealed_tokens: bytes | None,
        now: datetime,
        due_at: datetime,
    ) -> bool:
        return await self._journey.written(
            "confirm",
            lambda: self._inner.confirm(lease, identity, sealed_tokens=sealed_tokens, now=now, due_at=due_at),
        )

    async def withdraw(
        self,
        lease: Lease,
        *,
        reason: EndReason,
        cause: WithdrawalCause | UnaskableCause,
        now: datetime,
        tokens_expire_at: datetime,
    ) -> Sequence[UUID] | None:
        return await self._journey.written(
            "withdraw",
            lambda: self._inner.withdraw(
                lease, reason=reason, cause=cause, now=now, tokens_expire_at=tokens_expire_at
            ),
        )

    async def hold(self, lease: Lease, held: Held, *, now: datetime) -> bool:
        return await self._journey.written("hold", lambda: self._inner.hold(lease, held, now=now))

    async def stop(self, session_id: UUID, *, cause: StopCause, now: datetime) -> None:
        await self._journey.step("stop", lambda: self._inner.stop(session_id, cause=cause, now=now))


@dataclass
class House:
    """One database with two replicas that ask the same provider, on one clock."""

    database: SqlDatabase
    clock: FakeClock
    journey: Journey
    provider: Provider
    sessions: FaultyStore
    here: Replica
    there: Replica
    seals: BoundSeals = field(default_factory=BoundSeals)

    async def sign_in(self, subject: str = "alice", *, replaces: UUID | None = None) -> Grant:
        """A session whose provider gave the refresh token ``r0``."""
        sealed = self.seals.seal_tokens(self.provider, GRANT, "r0")
        return await self.here.manager.open(
            person(subject),
            client_id=BROWSER,
            scopes=frozenset(),
            auth_time=self.clock.now(),
            provider_sid=None,
            client=ClientContext(),
            replaces=replaces,
            grant=NewProviderGrant(GRANT, None, sealed),
        )

    async def due(self, subject: str = "alice") -> Grant:
        """The same, an interval later."""
        grant = await self.sign_in(subject)
        self.clock.advance(RECHECK_SECONDS)
        return grant

    async def row(self, table: str) -> Any:
        return (await self.rows(f"SELECT * FROM {table}"))[0]

    async def rows(self, sql: str) -> list[Any]:
        async def work(connection: AsyncConnection) -> list[Any]:
            return list(await connection.execute(text(sql)))

        return await self.database.transactions.read("look for a test", work)

    async def models(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The one session and the one grant, with times as times."""

        async def work(connection: AsyncConnection) -> tuple[dict[str, Any], dict[str, Any]]:
            session = (await connection.execute(select(Session.__table__))).one()
            grant = (await connection.execute(select(ProviderGrant.__table__))).one()
            return session._asdict(), grant._asdict()

        return await self.database.transactions.write("look for a test", work)

    async def change(self, sql: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(text(sql))

        await self.database.transactions.write("change for a test", work)

    async def trail(self) -> list[tuple[str, dict[str, Any]]]:
        """Event and details of everything but sign-ins, in order."""
        found = await self.rows(
            "SELECT event, details FROM ww_audit_events WHERE event <> 'sign_in' ORDER BY occurred_at, id"
        )
        return [(row.event, _decoded(row.details)) for row in found]

    async def kept(self) -> str | None:
        """The provider's refresh token as it is kept."""
        sealed = (await self.row("ww_provider_grants")).sealed_tokens
        return None if sealed is None else self.seals.open_tokens(self.provider, GRANT, bytes(sealed))


async def house(
    url: str,
    stack: AsyncExitStack,
    *,
    policy: RecheckPolicy = POLICY,
    there_policy: RecheckPolicy | None = None,
    rotates: bool = True,
) -> House:
    """Open one over a migrated database."""
    database = open_database(url, longest_access_token_seconds=3660)
    stack.push_async_callback(database.close)
    clock, journey, keys = FakeClock(START), Journey(), MemoryKeyStore()
    provider = Provider(journey, clock, rotates=rotates)
    sessions = FaultyStore(database.sessions)

    async def at(policy: RecheckPolicy, *, stepping: bool) -> Replica:
        grants = SteppingGrants(database.grants, journey) if stepping else database.grants
        return await replica(
            sessions if stepping else database.sessions,
            database.revocations,
            clock=clock,
            overlap_seconds=OVERLAP_SECONDS,
            idle_seconds=1_000_000,
            absolute_seconds=1_000_000,
            keys=keys,
            asking=Asking({"dev": provider}, grants, policy),
        )

    here = await at(policy, stepping=True)
    there = await at(there_policy or policy, stepping=False)
    return House(database, clock, journey, provider, sessions, here, there)


def _decoded(details: Any) -> dict[str, Any]:
    read = json.loads(details) if isinstance(details, str) else details
    assert isinstance(read, dict)
    return read
