"""What ``auth`` needs of a database to hand people their data, and to erase them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from watchword.auth.account_ports import Act


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: the sessions that it ended, none where the account was ``already`` erased."""

    user_id: UUID
    already: bool
    sessions: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything about one person that they get to see, ready to be written as JSON. ``complete`` is
    False where a list was longer than ``max_rows``: then its oldest entries are left out."""

    account: Mapping[str, Any] = field(repr=False)
    lists: Mapping[str, Sequence[Mapping[str, Any]]] = field(repr=False)
    complete: bool


class PrivacyStore(Protocol):
    """Raises DatabaseUnavailable. An erased account is none, but for being erased again."""

    async def export(self, user_id: UUID, *, max_rows: int) -> PersonalData | None:
        """All of one person; None for nobody."""

    async def erase(self, user_id: UUID, *, act: Act) -> Erased | None:
        """Everything about one person goes, or stays without naming them, in one transaction; None for
        nobody. Raises PepperUnreadable."""
