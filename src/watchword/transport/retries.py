"""Asking again for what failed in passing: GETs only, a little later, in the time that is left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import stamina
from stamina import instrumentation
from stamina.instrumentation import RetryDetails, RetryHook

from watchword.auth.deadline import time_left_seconds
from watchword.auth.jitter import between
from watchword.auth.ports import HttpAnswer
from watchword.auth.provider_call import is_probe
from watchword.errors import ProviderCrowded, ProviderTlsFailed, ProviderUnavailable
from watchword.protocol.provider_answer import header, retry_after_seconds
from watchword.transport.retry_budget import RetryBudget

MORE_ATTEMPTS: Final = 2
MIN_WAIT_SECONDS: Final = 0.05
MAX_WAIT_SECONDS: Final = 0.5
IN_PASSING: Final = frozenset({500, 502, 503, 504})

_retrying: ContextVar[bool] = ContextVar("watchword retrying", default=False)

Ask = Callable[[], Awaitable[HttpAnswer]]


class FailedInPassing(Exception):
    """An answer that another attempt may better."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(f"status {answer.status}")
        self.answer = answer


class Retries:
    """The retries of one provider, which share a budget."""

    def __init__(self) -> None:
        self._budget = RetryBudget()

    def note_request(self) -> None:
        """One more call, which earns the provider a share of a retry."""
        self._budget.note_request(_now())

    async def ask(self, ask: Ask, *, ends_at: float) -> HttpAnswer:
        """The first good answer of at most three, else the last, all before ``ends_at`` by the clock of
        the event loop; waits are drawn anew each time.

        Raises what the last attempt raises: a probe has only one, and what TLS could not verify is not
        tried again in the hope that it passes.
        """
        left_seconds = time_left_seconds()
        if left_seconds is not None:
            ends_at = min(ends_at, _now() + left_seconds)
        taken = 0

        def wait(error: Exception) -> bool | float:
            nonlocal taken
            seconds = wait_seconds(error)
            if seconds is None or _now() + seconds >= ends_at or taken == MORE_ATTEMPTS or is_probe():
                return False
            if not self._budget.take(_now()):
                return False
            taken += 1
            return seconds

        _keep_to_ourselves()
        token = _retrying.set(True)
        try:
            async for attempt in stamina.retry_context(wait, attempts=1 + MORE_ATTEMPTS, timeout=None):
                with attempt:
                    answer = await ask()
                    if answer.status in IN_PASSING:
                        raise FailedInPassing(answer)
        except FailedInPassing as failed:
            return failed.answer
        finally:
            _retrying.reset(token)
        return answer


@dataclass(frozen=True, slots=True)
class _ExceptOurs:
    """A hook that tells of retries, by logging, structlog or a counter, and not of those made here, which
    are no news; the host's own are told as the host likes."""

    hook: RetryHook

    def __call__(self, details: RetryDetails) -> AbstractContextManager[None] | None:
        return None if _retrying.get() else self.hook(details)


def _keep_to_ourselves() -> None:
    """Also with hooks that the host has set since the last time."""
    hooks = instrumentation.get_on_retry_hooks()
    if not all(isinstance(each, _ExceptOurs) for each in hooks):
        instrumentation.set_on_retry_hooks(
            [each if isinstance(each, _ExceptOurs) else _ExceptOurs(each) for each in hooks]
        )


def wait_seconds(error: Exception) -> float | None:
    """How long to wait before the next attempt; None where there is none."""
    drawn = between(MIN_WAIT_SECONDS, MAX_WAIT_SECONDS)
    match error:
        case FailedInPassing(answer=answer):
            asked = header(answer.headers, "retry-after")
            return drawn if asked is None else max(drawn, retry_after_seconds(answer.headers))
        case ProviderTlsFailed() | ProviderCrowded():
            return None
        case ProviderUnavailable():
            return drawn
    return None


def _now() -> float:
    return asyncio.get_running_loop().time()
