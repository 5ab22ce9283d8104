"""Who still calls which version of an API, counted in memory."""

from __future__ import annotations

from watchword.auth.ports import Clock
from watchword.protocol.principal import Identity


class VersionUsage:
    """Counts calls of versions by caller. Counting asks and writes nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def note(self, version: str, *, identity: Identity, network: str, would_refuse: str | None) -> None:
        """Count one call. Never raises, never waits.

        ``network`` is the caller's address, shortened as the privacy setting says, empty where
        none is known or kept; ``would_refuse`` the code of the refusal that observing held back.
        """
