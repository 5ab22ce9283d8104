"""What each column holds about people: why, on which ground, for how long, and what an erasure does to it.

A mark is written on the column itself (``mapped_column(..., info=...)``), so that nobody adds one without
saying so. The articles are those of the General Data Protection Regulation, (EU) 2016/679.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

PRIVACY: Final = "privacy"
"""Where a column's ``info`` holds its mark."""

Purpose = Literal[
    "account",
    "sign-in",
    "session",
    "provider",
    "security",
    "record",
    "terms",
    "versions",
]
Ground = Literal["contract", "interest", "duty"]
"""Art. 6(1)(b), (f) and (c)."""
Retention = Literal["account", "session", "expiry", "recorded", "service"]
"""Until the account is erased; until the session can mean nothing any more; shortly after ``expires_at``;
for ``PRIVACY__RETENTION_DAYS``; for as long as the service runs."""
Erasure = Literal["delete", "null", "pseudonymise", "keep"]
"""``delete``: the row goes. ``null``: the value goes, the row stays, and a set of names is emptied.
``pseudonymise``: something that names nobody is put in its place."""


@dataclass(frozen=True, slots=True)
class Personal:
    """A column with something about a person. ``because`` is why a value is kept by an erasure;
    ``withheld`` is why it is in no export, None where it is in it."""

    purpose: Purpose
    ground: Ground
    retention: Retention
    erasure: Erasure
    because: str | None = None
    withheld: str | None = None

    @property
    def exported(self) -> bool:
        return self.withheld is None


@dataclass(frozen=True, slots=True)
class Impersonal:
    """A column that holds nothing about a person; ``why`` says how that is known."""

    why: str


Mark = Personal | Impersonal


class Holding:
    """What most columns of one table have in common."""

    def __init__(self, purpose: Purpose, ground: Ground, retention: Retention, erasure: Erasure) -> None:
        self._usual = Personal(purpose, ground, retention, erasure)

    @property
    def exported(self) -> dict[Any, Any]:
        """The usual mark, for a value that the person gets to see."""
        return {PRIVACY: self._usual}

    def withheld(self, why: str) -> dict[Any, Any]:
        """The usual mark, for a value that is in no export."""
        return {PRIVACY: replace(self._usual, withheld=why)}

    def erased_by(self, erasure: Erasure, *, withheld: str | None = None) -> dict[Any, Any]:
        """The usual mark, but for what an erasure does."""
        return {PRIVACY: replace(self._usual, erasure=erasure, withheld=withheld)}

    def kept(self, because: str, *, withheld: str | None = None) -> dict[Any, Any]:
        """The usual mark, for a value that an erasure leaves as it is."""
        return {PRIVACY: replace(self._usual, erasure="keep", because=because, withheld=withheld)}


def impersonal(why: str) -> dict[Any, Any]:
    """The mark of a column that holds nothing about a person."""
    return {PRIVACY: Impersonal(why)}


SERVICE: Final = impersonal("about the service itself")
NEVER_SHOWN: Final = "a secret, or the digest of one, which would let its reader act for the person"
BOOKKEEPING: Final = "a counter or an internal id that says nothing about the person"
