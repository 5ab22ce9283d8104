"""A store whose calls are counted and can be struck, before or after they take effect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NoReturn, TypeVar
from uuid import UUID

from watchword.auth.ports import (
    EndReason,
    LiveSession,
    NewSession,
    ProviderIdentity,
    Rotation,
    SessionStore,
)
from watchword.errors import DatabaseUnavailable
from watchword.protocol.rotation import SessionFacts

T = TypeVar("T")
Moment = Literal["before", "after"]


def away(moment: str) -> NoReturn:
    raise DatabaseUnavailable(f"the test took the database away {moment} the call")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something strikes at one call (counted from 0): before its commit, or with the commit done
    and its acknowledgement lost."""

    call: int
    moment: Moment


class FaultyStore:
    """Passes everything on to ``inner``; ``calls`` names what was asked since ``arm``. Before each
    call as many other tasks get a turn as ``pauses`` says, so that parallel callers overtake each other."""

    def __init__(self, inner: SessionStore, *, strike: Callable[[str], NoReturn] = away) -> None:
        self.inner = inner
        self._strike = strike
        self.calls: list[str] = []
        self._fault: Fault | None = None
        self._pauses: list[int] = []

    def arm(self, fault: Fault | None, *, pauses: Sequence[int] = ()) -> None:
        self.calls = []
        self._pauses = list(pauses)
        self._fault = fault

    async def open(self, identity: ProviderIdentity, new: NewSession) -> LiveSession:
        return await self._pass("open", lambda: self.inner.open(identity, new))

    async def rotate(self, rotation: Rotation) -> LiveSession | None:
        return await self._pass("rotate", lambda: self.inner.rotate(rotation))

    async def facts(self, session_id: UUID) -> SessionFacts | None:
        return await self._pass("facts", lambda: self.inner.facts(session_id))

    async def find(self, session_id: UUID, *, now: datetime) -> LiveSession | None:
        return await self._pass("find", lambda: self.inner.find(session_id, now=now))

    async def end(
        self, session_id: UUID, *, reason: EndReason, now: datetime, tokens_expire_at: datetime
    ) -> bool:
        return await self._pass(
            "end",
            lambda: self.inner.end(session_id, reason=reason, now=now, tokens_expire_at=tokens_expire_at),
        )

    async def _pass(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        number = len(self.calls)
        self.calls.append(name)
        for _ in range(self._pauses.pop() if self._pauses else 0):
            await asyncio.sleep(0)
        fault = self._fault if self._fault is not None and self._fault.call == number else None
        if fault is not None and fault.moment == "before":
            self._strike("before")
        done = await call()
        if fault is not None:
            self._strike("after")
        return done
