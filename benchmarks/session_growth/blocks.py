"""Blocks of work by several clients at once, and blocks of work that is due at a fixed rate."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Turn = Callable[[int, int], Awaitable[object]]
"""One piece of work: of which client, and its how manieth."""


@dataclass(frozen=True, slots=True)
class Block:
    """So many pieces of work in so many seconds; ``cpu_seconds`` are this process's, None where another
    did the work."""

    done: int
    seconds: float
    cpu_seconds: float | None = None

    @property
    def rate(self) -> float:
        """A second."""
        return self.done / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """Of this process, for each piece of work."""
        return (self.cpu_seconds or 0.0) / self.done * 1e6


async def drive(turn: Turn, *, clients: int, seconds: float) -> Block:
    """Each client does one piece of work after another until the time is over."""
    began_at, cpu = time.perf_counter(), time.process_time()
    until = began_at + seconds

    async def client(number: int) -> int:
        done = 0
        while time.perf_counter() < until or done == 0:
            await turn(number, done)
            done += 1
        return done

    done = sum(await asyncio.gather(*map(client, range(clients))))
    return Block(done, time.perf_counter() - began_at, time.process_time() - cpu)


async def regularly(work: Callable[[int], Awaitable[object]], *, rate: float, seconds: float) -> list[float]:
    """Seconds that each piece of work took from the moment it was due, whether or not those before it
    had ended."""
    took: list[float] = []

    async def once(number: int, due: float) -> None:
        await work(number)
        took.append(time.perf_counter() - due)

    began_at = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(max(1, round(rate * seconds))):
            due = began_at + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(once(number, due))
    return took


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by ``share`` of them (nearest rank). Raises IndexError for
    none."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
