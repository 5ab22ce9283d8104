"""Numbers of the feed that were passed over, because their transaction commits late or never."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MAX_MISSING: Final = 1000
REMEMBERED_SECONDS: Final = 3660.0
"""The longest life of an access token, leeway included: later nobody needs the entry."""
_REACH_AT_FIRST: Final = 100
"""So many numbers below the first one seen may be on their way; most of them were cleaned up."""


class SequenceGaps:
    """What to ask for by number, however long ago it was given out and whatever the clocks say.

    A number is given when an entry is written and seen when its transaction commits, so a lower one may
    appear after a higher one: usually milliseconds later, minutes later where a process stood still in
    between. ``highest`` is the last number seen, 0 before the first. Past ``MAX_MISSING`` the oldest
    are let go.
    """

    def __init__(self) -> None:
        self.highest = 0
        self._missing: dict[int, float] = {}

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(self._missing)

    def note(self, sequences: Iterable[int], *, at: float) -> None:
        """Take over what one reading brought, in ascending order; ``at`` is in monotonic seconds."""
        for sequence in sequences:
            self._missing.pop(sequence, None)
            reach = MAX_MISSING if self.highest else _REACH_AT_FIRST
            for passed_over in range(max(self.highest + 1, sequence - reach), sequence):
                self._missing[passed_over] = at
            self.highest = max(self.highest, sequence)
        young = [each for each in self._missing.items() if at - each[1] < REMEMBERED_SECONDS]
        self._missing = dict(young[-MAX_MISSING:])
