"""Promises of the migrations: there and back without a trace, beside whatever else is there."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.contract.processes import let_go_together, workers
from tests.contract.schemas import Schema
from watchword.config.database_url import sqlite_path
from watchword.errors import ConfigurationError, DatabaseUnavailable, MigrationFailed, MigrationNeeded
from watchword.migrations import runner, scripts
from watchword.models import metadata

REVISIONS = scripts.revisions()
HEAD = REVISIONS[-1]
ROOT = Path(runner.__file__).parent
WORKER = Path(__file__).with_name("migration_worker.py")


async def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Execute statements in one transaction; the rows of the last one."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            result = await connection.execute(text(statement))
        rows = [tuple(row) for row in result] if result.returns_rows else []
    await engine.dispose()
    return rows


async def test_a_new_database_is_behind_then_up_to_date(empty_url: str) -> None:
    """Status, upgrade, status: nothing, head, head; a second upgrade has nothing to do."""
    assert await runner.status(empty_url) == runner.MigrationStatus(None, HEAD, up_to_date=False)
    done = runner.MigrationStatus(HEAD, HEAD, up_to_date=True)
    assert await runner.upgrade(empty_url) == done
    assert await runner.status(empty_url) == done
    assert await runner.upgrade(empty_url) == done


async def test_up_down_up_keeps_the_schema_equal(empty_url: str, schema: Schema) -> None:
    """The way down removes what the way up made, and the way up makes the same again."""
    await runner.upgrade(empty_url)
    first = schema(empty_url)
    assert "ww_sessions" in first
    await runner.downgrade(empty_url, "base")
    assert "ww_" not in schema(empty_url)
    await runner.upgrade(empty_url)
    assert schema(empty_url) == first


async def test_each_step_back_undoes_one_step_forward(empty_url: str, schema: Schema) -> None:
    """The schema after a downgrade is, to the letter, the one from before the upgrade."""
    before = {}
    for revision in REVISIONS:
        assert (await runner.upgrade(empty_url, revision)).current == revision
        before[revision] = schema(empty_url)
    for revision in REVISIONS[-2::-1]:
        assert (await runner.downgrade(empty_url, revision)).current == revision
        assert schema(empty_url) == before[revision]


@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_a_database_behind_is_not_good_enough(empty_url: str, revision: str) -> None:
    """A new version does not work on what an old one needs: both revisions and the cure are named."""
    behind = await runner.upgrade(empty_url, revision)
    assert behind == runner.MigrationStatus(revision, HEAD, up_to_date=False)
    with pytest.raises(MigrationNeeded, match=f"{revision}.*{HEAD}.*watchword db upgrade"):
        await runner.require_up_to_date(empty_url)
    await runner.upgrade(empty_url)
    await runner.require_up_to_date(empty_url)


async def test_models_and_migrations_describe_the_same_tables(empty_url: str, schema: Schema) -> None:
    """Tables made from the models are those made by migrations, to the last CHECK and ON DELETE."""
    await runner.upgrade(empty_url)
    migrated = schema(empty_url)
    engine = create_async_engine(empty_url)
    async with engine.begin() as connection:
        assert await connection.run_sync(_differences) == []
    await runner.downgrade(empty_url, "base")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    version_table = re.compile(r".*alembic_version.*|.*version_num.*")
    modelled = schema(empty_url)
    assert _statements(modelled) == _statements(version_table.sub("", migrated))


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"version_table": "ww_alembic_version"})
    return list(compare_metadata(context, metadata))


def _statements(dumped: str) -> set[str]:
    """What a schema says, whatever the order: a column that came later stands last."""
    said = {re.sub(r"\s+", " ", line).strip() for line in dumped.splitlines()} - {"", ");"}
    tables = {line for line in said if line.startswith("table ")}
    return (said - tables) | {" ".join(sorted(re.findall(r"[^\s,()]+|[()]", line))) for line in tables}


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_sql_beside_a_migration_is_what_it_renders(revision: str) -> None:
    """Whoever reviews or runs the SQL by hand sees what the migration does, one file a revision."""
    committed = (ROOT / f"{revision}.sql").read_text(encoding="utf-8")
    assert scripts.sql("postgresql", after=before(revision), until=revision) == committed
    everything = runner.render_sql("postgresql")
    assert committed.removeprefix("BEGIN;").removesuffix("COMMIT;\n") in everything


def before(revision: str) -> str | None:
    place = REVISIONS.index(revision)
    return REVISIONS[place - 1] if place else None


USED_ALREADY = {
    "001_add_auth_tables": "2131c918738ce618299b765199e404fcb1b92fdeda39d2b7ad2f5ef450f265c5",
    "002_add_version_usage": "14f76a21a353562c980dcd30568aa1818c8fbdf8eb21630bc731ad7f0028a50d",
    "003_add_auth_time_asserted": "54785f026ecd70058213c227efd9f6bb19f46914f2ce44d7ec4f67a207a954c2",
    "004_index_degraded_sessions": "e4b715d4c2aa924502da2539a7565d37b89f03383954dbaaef748690eb75261a",
    "005_index_codes_to_clean_up": "f48af368b66401b4b77883e2a385281a5b665d4d1f9e4967ad49b0cf81a7200e",
    "006_add_key_records": "f51391ee2be94e696d85b537e7c18fe86c653796ab371676c78459e3d29d4e8d",
    "007_add_privacy_and_terms": "09d72d8a1727f61f885de3584b14b4cdd712c9b07a1796920f1a8d288736847c",
}


@pytest.mark.parametrize("revision", USED_ALREADY)
def test_a_migration_that_databases_have_run_never_changes(revision: str) -> None:
    """They would not get the change: whatever is new is a revision of its own, even one column."""
    rendered = scripts.sql("postgresql", after=before(revision), until=revision)
    assert hashlib.sha256(rendered.encode()).hexdigest() == USED_ALREADY[revision]


ADDS = re.compile(
    r"BEGIN|COMMIT|CREATE TABLE ww_\w+ .*|CREATE INDEX \w+ ON ww_\w+ .*"
    r"|ALTER TABLE ww_\w+ SET \(fillfactor = \d+\)"
    r"|ALTER TABLE ww_\w+ ADD COLUMN (?=.* DEFAULT |(?!.* NOT NULL)).*|UPDATE ww_alembic_version SET .*",
    re.DOTALL,
)


@pytest.mark.parametrize("revision", REVISIONS[1:])
@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_a_later_migration_only_adds(revision: str, dialect: str) -> None:
    """The version before goes on working on the new schema: new tables, indexes that are not unique,
    and columns that a writer may leave out."""
    rendered = re.sub(r"^--.*$", "", scripts.sql(dialect, after=before(revision), until=revision), flags=re.M)
    statements = [part.strip() for part in rendered.split(";") if part.strip()]
    assert [statement for statement in statements if not ADDS.fullmatch(statement)] == []


@pytest.mark.parametrize("start", [None, *REVISIONS[:-1]])
async def test_the_sql_run_by_hand_ends_at_the_same_place(
    empty_url: str, schema: Schema, start: str | None
) -> None:
    """A database prepared with the printed SQL is up to date, with the very same schema, also one
    that was at an older revision already."""
    await runner.upgrade(empty_url)
    migrated = schema(empty_url)
    await runner.downgrade(empty_url, start or "base")
    dialect: runner.Dialect = "sqlite" if empty_url.startswith("sqlite") else "postgresql"
    statements = [part for part in runner.render_sql(dialect, after=start).split(";") if part.strip()]
    await run(empty_url, *(part for part in statements if part.strip() not in ("BEGIN", "COMMIT")))
    assert (await runner.status(empty_url)).up_to_date
    assert schema(empty_url) == migrated


@pytest.mark.parametrize("revision", ["no_such_revision", "", "head", "\0", "x" * 5000])
def test_sql_after_a_revision_that_does_not_exist_is_told(revision: str) -> None:
    """With the names there are."""
    with pytest.raises(MigrationFailed, match=HEAD):
        runner.render_sql("postgresql", after=revision)


async def test_tables_of_others_are_left_alone(empty_url: str, schema: Schema) -> None:
    """A service's own tables and its own Alembic live in the same database, untouched."""
    if empty_url.startswith("sqlite"):
        Path(sqlite_path(empty_url) or "").parent.mkdir()
    await run(
        empty_url,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('theirs')",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
        "CREATE TABLE ww (id INTEGER PRIMARY KEY)",
    )
    before = schema(empty_url)
    await runner.upgrade(empty_url)
    assert await run(empty_url, "SELECT version_num FROM alembic_version") == [("theirs",)]
    assert await run(empty_url, "SELECT version_num FROM ww_alembic_version") == [(HEAD,)]
    await runner.downgrade(empty_url, "base")
    assert schema(empty_url) == before
    assert await run(empty_url, "SELECT version_num FROM alembic_version") == [("theirs",)]


