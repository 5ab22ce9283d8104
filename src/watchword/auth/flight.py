"""One flight at a time: whoever asks while it is under way gets its result, or its error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from watchword.auth.deadline import in_time, without_deadline

T = TypeVar("T")


class Flight(Generic[T]):
    """Work that many may want at once and that is done once for all of them.

    A caller that is cancelled, or has little time left, takes nobody else's flight down.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[T] | None = None

    @property
    def under_way(self) -> bool:
        return self._task is not None

    async def join(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The outcome of the flight under way, else of a new one. Raises what the work raises, and
        ProviderUnavailable where the caller has no time left to wait for it."""
        return await in_time(asyncio.shield(self.begin(work)))

    def begin(self, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """The flight under way, else a new one, for whoever does not wait for it."""
        if self._task is None:
            self._task = asyncio.create_task(work(), context=without_deadline())
            self._task.add_done_callback(self._landed)
        return self._task

    def cancel(self) -> None:
        """Call off the flight under way, if any."""
        if self._task is not None:
            self._task.cancel()

    def _landed(self, task: asyncio.Task[T]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()
