"""The hits of one process: exact, bounded in memory, forgotten as they leave their window."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from limits.aio.storage import MemoryStorage

MAX_KEYS: Final = 100_000
"""Of all windows together; beyond that the keys that were quiet longest are forgotten."""
MAX_HITS: Final = 1_000_000
"""Of all keys together, likewise. A hit is 8 bytes, a key some 300."""


@dataclass(slots=True)
class _Window:
    """Keys by their latest hit, so that whatever has expired is at the front."""

    seconds: int
    hits: OrderedDict[str, array[float]] = field(default_factory=OrderedDict)
    held: int = 0

    def of(self, key: str, now: float) -> array[float]:
        """The hits of a key that still count, oldest first."""
        hits = self.hits.get(key)
        if hits is None:
            return array("d")
        gone = bisect_right(hits, now - self.seconds)
        del hits[:gone]
        self.held -= gone
        return hits

    def keep(self, key: str, hits: array[float], added: int) -> None:
        """Note hits that were added to what ``of`` gave."""
        self.hits[key] = hits
        self.hits.move_to_end(key)
        self.held += added

    def forget_expired(self, now: float) -> None:
        """Drop keys from the front until one still counts."""
        while self.hits:
            hits = next(iter(self.hits.values()))
            if hits and hits[-1] > now - self.seconds:
                return
            self.drop_quietest()

    def drop_quietest(self) -> None:
        self.held -= len(self.hits.popitem(last=False)[1])

    def drop(self, key: str) -> None:
        self.held -= len(self.hits.pop(key, ()))


class BoundedMemoryStorage(MemoryStorage):
    """The moving window of ``limits`` without its sweep over every key after each hit.

    ``now`` gives seconds that never go back. A hit costs the same however many keys there are,
    and nothing waits inside one, so that parallel requests are counted exactly.
    """

    def __init__(
        self, now: Callable[[], float], *, max_keys: int = MAX_KEYS, max_hits: int = MAX_HITS
    ) -> None:
        super().__init__()
        self._now = now
        self._max_keys = max_keys
        self._max_hits = max_hits
        self._windows: dict[int, _Window] = {}

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add ``amount`` hits where no more than ``limit`` then lie in ``expiry`` seconds."""
        now = self._now()
        window = self._windows.setdefault(expiry, _Window(expiry))
        hits = window.of(key, now)
        if len(hits) + amount > limit:
            return False
        hits.extend([now] * amount)
        window.keep(key, hits, amount)
        for each in self._windows.values():
            each.forget_expired(now)
        self._make_room()
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest hit that counts came, and how many count."""
        now = self._now()
        window = self._windows.get(expiry)
        hits = window.of(key, now) if window is not None else array("d")
        return (hits[0], len(hits)) if hits else (now, 0)

    async def clear(self, key: str) -> None:
        """Forget one key."""
        for window in self._windows.values():
            window.drop(key)

    async def reset(self) -> int | None:
        """Forget everything; how many keys there were."""
        known = sum(len(window.hits) for window in self._windows.values())
        self._windows.clear()
        return known

    def _make_room(self) -> None:
        """Forget of the window that holds most, so that a flood of one limit forgets no other's keys."""
        windows = self._windows.values()
        while sum(len(each.hits) for each in windows) > self._max_keys:
            max(windows, key=lambda each: len(each.hits)).drop_quietest()
        while sum(each.held for each in windows) > self._max_hits:
            max(windows, key=lambda each: each.held).drop_quietest()
