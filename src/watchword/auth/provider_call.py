"""What a call to a provider knows of itself: whether it is a probe, and since when it is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

HAD_ITS_TIME_SECONDS: Final = 3.0
"""A call that our own deadline cuts short after so long, the read timeout, is the provider's failure."""


class ProviderCall:
    """``asked_at`` is by the clock of the event loop, and None while it waits for its turn on our side."""

    def __init__(self, *, probe: bool) -> None:
        self.probe = probe
        self.asked_at: float | None = _loop_time()

    @property
    def had_its_time(self) -> bool:
        return self.asked_at is not None and _loop_time() - self.asked_at >= HAD_ITS_TIME_SECONDS


_call: ContextVar[ProviderCall | None] = ContextVar("watchword call to a provider", default=None)


@contextmanager
def provider_call(*, probe: bool) -> Iterator[ProviderCall]:
    """What is asked inside is this call; a probe is sent once and no more."""
    call = ProviderCall(probe=probe)
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)


def current_call() -> ProviderCall | None:
    """The call that runs here."""
    return _call.get()


def is_probe() -> bool:
    """Whether it only tries an endpoint out."""
    call = _call.get()
    return call is not None and call.probe


@contextmanager
def waiting_here() -> Iterator[None]:
    """Time that a call spends before it is sent, which is none of the provider's."""
    call = _call.get() or ProviderCall(probe=False)
    call.asked_at = None
    yield
    call.asked_at = _loop_time()


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
