"""Erased people in SQL: rows of identities that name nobody and are found only by whoever signs in again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.tombstones import ERASED_ISSUER, PEPPER, Tombstones
from watchword.errors import AccountErased, PepperUnreadable
from watchword.models import Identity, Pepper
from watchword.storage.rows import insert_if_absent

_PEPPER: Final = select(Pepper.sealed).where(Pepper.name == PEPPER)
_STATE: Final = select(
    _PEPPER.scalar_subquery().label("sealed"), exists().where(Identity.issuer == ERASED_ISSUER).label("any")
)


class TombstoneRows:
    """``None`` for what makes the digests: a process that has no secret key, and admits nobody."""

    def __init__(self, tombstones: Tombstones | None = None) -> None:
        self._tombstones = tombstones

    async def refuse(self, connection: AsyncConnection, issuer: str, subject: str) -> None:
        """Raises AccountErased for somebody who was erased, PepperUnreadable."""
        if await self.holds(connection, issuer, subject):
            raise AccountErased("whoever signed in is known as an account that was erased")

    async def holds(self, connection: AsyncConnection, issuer: str, subject: str) -> bool:
        """Whether somebody was erased who is nobody's identity any more. Where nobody ever was, no key
        is needed. Raises PepperUnreadable."""
        state = (await connection.execute(_STATE)).one()
        if not state.any:
            return False
        digest = self._able().digest(_there(state.sealed), issuer, subject)
        this = select(Identity.id).where(Identity.issuer == ERASED_ISSUER, Identity.subject == digest)
        return (await connection.execute(this)).one_or_none() is not None

    async def digests(self, connection: AsyncConnection, *, now: datetime) -> Callable[[str, str], str]:
        """What makes the digest of an issuer and a subject; its key is made with the first erasure, and
        never again. Raises PepperUnreadable."""
        tombstones = self._able()
        state = (await connection.execute(_STATE)).one()
        sealed: bytes | None = state.sealed
        if sealed is None and not state.any:
            pepper = {"name": PEPPER, "sealed": tombstones.new_pepper(), "created_at": now}
            await connection.execute(insert_if_absent(connection, Pepper, **pepper))
            sealed = (await connection.execute(_PEPPER)).scalar_one_or_none()
        kept = _there(sealed)
        return lambda issuer, subject: tombstones.digest(kept, issuer, subject)

    def _able(self) -> Tombstones:
        if self._tombstones is None:
            raise PepperUnreadable("this process has no SECRET_KEY to tell erased people by")
        return self._tombstones


def _there(sealed: bytes | None) -> bytes:
    if sealed is None:
        raise PepperUnreadable(
            f"the row {PEPPER!r} of ww_peppers is gone, without which erased people are not known again: "
            "restore it from a backup"
        )
    return sealed
