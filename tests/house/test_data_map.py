"""What the marks on the columns promise: complete, told as they are, and true of the cleanup."""

from __future__ import annotations

from typing import get_args

from sqlalchemy import Column, MetaData, String, Table

from tests.house import data_map
from watchword.auth.cleanup_ports import CLEANED_TABLES
from watchword.compliance import words
from watchword.models.privacy import Erasure, Ground, Personal, Purpose, Retention
from watchword.storage.privacy_marks import marked_columns, unmarked_columns

GOES_WITH = {
    "session": {"sessions", "provider_grants"},
    "expiry": {"authorization_codes", "revocations"},
    "recorded": {"audit_events", "version_usage"},
    "account": set[str](),
    "service": set[str](),
}
"""The tables that the cleanup judges by the same edge (``auth.cleanup``) as the retention says."""


def test_ses_90_every_column_is_marked() -> None:
    """A new column without a mark fails here: say what it holds, why, for how long, and what an erasure
    does to it."""
    assert unmarked_columns() == ()
    new = MetaData()
    Table("ww_new", new, Column("shoe_size", String()))
    assert unmarked_columns(new) == ("ww_new.shoe_size",)


def test_ses_90_a_mark_says_why_where_something_stays() -> None:
    """A reason for what an erasure keeps; and only for that."""
    for each in marked_columns():
        if isinstance(each.mark, Personal):
            assert (each.mark.because is not None) is (each.mark.erasure == "keep"), each


def test_asvs_14_2_7_every_retention_is_what_the_cleanup_does() -> None:
    """What the map says goes by itself is in the cleanup under that very edge; the rest is not."""
    prefix = "ww_"
    for each in marked_columns():
        if isinstance(each.mark, Personal):
            table = each.table.removeprefix(prefix)
            goes_with = {name for name, tables in GOES_WITH.items() if table in tables} or {"account"}
            assert {each.mark.retention} == goes_with, each
    told = set().union(*GOES_WITH.values())
    assert told == set(CLEANED_TABLES) - {"single_use"}


def test_the_map_is_up_to_date() -> None:
    """docs/privacy/data-map.md is what ``python -m tests.house.data_map`` writes."""
    assert data_map.PAGE.read_text(encoding="utf-8") == data_map.page()


def test_the_map_has_words_for_everything() -> None:
    """Each purpose, ground, retention and erasure that a mark may name."""
    for told, names in (
        (words.PURPOSES, Purpose),
        (words.GROUNDS, Ground),
        (words.RETENTIONS, Retention),
        (words.ERASURES, Erasure),
    ):
        assert set(told) == set(get_args(names))
