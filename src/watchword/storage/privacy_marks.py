"""What the columns of every table say about the people in them, for the data map and the tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, MetaData

from watchword.models import metadata
from watchword.models.privacy import PRIVACY, Impersonal, Mark, Personal

__all__ = ["Impersonal", "MarkedColumn", "Personal", "marked_columns", "unmarked_columns"]


@dataclass(frozen=True, slots=True)
class MarkedColumn:
    """A column of one of our tables, and what it holds about people."""

    table: str
    column: str
    mark: Mark


def marked_columns() -> tuple[MarkedColumn, ...]:
    """Every marked column, by table, in the order of the model."""
    return tuple(
        MarkedColumn(table, column.name, mark)
        for table, column in _columns(metadata)
        if isinstance(mark := column.info.get(PRIVACY), Personal | Impersonal)
    )


def unmarked_columns(tables: MetaData = metadata) -> tuple[str, ...]:
    """``table.column`` of each column that says nothing; there is none."""
    return tuple(
        f"{table}.{column.name}"
        for table, column in _columns(tables)
        if not isinstance(column.info.get(PRIVACY), Personal | Impersonal)
    )


def _columns(tables: MetaData) -> Iterator[tuple[str, Column[object]]]:
    for table in sorted(tables.tables.values(), key=lambda each: each.name):
        for column in table.columns:
            yield table.name, column
