"""One deadline for everything that a sign-in or a re-check asks a provider."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Final, TypeVar

from watchword.errors import ProviderUnavailable

OPERATION_SECONDS: Final = 5.0
"""A whole sign-in begin, callback or re-check, however many calls it makes."""

T = TypeVar("T")
_ends_at: ContextVar[float | None] = ContextVar("watchword operation ends at", default=None)


@contextmanager
def operation(seconds: float = OPERATION_SECONDS) -> Iterator[None]:
    """What is asked of a provider inside ends within ``seconds``; within an outer operation, not later
    than that does. Needs a running event loop."""
    outer = _ends_at.get()
    ends_at = asyncio.get_running_loop().time() + seconds
    token = _ends_at.set(ends_at if outer is None else min(outer, ends_at))
    try:
        yield
    finally:
        _ends_at.reset(token)


def time_left_seconds() -> float | None:
    """What is left of the operation, never below 0; None outside of any."""
    ends_at = _ends_at.get()
    return None if ends_at is None else max(0.0, ends_at - asyncio.get_running_loop().time())


def without_deadline() -> Context:
    """The context of the caller less its deadline, for work that others wait for too."""
    context = copy_context()
    context.run(_ends_at.set, None)
    return context


async def in_time(awaitable: Awaitable[T]) -> T:
    """Wait for something shared no longer than the operation lasts. Raises ProviderUnavailable."""
    timeout = asyncio.timeout(time_left_seconds())
    try:
        async with timeout:
            return await awaitable
    except TimeoutError:
        if not timeout.expired():
            raise
        raise ProviderUnavailable("the provider did not answer in the time left for this") from None
