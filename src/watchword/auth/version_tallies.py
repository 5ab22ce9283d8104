"""Calls of versions, counted in memory until somebody writes them down."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Final
from uuid import UUID

from watchword.auth.version_ports import CallerKind, VersionCalls
from watchword.protocol.printable import printable

MAX_CALLERS: Final = 10_000
MAX_CHARS: Final = 61
MAX_CLIENT_CHARS: Final = 252
"""Three less than what is kept: text that is cut says so."""

Key = tuple[object, ...]
"""A version and what names the caller: (user id, client id), (network,) or nothing, the others."""


class Tally:
    """What one caller did since the last time it was written down."""

    __slots__ = ("calls", "first_seen_at", "last_refusal", "last_seen_at", "would_refuse")

    def __init__(self, now: datetime) -> None:
        self.calls = 0
        self.would_refuse = 0
        self.last_refusal: str | None = None
        self.first_seen_at = now
        self.last_seen_at = now

    def add(self, other: Tally) -> None:
        """Take over what another tally of the same caller holds."""
        self.calls += other.calls
        self.would_refuse += other.would_refuse
        self.last_refusal = self.last_refusal or other.last_refusal
        self.first_seen_at = min(self.first_seen_at, other.first_seen_at)
        self.last_seen_at = max(self.last_seen_at, other.last_seen_at)


class Tallies:
    """One tally a caller, of so many callers at most; who comes too late is one of the others.

    Safe to be called from several threads.
    """

    def __init__(self, max_callers: int = MAX_CALLERS) -> None:
        self._max_callers = max_callers
        self._by_key: dict[Key, Tally] = {}
        self._lock = Lock()

    def count(self, key: Key, now: datetime, would_refuse: str | None) -> None:
        """Count one call. Never raises."""
        with self._lock:
            try:
                tally = self._by_key.get(key) or self._tally(key, now)
            except TypeError:
                tally = self._others(key, now)
            tally.calls += 1
            tally.last_seen_at = now
            if would_refuse is not None:
                tally.would_refuse += 1
                tally.last_refusal = would_refuse

    def take(self) -> dict[Key, Tally]:
        """Everything counted so far, which from then on is the taker's."""
        with self._lock:
            taken, self._by_key = self._by_key, {}
        return taken

    def put_back(self, taken: dict[Key, Tally]) -> None:
        """Count again what was taken and could not be written down."""
        with self._lock:
            for key, tally in taken.items():
                self._tally(key, tally.first_seen_at).add(tally)

    @property
    def calls(self) -> int:
        """How many calls are counted and not taken."""
        with self._lock:
            return sum(tally.calls for tally in self._by_key.values())

    def _tally(self, key: Key, now: datetime) -> Tally:
        """A caller's tally. Long names are cut, so that callers are bounded in size as in number."""
        short = tuple(part[: MAX_CLIENT_CHARS + 1] if isinstance(part, str) else part for part in key)
        tally = self._by_key.get(short)
        if tally is None:
            if len(self._by_key) >= self._max_callers:
                return self._others(key, now)
            tally = self._by_key[short] = Tally(now)
        return tally

    def _others(self, key: Key, now: datetime) -> Tally:
        version = key[0] if isinstance(key[0], Hashable) else None
        return self._by_key.setdefault((version,), Tally(now))


def version_calls(key: Key, tally: Tally) -> VersionCalls:
    """What is written down of a tally: names as one line of printable text, times in order."""
    version, *names = key
    counted = VersionCalls(
        version=_text(version, MAX_CHARS),
        kind="others",
        calls=tally.calls,
        would_refuse=tally.would_refuse,
        last_refusal=_text(tally.last_refusal, MAX_CHARS) if tally.would_refuse else None,
        first_seen_at=min(tally.first_seen_at, tally.last_seen_at),
        last_seen_at=max(tally.first_seen_at, tally.last_seen_at),
    )
    if len(names) == 1:
        return replace(counted, kind="network", network=_text(names[0], MAX_CHARS) or None)
    if len(names) == 2:
        user_id, client_id = _uuid(names[0]), _text(names[1], MAX_CLIENT_CHARS)
        kind: CallerKind = "client" if user_id is None else "user"
        return replace(counted, kind=kind, user_id=user_id, client_id=client_id)
    return counted


def _text(value: object, max_chars: int) -> str:
    return printable(str(value), max_chars=max_chars)


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
