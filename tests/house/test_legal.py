"""The drafts for counsel say what the code keeps, and that they are drafts."""

from __future__ import annotations

from typing import get_args

import pytest

from tests.house import legal
from tests.house.legal_words import HELD, RETAINED
from watchword.models.privacy import Retention


@pytest.mark.parametrize("name", ["privacy-notice.md", "terms-addendum.md"])
def test_a_draft_is_up_to_date_and_says_what_it_is(name: str) -> None:
    """docs/legal is what ``python -m tests.house.legal`` writes, each page with the warning on top."""
    text = (legal.FOLDER / name).read_text(encoding="utf-8")
    assert text == legal.pages()[name]
    assert "**A draft for counsel, and no legal advice.**" in text.split("\n## ")[0]
    assert text.startswith("# Draft: ")


def test_every_column_about_people_is_in_the_notice() -> None:
    """By a word that a person understands, and only by one; a new column fails here."""
    columns = [column for *_, group in legal.kept() for column in group]
    named = [column for names in HELD.values() for column in names]
    assert sorted(columns) == sorted(named)
    text = legal.pages()["privacy-notice.md"]
    assert not [words for words in HELD if words not in text]
    assert set(RETAINED) == set(get_args(Retention))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (600, "10 minutes"),
        (3660, "1 hour and 1 minute"),
        (86_400, "24 hours"),
        (90 * 86_400, "90 days"),
        (259_201, "3 days and 1 second"),
    ],
)
def test_times_are_exact(seconds: int, words: str) -> None:
    """As people say them."""
    assert legal.spoken(seconds) == words
