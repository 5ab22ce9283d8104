"""What lasts is sealed anew under the current secret: in batches, beside writers, as often as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.contract.processes import workers
from tests.contract.samples import NOW, change, opened, rows
from tests.contract.sealed import (
    ELSEWHERE,
    FOREIGN,
    FOREIGN_ID,
    HERE,
    NEW,
    NEW_ID,
    OLD,
    OLD_ID,
    ListedRing,
    grant_id,
    pepper,
    resealer,
    sealed_grant,
    stored_key,
    tokens,
    with_grants,
    with_pepper,
)
from watchword.auth.key_ports import RingCopy
from watchword.auth.resealing_ports import SEALED_COLUMNS, NewSeals, RowId, RowTable
from watchword.auth.sealing import Sealer
from watchword.models import Base
from watchword.storage import SqlDatabase, open_database
from watchword.storage.key_ledger import SqlKeyLedger
from watchword.storage.resealing import SqlSealedMarks, SqlSealedRows

NEW_ONLY = Sealer(NEW)
WORKER = Path(__file__).with_name("resealing_worker.py")
SHORT_LIVED = {
    "ww_sessions.sealed_successor",
    "ww_authorization_codes.sealed_sign_in",
}
"""Open with the token or code as well, which only its holder has, and for seconds."""
OF_THE_RING = {"ww_signing_keys.sealed_private"}
"""Goes through the store of the ring, wherever that is."""


def texts(count: int) -> list[str]:
    return [f"{kind} token {number}" for number in range(1, count + 1) for kind in ("refresh", "id")]


async def test_everything_is_sealed_anew_and_opens_without_the_old_secret(database: SqlDatabase) -> None:
    """Grants in several batches, keys of the ring; and a second run finds nothing to do."""
    await with_grants(database, 7, Sealer(OLD))
    await with_pepper(database, "erased", Sealer(OLD))
    copy = Sealer(OLD).seal("key-ring-copy", b"the ring", place=b"newest ring")
    await SqlKeyLedger(database.transactions).keep_copy(RingCopy("newest ring", "v1", copy, NOW))
    ring = ListedRing([stored_key(kid, "retired", Sealer(OLD)) for kid in ("a", "b")])
    work = resealer(database, ring)
    heard: list[int] = []
    told = await work.run(lambda done: heard.append(done["provider_grants"]))
    assert told.resealed == {"signing_keys": 2, "provider_grants": 7, "peppers": 1, "key_ring_copies": 1}
    assert told.already == {"signing_keys": 0, "provider_grants": 0, "peppers": 0, "key_ring_copies": 0}
    assert (told.complete, told.under) == (True, {OLD_ID: 18})
    assert heard[:3] == [3, 6, 7]
    assert await tokens(database, NEW_ONLY) == texts(7)
    assert await pepper(database, "erased", NEW_ONLY) == b"pepper of erased"
    kept_copy = await SqlKeyLedger(database.transactions).copy("newest ring")
    assert kept_copy is not None
    assert kept_copy.version == "v1"
    assert NEW_ONLY.open("key-ring-copy", kept_copy.sealed, place=b"newest ring") == b"the ring"
    assert [
        NEW_ONLY.open("signing-key", key.sealed_private, place=key.kid.encode()) for key in ring.keys
    ] == [
        b"private a",
        b"private b",
    ]
    again = await work.run()
    assert again.resealed == {"signing_keys": 0, "provider_grants": 0, "peppers": 0, "key_ring_copies": 0}
    assert again.already == {"signing_keys": 2, "provider_grants": 7, "peppers": 1, "key_ring_copies": 1}
    assert ring.replaced == 1


async def test_a_survey_writes_nothing(database: SqlDatabase) -> None:
    """It counts what a run would do."""
    await with_grants(database, 4, Sealer(OLD))
    ring = ListedRing([stored_key("a", "active", Sealer(OLD))])
    work = resealer(database, ring)
    told = await work.survey(ring=True)
    assert told.resealed == {"signing_keys": 1, "provider_grants": 4, "peppers": 0, "key_ring_copies": 0}
    assert await tokens(database, Sealer(OLD)) == texts(4)
    assert (await work.survey(ring=False)).resealed["signing_keys"] == 0
    assert ring.replaced == 0


class Killed(BaseException):
    """What ends a process in the middle."""


@pytest.mark.parametrize("batches", [0, 1, 2])
async def test_a_run_that_was_killed_is_taken_up(database: SqlDatabase, batches: int) -> None:
    """Whatever was sealed anew stays so and is passed over; only the rest is written."""

    class Dying(SqlSealedRows):
        left = batches

        async def replace(self, table: RowTable, changes: Sequence[NewSeals]) -> Collection[RowId]:
            if self.left == 0:
                raise Killed
            self.left -= 1
            return await super().replace(table, changes)

    await with_grants(database, 7, Sealer(OLD))
    with pytest.raises(Killed):
        await resealer(database, store=Dying(database.transactions)).run()
    assert await tokens(database, Sealer(NEW, [OLD])) == texts(7)
    told = await resealer(database).run()
    done = 3 * batches
    assert (told.resealed["provider_grants"], told.already["provider_grants"]) == (7 - done, done)
    assert await tokens(database, NEW_ONLY) == texts(7)


async def test_a_process_that_is_killed_in_a_batch_loses_nothing(
    database: SqlDatabase, database_url: str
) -> None:
    """Two batches stay, the one that was under way is as it was, and another process goes on at once."""
    await with_grants(database, 10, Sealer(OLD))
    with workers(1, WORKER, database_url, OLD.hex(), NEW.hex(), HERE) as (process,):
        said = await asyncio.to_thread(process.stdout.readline)
        assert said == "in the middle\n", process.errors()
        process.kill()
        await asyncio.to_thread(process.wait, 60)
    assert await tokens(database, Sealer(NEW, [OLD])) == texts(10)
    told = await resealer(database).run()
    done = told.already["provider_grants"], told.resealed["provider_grants"], told.busy
    assert done == (6, 4, 0)
    assert await tokens(database, NEW_ONLY) == texts(10)


async def test_what_the_service_writes_meanwhile_is_not_written_over(database: SqlDatabase) -> None:
    """A grant that got new tokens, one that lost them and one that went, between reading and writing."""
    await with_grants(database, 3, Sealer(OLD))
    store = SqlSealedRows(database.transactions)
    read = (await store.page("provider_grants", NEW_ONLY.head, after=None, limit=9)).rows
    theirs = sealed_grant(1, NEW_ONLY).sealed_tokens
    await change(
        database,
        "UPDATE ww_provider_grants SET sealed_tokens = :new WHERE sealed_tokens = :old",
        new=theirs,
        old=read[0].stale["sealed_tokens"],
    )
    await change(
        database,
        "UPDATE ww_provider_grants SET sealed_id_token = NULL WHERE sealed_id_token = :old",
        old=read[1].stale["sealed_id_token"],
    )
    await change(
        database,
        "DELETE FROM ww_provider_grants WHERE sealed_tokens = :old",
        old=read[2].stale["sealed_tokens"],
    )
    changes = [NewSeals(row, dict.fromkeys(row.stale, b"stale news")) for row in read]
    assert list(await store.replace("provider_grants", changes)) == []
    assert (
        await rows(database, "SELECT count(*) FROM ww_provider_grants WHERE sealed_tokens = :it", it=theirs)
    )[0][0] == 1
    again = await store.these("provider_grants", NEW_ONLY.head, [row.id for row in read])
    assert {row.id: set(row.stale) for row in again} == {
        grant_id(1): {"sealed_id_token"},
        grant_id(2): {"sealed_tokens"},
    }


async def test_a_run_catches_up_with_writers(database: SqlDatabase, database_url: str) -> None:
    """A row that a writer changed under its hands is read again, and its new value kept."""
    await with_grants(database, 2, Sealer(OLD))
    other = open_database(database_url)
    theirs = sealed_grant(1, Sealer(OLD)).sealed_tokens

    class Beside(SqlSealedRows):
        raced = False

        async def replace(self, table: RowTable, changes: Sequence[NewSeals]) -> Collection[RowId]:
            if not self.raced:
                self.raced = True
                sql = "UPDATE ww_provider_grants SET sealed_tokens = :new WHERE sealed_tokens = :old"
                await change(other, sql, new=theirs, old=changes[0].row.stale["sealed_tokens"])
            return await super().replace(table, changes)

    try:
        told = await resealer(database, store=Beside(database.transactions)).run()
    finally:
        await other.close()
    assert (told.resealed["provider_grants"], told.busy) == (2, 0)
    assert await tokens(database, NEW_ONLY) == texts(2)


@pytest.mark.postgres
async def test_a_row_that_is_held_makes_nobody_wait(postgres_url: str) -> None:
    """PostgreSQL: what a transaction of the service holds is left for later, and told when it stays held."""
    database, other = open_database(postgres_url), open_database(postgres_url)
    try:
        await with_grants(database, 4, Sealer(OLD))
        async with other.engine.begin() as connection:
            held = text("SELECT id FROM ww_provider_grants WHERE id = :id FOR UPDATE")
            await connection.execute(held, {"id": grant_id(2)})
            told = await resealer(database).run()
        assert (told.resealed["provider_grants"], told.busy, told.complete) == (3, 1, False)
        after = await resealer(database).run()
        assert (after.resealed["provider_grants"], after.busy) == (1, 0)
        assert await tokens(database, NEW_ONLY) == texts(4)
    finally:
        await other.close()
        await database.close()


async def test_a_ring_that_rotates_meanwhile_is_read_again(database: SqlDatabase) -> None:
    """The edition that a rotation made is sealed anew, never written over."""
    ring = ListedRing([stored_key("a", "active", Sealer(OLD))])

    def rotate() -> None:
        made = stored_key("b", "active", NEW_ONLY)
        ring.keys, ring.edition = (made, replace(ring.keys[0], state="retired")), ring.edition + 1

    ring.before_replace = rotate
    told = await resealer(database, ring).run()
    assert (told.resealed["signing_keys"], told.already["signing_keys"]) == (1, 1)
    assert [(key.kid, key.state) for key in ring.keys] == [("b", "active"), ("a", "retired")]
    assert all(key.sealed_private.startswith(NEW_ONLY.head) for key in ring.keys)


async def test_what_no_listed_secret_opens_is_named_and_left(database: SqlDatabase) -> None:
    """By table, id and the secret that is missing; everything else is sealed anew all the same."""
    await opened(database, 1, grant=sealed_grant(1, Sealer(OLD)))
    await opened(database, 2, grant=sealed_grant(2, Sealer(FOREIGN)))
    await opened(database, 3, grant=sealed_grant(3, Sealer(OLD), registration="of-a-removed-provider"))
    await opened(database, 4, grant=sealed_grant(4, Sealer(OLD), registration=ELSEWHERE))
    broken = replace(stored_key("b", "retired", Sealer(OLD)), sealed_private=b"no envelope")
    ring = ListedRing([stored_key("a", "active", Sealer(OLD)), broken])
    before = await kept(database, 2, 3)
    told = await resealer(database, ring).run()
    assert told.resealed == {"signing_keys": 1, "provider_grants": 2, "peppers": 0, "key_ring_copies": 0}
    assert not told.complete
    assert {(e.table, e.row, e.column, e.key_id, e.cause) for e in told.unreadable} == {
        ("provider_grants", str(grant_id(2)), "sealed_tokens", FOREIGN_ID, "secret_key_mismatch"),
        ("provider_grants", str(grant_id(2)), "sealed_id_token", FOREIGN_ID, "secret_key_mismatch"),
        ("provider_grants", str(grant_id(3)), "sealed_tokens", OLD_ID, "seal_broken"),
        ("provider_grants", str(grant_id(3)), "sealed_id_token", OLD_ID, "seal_broken"),
        ("signing_keys", "b", "sealed_private", None, "seal_broken"),
    }
    assert await kept(database, 2, 3) == before
    assert ring.keys[1] == broken


async def test_a_broken_column_keeps_no_other_from_it(database: SqlDatabase) -> None:
    """One bad byte in the hint, and the refresh token beside it is sealed anew."""
    await with_grants(database, 1, Sealer(OLD))
    hint = (await rows(database, "SELECT sealed_id_token FROM ww_provider_grants"))[0][0]
    await change(
        database, "UPDATE ww_provider_grants SET sealed_id_token = :bad", bad=bytes(hint[:-1] + b"\0")
    )
    told = await resealer(database).run()
    assert (told.resealed["provider_grants"], len(told.unreadable)) == (1, 1)
    store = SqlSealedRows(database.transactions)
    page = await store.page("provider_grants", NEW_ONLY.head, after=None, limit=9)
    assert [set(row.stale) for row in page.rows] == [{"sealed_id_token"}]


async def test_rows_without_sealed_values_are_no_matter(database: SqlDatabase) -> None:
    """Neither counted nor in the way of the next batch."""
    await with_grants(database, 7, Sealer(OLD))
    await change(database, "UPDATE ww_provider_grants SET sealed_tokens = NULL, sealed_id_token = NULL")
    assert (await resealer(database).run()).already["provider_grants"] == 0


async def test_since_when_nothing_is_left(database: SqlDatabase) -> None:
    """The first run that ended so counts, until one finds something again or another key was current."""
    marks, hour = SqlSealedMarks(database.transactions), timedelta(hours=1)

    async def mark(current: str, previous: list[str], hours: int, *, anew: bool = False) -> timedelta:
        return await marks.mark(current, previous, anew=anew, now=NOW + hours * hour) - NOW

    assert await marks.since(NEW_ID, [OLD_ID]) is None
    assert await mark(NEW_ID, [OLD_ID], 0, anew=True) == 0 * hour
    assert await marks.since(NEW_ID, [OLD_ID]) == NOW
    assert await mark(NEW_ID, [OLD_ID], 1) == 0 * hour
    assert await mark(NEW_ID, [OLD_ID], 2, anew=True) == 2 * hour
    assert await mark(NEW_ID, [OLD_ID], 3) == 2 * hour
    assert await mark(OLD_ID, [NEW_ID], 4) == 4 * hour
    assert await marks.since(NEW_ID, [OLD_ID]) is None
    assert await mark(NEW_ID, [OLD_ID], 5) == 5 * hour


def test_no_sealed_column_is_forgotten() -> None:
    """Every column of the schema that holds sealed values is sealed anew, or lives too short for it."""
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.startswith("sealed")
    }
    resealed = {f"ww_{table}.{column}" for table, columns in SEALED_COLUMNS.items() for column in columns}
    assert found == resealed | SHORT_LIVED | OF_THE_RING


async def kept(database: SqlDatabase, *numbers: int) -> list[tuple[bytes, bytes]]:
    found = []
    for number in numbers:
        store = SqlSealedRows(database.transactions)
        (row,) = await store.these("provider_grants", b"\x00" * 5, [grant_id(number)])
        found.append((row.stale["sealed_tokens"], row.stale["sealed_id_token"]))
    return found
