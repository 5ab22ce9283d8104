"""Reading references while requests are served: in threads, a few at a time, and never for long."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Final

import anyio
from anyio import CapacityLimiter, to_thread

from watchword.config.references import Failure, Reference, SecretValue
from watchword.config.resolver import Resolver

READ_SECONDS: Final = 15.0
"""Longer than a resolution takes, but for a file on a disk that hangs."""
THREADS: Final = 4

Answers = Mapping[Reference, SecretValue | Failure]


class SecretReader:
    """A resolver for callers that must not block."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._threads = CapacityLimiter(THREADS)

    async def read(self, references: Collection[Reference], *, previous: bool) -> Answers:
        """A value or a failure for each; ``previous`` asks for the version before as well."""
        work = partial(self._resolver.resolve, references, previous=previous)
        try:
            with anyio.fail_after(READ_SECONDS):
                return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._threads)
        except TimeoutError:
            late = Failure(f"it could not be read within {READ_SECONDS:g} seconds")
            return dict.fromkeys(references, late)
