"""Databases full of signed-in people, loaded in bulk.

Session *n* has an id that can be computed, belongs to a person of its own, was rotated once, and holds
``DIGEST`` as the digest of its refresh token, so that whoever rotates it may present that, again and again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from benchmarks.session_growth.cluster import Cluster
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.sealing import Sealer
from watchword.migrations.runner import render_sql
from watchword.models.types import utc_to_text

DIGEST: Final = hashlib.sha256(b"the token of every session that was loaded").digest()
GENERATION: Final = 2
CLIENT_ID: Final = "browser"
IDLE: Final = timedelta(days=14)
_FIRST_MILLISECOND: Final = 0x019000000000
_IN_A_MILLISECOND: Final = 16
_BULK: Final = "SET session_replication_role = replica;"
"""Foreign keys hold by how the rows are made, and are not checked row by row."""
_COLUMNS: Final = (
    "id, user_id, identity_id, provider_id, client_id, scopes, user_version, created_at, auth_time,"
    " last_seen_at, idle_ends_at, absolute_ends_at, device, ip, generation, refresh_digest, previous_digest,"
    " rotated_at, sealed_successor"
)
_USERS: Final = (
    "id, status, version, email, name, identity_roles, granted_roles, denied_roles, created_at, updated_at"
)
_IDENTITIES: Final = "id, user_id, provider_id, issuer, subject, roles, created_at, last_sign_in_at"


def _sealed() -> bytes:
    tokens = RefreshTokens(Sealer(b"a secret of this benchmark alone"))
    return tokens.seal_successor(*(tokens.mint(session_id(1), generation) for generation in (1, 2)))


def id_in_sql(n: str) -> str:
    """``session_id`` in SQL."""
    millisecond = f"lpad(to_hex({_FIRST_MILLISECOND} + ({n}) / {_IN_A_MILLISECOND}), 12, '0')"
    return f"({millisecond} || '70008' || lpad(to_hex({n}), 15, '0'))::uuid"


def session_id(number: int) -> UUID:
    """Ids of one time after another, as sign-ins would have drawn them."""
    return UUID(f"{_FIRST_MILLISECOND + number // _IN_A_MILLISECOND:012x}70008{number:015x}")


SEALED: Final = _sealed()
_HELD: Final = f"'\\x{DIGEST.hex()}'"
_ROTATED_ONCE: Final = (
    f"'Firefox on Linux', '192.0.2.0', {GENERATION}, {_HELD}, {_HELD}, now(), '\\x{SEALED.hex()}'"
)


def fill_postgresql(cluster: Cluster, database: str, sessions: int) -> None:
    """Raises CannotMeasure."""
    this, numbers = id_in_sql("n"), f"generate_series(1, {sessions}) n"
    cluster.sql(
        f"""
        {_BULK}
        INSERT INTO ww_users ({_USERS})
        SELECT {this}, 'active', 1, 'person' || n || '@example.test', 'Person ' || n, '["user"]', '[]',
               '[]', now(), now() FROM {numbers};
        INSERT INTO ww_identities ({_IDENTITIES})
        SELECT {this}, {this}, 'dev', 'https://provider.example.test', 'subject-' || n, '["user"]', now(),
               now() FROM {numbers};
        INSERT INTO ww_sessions ({_COLUMNS})
        SELECT {this}, {this}, {this}, 'dev', '{CLIENT_ID}', '["api"]', 1, now(), now(), now(),
               now() + interval '14 days', now() + interval '90 days', {_ROTATED_ONCE} FROM {numbers};
        VACUUM ANALYZE;
        CHECKPOINT;
        """,
        database=database,
    )


def add_expired(cluster: Cluster, database: str, *, first: int, sessions: int, people: int) -> None:
    """Sessions that ended for good a day ago, of the first ``people`` people. Raises CannotMeasure."""
    this, owner, ended = id_in_sql("n"), id_in_sql(f"n % {people} + 1"), "now() - interval '1 day'"
    cluster.sql(
        f"""
        {_BULK}
        INSERT INTO ww_sessions ({_COLUMNS})
        SELECT {this}, {owner}, {owner}, 'dev', '{CLIENT_ID}', '["api"]', 1, {ended} - interval '90 days',
               {ended} - interval '90 days', {ended} - interval '1 day', {ended}, {ended}, {_ROTATED_ONCE}
          FROM generate_series({first}, {first + sessions - 1}) n;
        ANALYZE ww_sessions;
        CHECKPOINT;
        """,
        database=database,
    )


def fill_sqlite(file: Path, sessions: int) -> None:
    """A new database file."""
    now = datetime.now(UTC)
    made, idle, ends = (utc_to_text(moment) for moment in (now, now + IDLE, now + timedelta(days=90)))
    ids = [session_id(number).hex for number in range(1, sessions + 1)]
    with sqlite3.connect(file, isolation_level=None) as connection:
        connection.executescript(render_sql("sqlite"))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN")
        connection.executemany(
            f"INSERT INTO ww_users ({_USERS})"
            " VALUES (?, 'active', 1, NULL, NULL, '[\"user\"]', '[]', '[]', ?, ?)",
            ((each, made, made) for each in ids),
        )
        connection.executemany(
            f"INSERT INTO ww_identities ({_IDENTITIES})"
            " VALUES (?, ?, 'dev', 'https://provider.example.test', ?, '[\"user\"]', ?, ?)",
            ((each, each, each, made, made) for each in ids),
        )
        connection.executemany(
            f"INSERT INTO ww_sessions ({_COLUMNS}) VALUES (?, ?, ?, 'dev', '{CLIENT_ID}', '[\"api\"]', 1,"
            f" ?, ?, ?, ?, ?, 'Firefox on Linux', '192.0.2.0', {GENERATION}, ?, ?, ?, ?)",
            ((each, each, each, made, made, made, idle, ends, DIGEST, DIGEST, made, SEALED) for each in ids),
        )
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
    connection.close()
