"""Rows and rings that were sealed under one secret, for tests that go on under another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.samples import NOW, opened, rows
from watchword.auth.attempt import registration_digest
from watchword.auth.grant_keeper import grant_place
from watchword.auth.key_ports import KeyState, StoredKey, StoredRing
from watchword.auth.logout_ports import NewProviderGrant
from watchword.auth.resealing import Resealer
from watchword.auth.resealing_ports import SEALED_COLUMNS
from watchword.auth.sealing import Sealer
from watchword.models import Pepper
from watchword.protocol.uuid7 import uuid7
from watchword.storage import SqlDatabase
from watchword.storage.resealing import SqlSealedRows
from watchword.testing import FakeClock

OLD, NEW, FOREIGN = b"o" * 32, b"n" * 32, b"f" * 32
OLD_ID, NEW_ID, FOREIGN_ID = (Sealer(key).key_ids[0] for key in (OLD, NEW, FOREIGN))
HERE: Final = registration_digest(
    issuer="https://id.example.org", client_id="us", redirect_uri="https://a/cb"
)
ELSEWHERE: Final = registration_digest(issuer="https://other.example.org", client_id="us", redirect_uri="x")


class ListedRing:
    """``KeyStore`` in memory. ``before_replace`` runs once, between reading and writing."""

    place = "memory"

    def __init__(self, keys: Sequence[StoredKey] = ()) -> None:
        self.keys = tuple(keys)
        self.edition = 1
        self.before_replace: Callable[[], None] | None = None
        self.replaced = 0

    async def load(self) -> StoredRing:
        return StoredRing(str(self.edition), self.keys)

    async def replace(self, known: StoredRing, keys: Sequence[StoredKey]) -> bool:
        before, self.before_replace = self.before_replace, None
        if before is not None:
            before()
        if known.version != str(self.edition):
            return False
        self.keys, self.edition, self.replaced = tuple(keys), self.edition + 1, self.replaced + 1
        return True


def stored_key(kid: str, state: KeyState, sealer: Sealer) -> StoredKey:
    return StoredKey(
        kid=kid,
        algorithm="ES256",
        state=state,
        public_jwk={"kid": kid},
        sealed_private=sealer.seal("signing-key", b"private " + kid.encode(), place=kid.encode()),
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        activated_at=None,
        retired_at=None,
        verify_until=None,
    )


def grant_id(number: int) -> UUID:
    return uuid7(1_795_000_000_000 + number, b"\xff" * 10)


def sealed_grant(number: int, sealer: Sealer, *, registration: str = HERE) -> NewProviderGrant:
    place = grant_place(registration, grant_id(number))
    return NewProviderGrant(
        grant_id(number),
        sealed_id_token=sealer.seal("logout-hint", b"id token %d" % number, place=place),
        sealed_tokens=sealer.seal("provider-tokens", b"refresh token %d" % number, place=place),
    )


async def with_grants(database: SqlDatabase, count: int, sealer: Sealer, **sealed: Any) -> None:
    """So many sessions of one person, each with a grant of its own."""
    for number in range(1, count + 1):
        await opened(database, number, grant=sealed_grant(number, sealer, **sealed))


async def with_pepper(database: SqlDatabase, name: str, sealer: Sealer) -> None:
    sealed = sealer.seal("pepper", f"pepper of {name}".encode(), place=name.encode())

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(insert(Pepper).values(name=name, sealed=sealed, created_at=NOW))

    await database.transactions.write("keep a pepper for a test", work)


async def pepper(database: SqlDatabase, name: str, sealer: Sealer) -> bytes:
    ((sealed,),) = await rows(database, "SELECT sealed FROM ww_peppers WHERE name = :name", name=name)
    return sealer.open("pepper", bytes(sealed), place=name.encode())


def resealer(
    database: SqlDatabase,
    ring: ListedRing | None = None,
    *,
    sealer: Sealer | None = None,
    store: SqlSealedRows | None = None,
) -> Resealer:
    """Under the new secret, with the old one listed; batches of three."""
    store = store or SqlSealedRows(database.transactions)
    store.batch_rows = 3

    async def at_once(_: float) -> None:
        """Pauses are for the service's sake."""

    return Resealer(
        sealer or Sealer(NEW, [OLD]),
        store,
        ring or ListedRing(),
        FakeClock(),
        registrations=[ELSEWHERE, HERE],
        sleep=at_once,
    )


async def tokens(database: SqlDatabase, sealer: Sealer) -> list[str]:
    """The refresh tokens and ID tokens of all grants as ``sealer`` opens them."""
    sql = "SELECT id, sealed_tokens, sealed_id_token FROM ww_provider_grants ORDER BY id"
    said = []
    for row in await rows(database, sql):
        place = grant_place(HERE, row.id if isinstance(row.id, UUID) else UUID(row.id))
        for column, purpose in SEALED_COLUMNS["provider_grants"].items():
            sealed = getattr(row, column)
            if sealed is not None:
                said.append(sealer.open(purpose, bytes(sealed), place=place).decode())
    return said
