"""What the tests of the feed share: a log that can fail, and callers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from watchword.auth.ports import Revocation, RevocationKind
from watchword.errors import DatabaseUnavailable
from watchword.protocol.principal import Principal
from watchword.testing import FakeClock

SESSION = UUID("019e0000-0000-7000-8000-000000000001")
OTHER = UUID("019e0000-0000-7000-8000-000000000002")
HOUR = timedelta(hours=1)


class ListLog:
    """``RevocationLog`` over a list, which can be told to fail and counts its readings."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.entries: list[Revocation] = []
        self.away: bool | Exception = False
        self.readings: list[str] = []
        self.missing: list[int] = []
        self.told: Counter[int] = Counter()
        self.answering = asyncio.Event()
        self.answering.set()

    def add(self, kind: RevocationKind, *, sequence: int | None = None, **fields: Any) -> None:
        now = self.clock.now()
        entry = Revocation(sequence or len(self.entries) + 1, kind, now, now + HOUR)
        self.entries.append(replace(entry, **fields))

    async def unexpired(self, *, now: datetime) -> Sequence[Revocation]:
        await self._answer("unexpired")
        return [each for each in self.entries if each.expires_at > now]

    async def since(
        self, sequence: int, *, missing: Collection[int] = (), again_from: datetime
    ) -> Sequence[Revocation]:
        await self._answer("since")
        self.missing = list(missing)
        found = [
            each
            for each in self.entries
            if each.sequence > sequence or each.sequence in missing or each.created_at >= again_from
        ]
        self.told.update(each.sequence for each in found)
        return sorted(found, key=lambda each: each.sequence)

    async def _answer(self, asked: str) -> None:
        self.readings.append(asked)
        await self.answering.wait()
        if self.away:
            raise self.away if isinstance(self.away, Exception) else DatabaseUnavailable("away")


def caller(*, session: UUID | None = SESSION, jti: str | None = "3.random-part", **fields: Any) -> Principal:
    given: dict[str, Any] = {
        "user_id": "user-1",
        "session_id": None if session is None else str(session),
        "client_id": "browser",
        "roles": frozenset(),
        "scopes": frozenset(),
        "issuer": "https://app.example.test",
        "subject": "user-1",
        "token_id": jti,
    }
    return Principal(**(given | fields))


def issued(at: float, **fields: Any) -> Principal:
    return caller(session=None, claims=MappingProxyType({"iat": at}), **fields)
