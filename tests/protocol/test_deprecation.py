"""Header values to the letter: RFC 9745, RFC 8594, RFC 8288."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.deprecation import deprecation_value, guide_links, merged_links, sunset_value

moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def test_rfc_9745_section_2_1_the_example() -> None:
    """The date of the RFC's own example."""
    assert deprecation_value(datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC)) == "@1688169599"


def test_dates_before_1970_and_of_other_zones() -> None:
    """Structured dates are integers of either sign (RFC 9651 §3.3.7)."""
    assert deprecation_value(datetime(1969, 12, 31, 23, 59, 58, tzinfo=UTC)) == "@-2"
    assert deprecation_value(datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == "@0"


def test_rfc_8594_section_3_the_example() -> None:
    """The date of the RFC's own example."""
    assert sunset_value(datetime(2018, 12, 31, 23, 59, 59, tzinfo=UTC)) == "Mon, 31 Dec 2018 23:59:59 GMT"


def test_days_and_years_have_their_digits() -> None:
    """Two and four; the zone is GMT whatever it was."""
    assert sunset_value(datetime(2027, 3, 5, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))) == (
        "Thu, 04 Mar 2027 23:02:03 GMT"
    )
    assert sunset_value(datetime(987, 3, 5, tzinfo=UTC)).endswith(" Mar 0987 00:00:00 GMT")


@given(moments)
@settings(derandomize=True, deadline=None)
def test_any_date_is_written_as_the_standard_library_writes_it(moment: datetime) -> None:
    """RFC 9110 §5.6.7, read back to the second."""
    whole = moment.replace(microsecond=0)
    assert sunset_value(moment) == format_datetime(moment, usegmt=True)
    assert int(deprecation_value(whole)[1:]) == round(whole.timestamp())
    if moment.year >= 1000:
        assert parsedate_to_datetime(sunset_value(moment)) == whole


def test_links_have_their_registered_relations() -> None:
    """One for each date that is announced."""
    deprecation = '<https://a.example/>; rel="deprecation"; type="text/html"'
    sunset = '<https://a.example/>; rel="sunset"; type="text/html"'
    assert guide_links("https://a.example/", deprecated=True, ends=True) == (deprecation, sunset)
    assert guide_links("https://a.example/", deprecated=False, ends=True) == (sunset,)
    assert guide_links("https://a.example/", deprecated=True, ends=False) == (deprecation,)


OURS = ('</g>; rel="deprecation"', '</g>; rel="sunset"')


@pytest.mark.parametrize(
    ("present", "merged"),
    [
        ([], list(OURS)),
        ([""], list(OURS)),
        (["</a>; rel=next"], ["</a>; rel=next", *OURS]),
        (["</a>; rel=next", "</b>"], ["</a>; rel=next", "</b>", *OURS]),
        (["</g>"], ["</g>", *OURS]),
        (['</g>; rel="sunset"'], ['</g>; rel="sunset"', OURS[0]]),
        (["</g>; title=x; REL = SUNSET"], ["</g>; title=x; REL = SUNSET", OURS[0]]),
        (['</g>; rel="next sunset deprecation"'], ['</g>; rel="next sunset deprecation"']),
        (["</g>; rel=deprecation, </g>; rel=sunset"], ["</g>; rel=deprecation, </g>; rel=sunset"]),
        (["</other>; rel=sunset"], ["</other>; rel=sunset", *OURS]),
        (['</a>; title="</g>; rel=sunset"'], ['</a>; title="</g>; rel=sunset"', *OURS]),
        (["</g>; rel=other; rel=sunset"], ["</g>; rel=other; rel=sunset", *OURS]),
        (["no link at all"], ["no link at all", *OURS]),
        (['<unclosed; rel="sunset', "<"], ['<unclosed; rel="sunset', "<", *OURS]),
    ],
)
def test_rfc_8288_section_3_links_of_the_app_stay(present: list[str], merged: list[str]) -> None:
    """In their order and spelling, ours behind them where they do not say it already."""
    assert merged_links(present, OURS) == ", ".join(merged)


@given(st.lists(st.text(alphabet='<>;,"= \\/grelsunset', max_size=60), max_size=3))
@settings(derandomize=True, deadline=None)
def test_whatever_an_app_wrote_is_kept(present: list[str]) -> None:
    """A header nobody can read is no reason to lose it, or ours; merging twice adds nothing."""
    merged = merged_links(present, OURS)
    assert all(each in merged for each in present)
    if not any('"' in each for each in present):
        assert merged_links([merged], OURS) == merged
