"""Promises of the column types: what cannot be kept is refused where it is set, the rest comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, String, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite

from watchword.models import AuditRecord, Session, SigningKey, User, metadata
from watchword.models.types import (
    BoundedText,
    JsonObject,
    UtcDateTime,
    storable_text,
    utc_from_text,
    utc_to_text,
)

MOMENTS = st.datetimes(timezones=st.just(UTC))
CHANGED_BY_A_ROTATION = {
    "refresh_digest",
    "previous_digest",
    "sealed_successor",
    "generation",
    "rotated_at",
    "last_seen_at",
    "idle_ends_at",
}


@settings(derandomize=True, deadline=None)
@given(one=MOMENTS, other=MOMENTS)
def test_times_as_text_sort_like_times_and_come_back(one: datetime, other: datetime) -> None:
    """SQLite compares text, so the text must be fixed in width and ordered like the moments."""
    first, second = utc_to_text(one), utc_to_text(other)
    assert len(first) == len(second) == 27
    assert (first < second) is (one < other)
    assert utc_from_text(first) == one
    assert utc_from_text(first).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "value",
    [datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))],  # noqa: DTZ001
)
def test_a_time_that_is_not_in_utc_is_refused(value: datetime) -> None:
    """A naive or local time is a mistake, on assignment and on both databases."""
    with pytest.raises(ValueError, match="UTC"):
        Session(created_at=value)
    for dialect in (sqlite.dialect(), postgresql.dialect()):  # type: ignore[no-untyped-call]
        with pytest.raises(ValueError, match="UTC"):
            UtcDateTime().process_bind_param(value, dialect)


@pytest.mark.parametrize("text", ["a\0", "\x1b[0m", "line\n", "\x85", "\ud800", "a" * 256, 7])
def test_text_that_cannot_be_kept_is_refused_where_it_is_set(text: Any) -> None:
    """The error names the column."""
    with pytest.raises(ValueError, match=r"User\.name"):
        User(name=text)


@pytest.mark.parametrize("text", ["", "a" * 255, "Ångström 李 👩‍👩‍👧", "\u200b", None])
def test_every_other_text_may_be_set(text: str | None) -> None:
    """No script and no sign is refused."""
    assert User(name=text).name == text


@settings(derandomize=True, deadline=None)
@given(st.text(alphabet=st.characters(codec=None)))
def test_text_is_storable_exactly_when_it_has_no_control_or_surrogate(text: str) -> None:
    """What passes can be encoded and holds no NUL, whatever else it is."""
    if storable_text(text):
        assert "\0" not in text
        assert text.encode().decode() == text
    else:
        assert not text.replace(" ", "").isprintable()


@pytest.mark.parametrize("value", [b"", b"x" * 31, b"x" * 33, "x" * 32])
def test_a_digest_has_one_size(value: Any) -> None:
    """SHA-256 is 32 bytes."""
    with pytest.raises(ValueError, match="32"):
        Session(refresh_digest=value)


@pytest.mark.parametrize(
    "roles", [frozenset({"a b"}), frozenset({""}), frozenset({"a" * 65}), frozenset({"ä"}), ["a"], {"a"}]
)
def test_roles_are_a_set_of_role_names(roles: Any) -> None:
    """Anything else is refused where it is set."""
    with pytest.raises(ValueError, match=r"User\.granted_roles"):
        User(granted_roles=roles)


@pytest.mark.parametrize(
    "value", [{"a": "\0"}, {"\n": 1}, {"a": [{"b": "\ud800"}]}, {"a": float("nan")}, {"a": b"x"}, 7, "text"]
)
def test_json_that_cannot_be_kept_is_refused(value: Any) -> None:
    """PostgreSQL's JSON takes no NUL and no lone surrogate, at any depth; NaN is no JSON."""
    with pytest.raises(ValueError, match="JSON"):
        AuditRecord(details=value)


def test_json_nested_without_end_is_refused() -> None:
    """Depth is an error of its own kind nowhere."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="JSON"):
        SigningKey(public_jwk={"deep": deep})


def test_json_comes_back_read_only() -> None:
    """What was read is not changed by accident and saved."""
    read = JsonObject().process_result_value({"a": 1}, sqlite.dialect())
    assert isinstance(read, MappingProxyType)


def test_no_index_holds_what_a_rotation_changes() -> None:
    """So that PostgreSQL can update a session in place (heap-only tuples)."""
    table = metadata.tables["ww_sessions"]
    indexed = {column.name for index in table.indexes for column in index.columns}
    assert indexed & CHANGED_BY_A_ROTATION == set()
    assert {"user_id", "created_at", "absolute_ends_at"} <= indexed


def test_every_table_keeps_the_house_rules() -> None:
    """Prefix, bounded text that checks itself, named constraints, an ON DELETE on each foreign key."""
    for table in metadata.sorted_tables:
        assert table.name.startswith("ww_")
        for column in table.columns:
            assert not isinstance(column.type, String)
            if isinstance(column.type, BoundedText):
                assert 0 < column.type.max_chars <= 2048
        for constraint in table.constraints:
            assert constraint.name
            if isinstance(constraint, ForeignKeyConstraint):
                assert constraint.ondelete in ("CASCADE", "SET NULL")
                assert constraint.columns[0].name in {first.name for first in _leading_columns(table)}
            if isinstance(constraint, CheckConstraint):
                assert str(constraint.name).startswith(f"ck_{table.name}_")


def _leading_columns(table: Table) -> list[Any]:
    """What PostgreSQL can look rows up by when the row they refer to is deleted."""
    unique = [found for found in table.constraints if isinstance(found, UniqueConstraint)]
    return [index.columns[0] for index in table.indexes] + [found.columns[0] for found in unique]
