"""The three kinds of store the stateful model runs against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tests.sessions.accounts import set_active
from tests.sessions.memory_store import MemoryStore
from watchword.auth.ports import RevocationLog, SessionStore
from watchword.storage import SqlDatabase, open_database


class Backend(Protocol):
    @property
    def sessions(self) -> SessionStore: ...

    @property
    def revocations(self) -> RevocationLog: ...

    async def set_active(self, subject: str, active: bool, *, now: datetime) -> None: ...

    async def close(self) -> None: ...


class MemoryBackend:
    def __init__(self) -> None:
        self.store = self.sessions = self.revocations = MemoryStore()

    async def set_active(self, subject: str, active: bool, *, now: datetime) -> None:
        await self.store.set_active(subject, active, now=now)

    async def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class SqlBackend:
    database: SqlDatabase

    @classmethod
    def at(cls, url: str) -> SqlBackend:
        return cls(open_database(url, longest_access_token_seconds=3660))

    @property
    def sessions(self) -> SessionStore:
        return self.database.sessions

    @property
    def revocations(self) -> RevocationLog:
        return self.database.revocations

    async def set_active(self, subject: str, active: bool, *, now: datetime) -> None:
        await set_active(self.database, subject, active, now=now)

    async def close(self) -> None:
        await self.database.close()
