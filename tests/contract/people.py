"""Somebody with a row in every table, a look at all that a database holds, and values planted in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.samples import NOW, identity, new_session
from watchword.auth.logout_ports import NewProviderGrant
from watchword.auth.ports import LiveSession
from watchword.models import (
    AuthorizationCode,
    RevocationEntry,
    TermsAcceptance,
    VersionUsage,
    metadata,
)
from watchword.models.privacy import PRIVACY, Personal
from watchword.models.types import BoundedBytes, BoundedText, JsonObject, NameSet
from watchword.protocol.uuid7 import uuid7
from watchword.storage import SqlDatabase

ISSUER = "https://id.example.org"
CANARY = "canary"
_BOUND = {("ww_version_usage", "kind"), ("ww_version_usage", "network")}
"""Columns in which a CHECK allows no canary."""

_TOGETHER = {
    "previous_digest": {"rotated_at": NOW},
    "revoked_reason": {"revoked_at": NOW},
    "ended_reason": {"ended_at": NOW},
}
"""What a CHECK wants beside a column."""

Rows = Mapping[str, list[dict[str, Any]]]


def numbered(number: int) -> UUID:
    return uuid7(1_795_000_000_000 + number, b"\0" * 10)


async def somebody(database: SqlDatabase, number: int) -> LiveSession:
    """A person with an identity, a session, a grant, a code, terms, calls and entries of the feed."""
    grant = NewProviderGrant(numbered(number), b"id token", b"tokens")
    person = identity(subject=f"person-{number}", email=f"person-{number}@example.org")
    live = await database.sessions.open(person, new_session(number, grant=grant))
    digest = bytes([number]) * 32
    rows: list[tuple[Any, dict[str, Any]]] = [
        (AuthorizationCode, _code(digest, live)),
        (TermsAcceptance, _terms(number, digest, live)),
        (VersionUsage, _usage(digest, live)),
        (RevocationEntry, _entry(person.subject)),
    ]

    async def work(connection: AsyncConnection) -> None:
        for model, row in rows:
            await connection.execute(insert(model).values(**row))

    await database.transactions.write("make somebody", work)
    return live


def _code(digest: bytes, live: LiveSession) -> dict[str, Any]:
    times = {"auth_time": NOW, "created_at": NOW, "expires_at": NOW + timedelta(minutes=1), "used_at": NOW}
    about = {"client_id": "spa", "redirect_uri": "https://spa.example.org/", "code_challenge": "c"}
    whose = {"user_id": live.user_id, "session_id": live.session_id}
    return {"digest": digest, "scopes": frozenset[str](), "sealed_sign_in": b"s", **about, **whose, **times}


def _terms(number: int, digest: bytes, live: LiveSession) -> dict[str, Any]:
    accepted = {"version": "2026-11", "digest": digest, "accepted_at": NOW}
    return {"id": numbered(100 + number), "user_id": live.user_id, **accepted}


def _usage(digest: bytes, live: LiveSession) -> dict[str, Any]:
    counted = {"calls": 1, "would_refuse": 1, "last_refusal": "x"}
    seen = {"first_seen_at": NOW, "last_seen_at": NOW}
    caller = {"kind": "user", "user_id": live.user_id, "client_id": "browser"}
    return {"digest": digest, "version": "v1", **caller, **counted, **seen}


def _entry(subject: str) -> dict[str, Any]:
    whom = {"kind": "subject", "issuer": ISSUER, "value": subject}
    return {**whom, "created_at": NOW, "expires_at": NOW + timedelta(days=1)}


def personal_columns() -> Iterator[tuple[Table, Column[Any], Personal]]:
    for table in metadata.sorted_tables:
        for column in table.columns:
            mark = column.info[PRIVACY]
            if isinstance(mark, Personal):
                yield table, column, mark


def plantable() -> Iterator[tuple[Table, Column[Any], Personal]]:
    """The columns whose value is free text, names, bytes or JSON, and does not stay by an erasure."""
    free = BoundedText | BoundedBytes | JsonObject | NameSet
    for table, column, mark in personal_columns():
        is_key = column.foreign_keys or column.primary_key or (table.name, column.name) in _BOUND
        if mark.erasure != "keep" and not is_key and isinstance(column.type, free):
            yield table, column, mark


async def plant(database: SqlDatabase, live: LiveSession) -> set[str]:
    """Put a canary of its own into each such column of the one person there is. Returns which."""
    planted: set[str] = set()

    async def work(connection: AsyncConnection) -> None:
        for table, column, _ in plantable():
            beside = _TOGETHER.get(column.name, {})
            await connection.execute(update(table).values({**beside, column.name: canary(table, column)}))
            planted.add(f"{table.name}.{column.name}")
        entry = {"issuer": _text("ww_identities", "issuer"), "value": _text("ww_identities", "subject")}
        await connection.execute(
            update(RevocationEntry).where(RevocationEntry.kind == "subject").values(entry)
        )

    await database.transactions.write("plant canaries", work)
    assert live.user_id
    return planted


def canary(table: Table, column: Column[Any]) -> Any:
    """A value the column can hold, with what is looked for in it."""
    text = _text(table.name, column.name)
    match column.type:
        case BoundedBytes() as kind:
            return text.encode().ljust(kind.min_bytes, b"-")[: kind.max_bytes]
        case NameSet():
            return frozenset({text})
        case JsonObject():
            return {text: text}
        case BoundedText() as kind:
            return text[: kind.max_chars]
        case other:
            raise AssertionError(other)


def _text(table: str, column: str) -> str:
    return f"{CANARY}-{column}-{table}"


async def everything(database: SqlDatabase) -> Rows:
    """Every row of every table."""

    async def work(connection: AsyncConnection) -> Rows:
        held = {}
        for table in metadata.sorted_tables:
            found = (await connection.execute(select(table))).mappings().all()
            held[table.name] = [dict(row) for row in found]
        return held

    return await database.transactions.write("look at everything", work)