async def test_a_failed_upgrade_leaves_nothing(empty_url: str, schema: Schema) -> None:
    """Somebody else's table in the way is told by name; not one table of ours is made."""
    if empty_url.startswith("sqlite"):
        Path(sqlite_path(empty_url) or "").parent.mkdir()
    await run(empty_url, "CREATE TABLE ww_signing_keys (id INTEGER PRIMARY KEY)")
    before = schema(empty_url)
    with pytest.raises(MigrationFailed, match="ww_signing_keys"):
        await runner.upgrade(empty_url)
    assert schema(empty_url) == before


async def test_a_database_of_a_newer_version_is_good_enough_but_not_touched(
    empty_url: str, schema: Schema
) -> None:
    """In a rollout and after a rollback a database may be ahead: the older version serves, finds
    nothing to upgrade, and takes nothing back that it does not know."""
    await runner.upgrade(empty_url)
    await run(empty_url, "UPDATE ww_alembic_version SET version_num = '999_later'")
    ahead, untouched = runner.MigrationStatus("999_later", HEAD, up_to_date=True), schema(empty_url)
    await runner.require_up_to_date(empty_url)
    assert await runner.status(empty_url) == ahead
    assert await runner.upgrade(empty_url) == ahead
    for revision in (HEAD, "+1", "999_later"):
        with pytest.raises(MigrationFailed, match="newer"):
            await runner.upgrade(empty_url, revision)
    for revision in ("base", "-1", HEAD):
        with pytest.raises(MigrationFailed, match="newer"):
            await runner.downgrade(empty_url, revision)
    assert (await runner.status(empty_url), schema(empty_url)) == (ahead, untouched)


