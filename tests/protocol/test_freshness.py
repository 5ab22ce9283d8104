"""How long a published document may be used, by what its provider says and by its age."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.freshness import Standing, fresh_seconds, standing


def fresh(**headers: str) -> int:
    return fresh_seconds(headers, at_least=60, at_most=600)


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("max-age=300", 300),
        ("public, max-age=300, must-revalidate, no-transform", 300),
        ("Max-Age=300", 300),
        ("\t max-age = 300 ", 300),
        ('max-age="300"', 300),
        ("max-age=0000000000300", 600),
        ("max-age=300, max-age=120", 120),
        ("max-age=1000000000", 600),
        ("max-age=99999999999999999999999999", 600),
        ("s-maxage=120, stale-if-error=5", 600),
        ("public", 600),
        ("", 600),
        (",,=,", 600),
        ("x-max-age=120", 600),
    ],
)
def test_key_5_a_max_age_counts_up_to_ten_minutes(cache_control: str, seconds: int) -> None:
    """The smallest one said; directives for others are passed over."""
    assert fresh(**{"cache-control": cache_control}) == seconds


@pytest.mark.parametrize(
    "cache_control",
    [
        "max-age=0",
        "max-age=59",
        "max-age=-1",
        "max-age",
        "max-age=",
        "max-age=1.5",
        "max-age=\u0663\u0660\u0660",
        "max-age=300, max-age=x",
        "no-store",
        "No-Cache",
        'no-cache="set-cookie", max-age=300',
        "private, no-store, max-age=300",
        "max-age=300" + " " * 1024,
    ],
)
def test_key_5_nothing_makes_keys_fresh_for_less_than_a_minute(cache_control: str) -> None:
    """Neither what forbids keeping them nor what cannot be read."""
    assert fresh(**{"cache-control": cache_control}) == 60


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        ("0", 600),
        ("100", 500),
        ("590", 60),
        ("700", 60),
        (" 100, 5", 500),
        ("-1", 600),
        ("x", 600),
        ("", 600),
    ],
)
def test_flt_22_time_spent_in_other_caches_is_over(age: str, seconds: int) -> None:
    """RFC 9111 section 4.2: an answer that a CDN kept for long is old sooner."""
    assert fresh(**{"Cache-Control": "max-age=600", "Age": age}) == seconds


def test_without_a_word_an_answer_is_fresh_as_long_as_may_be() -> None:
    """However long it lay elsewhere, which nobody told it not to."""
    assert fresh() == fresh(age="500") == 600


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=1100), st.text(max_size=20))
def test_any_header_leaves_it_within_bounds(cache_control: str, age: str) -> None:
    """Nothing a provider writes raises."""
    assert 60 <= fresh(**{"cache-control": cache_control, "age": age}) <= 600


@pytest.mark.parametrize(
    ("age_seconds", "expected"),
    [
        (0, "fresh"),
        (479, "fresh"),
        (480, "ageing"),
        (719, "ageing"),
        (720, "old"),
        (86_399, "old"),
        (86_400, "dead"),
        (10**9, "dead"),
    ],
)
def test_flt_19_a_document_is_renewed_waited_for_and_given_up(age_seconds: float, expected: Standing) -> None:
    """From 80 % of its freshness, from 120 %, and at its hard end."""
    assert standing(age_seconds, fresh_seconds=600, stale_seconds=86_400) == expected


def test_the_hard_end_comes_first() -> None:
    """Also for a document that calls itself fresh for longer."""
    assert standing(100, fresh_seconds=10**6, stale_seconds=100) == "dead"
