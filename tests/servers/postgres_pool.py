"""Migrated PostgreSQL databases that tests take one after the other, emptied in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.servers.postgres import PostgresServer

_EMPTY = """
SET session_replication_role = replica; -- foreign keys and triggers have no say here
DO $$
DECLARE part record;
BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR part IN SELECT oid::regclass AS name, relkind AS kind, pg_relation_size(oid) AS bytes FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
            AND relname <> 'ww_alembic_version' AND pg_relation_size(oid) > 0
    LOOP
        IF part.kind = 'S' THEN
            PERFORM setval(part.name, seqstart, false) FROM pg_sequence WHERE seqrelid = part.name;
        ELSIF part.bytes < 65536 THEN
            EXECUTE format('DELETE FROM %s', part.name);
        ELSE
            EXECUTE format('TRUNCATE %s CASCADE', part.name);
        END IF;
    END LOOP;
END $$;
"""
"""Deleting the few rows of a test costs a tenth of a truncation, which makes new files for every index;
what is dead afterwards goes with the next truncation."""
_SHAPE = """
WITH parts (part) AS (
    SELECT concat_ws(' ', oid, relname, relkind, relchecks) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', attrelid, attname, atttypid, attnotnull, atthasdef)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', oid, conname, convalidated) FROM pg_constraint
    UNION ALL SELECT concat_ws(' ', oid, adrelid, adnum) FROM pg_attrdef
    UNION ALL SELECT concat_ws(' ', oid, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT concat_ws(' ', oid, proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT concat_ws(' ', starelid, staattnum) FROM pg_statistic WHERE starelid >= 16384
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting
    UNION ALL SELECT concat_ws(' ', datallowconn, datconnlimit) FROM pg_database
        WHERE datname = current_database()
    UNION ALL SELECT version_num FROM ww_alembic_version
)
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM parts;
"""
_numbers = count(1)


class MigratedDatabases:
    """Those of one server. One whose shape a test changed (tables, columns, constraints, triggers,
    functions, statistics, settings, revision) is dropped instead of given to another."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._free: list[str] = []
        self._shapes: dict[str, str] = {}

    @contextmanager
    def borrowed(self) -> Iterator[str]:
        """The URL of a database at the newest migration without a row."""
        name = self._free.pop() if self._free else self._made()
        try:
            yield self._server.url(name)
        finally:
            self._take_back(name)

    def _made(self) -> str:
        name = f"migrated_{next(_numbers)}"
        self._server.create(name, template=self._server.template)
        self._shapes[name] = self._server.run_sql(_SHAPE, database=name)
        return name

    def _take_back(self, name: str) -> None:
        try:
            unchanged = self._server.run_sql(_EMPTY + _SHAPE, database=name) == self._shapes[name]
        except AssertionError:
            unchanged = False
        if unchanged:
            self._free.append(name)
        else:
            self._server.drop(name)