@pytest.mark.parametrize("revision", ["no_such_revision", "", "-99", "+99", "\0", "head:base", "x" * 5000])
async def test_a_revision_that_does_not_exist_is_told(empty_url: str, revision: str) -> None:
    """Whatever is asked for, the answer is one clear error and an unchanged database."""
    await runner.upgrade(empty_url)
    with pytest.raises(MigrationFailed):
        await runner.downgrade(empty_url, revision)
    assert (await runner.status(empty_url)).up_to_date


async def test_an_engine_says_which_database(empty_url: str) -> None:
    """The runner takes an engine's address, password included, and leaves the engine alone."""
    engine: AsyncEngine = create_async_engine(empty_url)
    assert (await runner.upgrade(engine)).up_to_date
    assert (await runner.status(engine)).up_to_date
    assert (await runner.downgrade(engine, "base")).current is None
    await engine.dispose()


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """Folder and file of a new SQLite database are closed to other accounts."""
    url = f"sqlite:///{tmp_path}/deep/er/watchword.db"
    asyncio.run(runner.upgrade(url))
    file = tmp_path / "deep" / "er" / "watchword.db"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_asking_makes_no_file(tmp_path: Path) -> None:
    """Status of a database that is not there says so and leaves no trace."""
    url = f"sqlite:///{tmp_path}/deep/watchword.db"
    assert asyncio.run(runner.status(url)).current is None
    with pytest.raises(MigrationFailed):
        asyncio.run(runner.downgrade(url, "base"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////proc/none/watchword.db", "sqlite:////tmp"]
)
async def test_a_database_that_is_away_is_told(url: str) -> None:
    """Nothing to connect to, or nowhere to write."""
    with pytest.raises(DatabaseUnavailable):
        await runner.upgrade(url)


async def test_an_address_that_cannot_be_used_is_told() -> None:
    """It is the same mistake for every part of watchword."""
    with pytest.raises(ConfigurationError):
        await runner.status("mysql://db/x")


async def test_processes_that_upgrade_at_once_make_one_schema(empty_url: str, schema: Schema) -> None:
    """Replicas deployed together may all migrate: one does it, the others find it done."""
    with workers(3, WORKER, empty_url) as processes:
        answers = let_go_together(processes)
    assert answers == [f"{HEAD} True\n"] * 3
    together = schema(empty_url)
    await runner.downgrade(empty_url, "base")
    await runner.upgrade(empty_url)
    assert schema(empty_url) == together
