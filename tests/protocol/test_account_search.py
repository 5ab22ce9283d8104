"""What an administrator's search is read as, and what is none."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import InvalidRequest, RequestTooLarge
from watchword.protocol.account_search import (
    MAX_SEARCH_BYTES,
    MAX_SEARCH_CHARS,
    AccountSearch,
    read_before,
    read_search,
    read_search_body,
)
from watchword.protocol.exact_id import exact_id

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TEXT = "019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6"
ID = UUID(TEXT)


@pytest.mark.parametrize(
    ("wanted", "read", "by"),
    [
        ("", AccountSearch(), "nothing"),
        ("*", AccountSearch(), "nothing"),
        (TEXT, AccountSearch(user_id=ID), "id"),
        (TEXT.upper(), AccountSearch(user_id=ID), "id"),
        (TEXT.replace("-", ""), AccountSearch(beginning=TEXT.replace("-", "")), "beginning"),
        ("a@b", AccountSearch(email="a@b"), "email"),
        ("a@b*", AccountSearch(beginning="a@b"), "beginning"),
        ("a@", AccountSearch(beginning="a@"), "beginning"),
        ("@b", AccountSearch(beginning="@b"), "beginning"),
        ("a@b@c", AccountSearch(beginning="a@b@c"), "beginning"),
        ("Bob", AccountSearch(beginning="Bob"), "beginning"),
        ("x" * MAX_SEARCH_CHARS, AccountSearch(beginning="x" * MAX_SEARCH_CHARS), "beginning"),
    ],
)
def test_what_is_meant_is_told_by_its_form(wanted: str, read: AccountSearch, by: str) -> None:
    """An id, a whole address, or a beginning; one of them only."""
    found = read_search(wanted, status="", before="")
    assert (found, found.by) == (read, by)


def test_status_and_page_narrow_it() -> None:
    """Whatever is searched for."""
    for status in ("active", "disabled"):
        for wanted in ("", "*", TEXT, "a@b", "x", "x*"):
            found = read_search(wanted, status=status, before=TEXT)
            assert (found.status, found.before) == (status, ID)
    assert read_before("") is None


@pytest.mark.parametrize(
    ("wanted", "status", "before"),
    [
        ("a\0", "", ""),
        ("a\tb", "", ""),
        ("\ud800", "", ""),
        ("x" * (MAX_SEARCH_CHARS + 1), "", ""),
        ("", "erased", ""),
        ("", "Active", ""),
        ("", "", TEXT.upper()),
        ("", "", f"{{{TEXT}}}"),
        ("", "", "1"),
    ],
)
def test_ses_91_what_cannot_be_meant_is_refused(wanted: str, status: str, before: str) -> None:
    """Rather than found nowhere, or read as something else."""
    with pytest.raises(InvalidRequest):
        read_search(wanted, status=status, before=before)


def test_a_body_is_a_form_or_json() -> None:
    """With blanks around what is searched for left out, and everything optional."""
    body = json.dumps({"q": "  Bob ", "status": None}).encode()
    assert read_search_body(JSON, body) == (AccountSearch(beginning="Bob"), "Bob")
    assert read_search_body(FORM, b"q=a%40b&status=disabled") == (
        AccountSearch(email="a@b", status="disabled"),
        "a@b",
    )
    assert read_search_body(FORM, b"") == (AccountSearch(), "")
    with pytest.raises(InvalidRequest, match="q is no text"):
        read_search_body(JSON, b'{"q": 1}')
    with pytest.raises(RequestTooLarge):
        read_search_body(FORM, b"x" * (MAX_SEARCH_BYTES + 1))


def test_what_is_searched_for_is_not_printed() -> None:
    """It is often somebody's address."""
    assert "a@b" not in repr(read_search("a@b", status="", before=""))
    assert "Bob" not in repr(read_search("Bob", status="", before=""))


@settings(derandomize=True, deadline=None)
@given(text=st.text(max_size=60) | st.uuids().map(str))
def test_an_id_has_one_spelling(text: str) -> None:
    """Ours; all else is none."""
    found = exact_id(text)
    assert found is None or str(found) == text
    assert exact_id(str(ID)) == ID
