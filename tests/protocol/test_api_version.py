"""Versions of an API: dates, ends, windows, guides."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from watchword.protocol.api_version import WINDOW, ApiVersion, check_guide, read_moment

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def at(days: int) -> datetime:
    return NEW_YEAR + timedelta(days=days)


def test_a_deprecated_version_is_served_for_180_days() -> None:
    """Unless an end is given; without a deprecation there is none."""
    assert timedelta(days=180) == WINDOW
    assert ApiVersion("v1").ends_at is None
    assert ApiVersion("v1", deprecated_at=NEW_YEAR).ends_at == at(180)
    assert ApiVersion("v1", deprecated_at=NEW_YEAR, sunset_at=at(3)).ends_at == at(3)
    assert ApiVersion("v1", sunset_at=at(3)).ends_at == at(3)


def test_it_is_announced_by_either_date() -> None:
    """A version without dates just goes on."""
    assert not ApiVersion("v1").announced
    assert ApiVersion("v1", deprecated_at=NEW_YEAR).announced
    assert ApiVersion("v1", sunset_at=NEW_YEAR).announced


def test_the_window_is_between_both_dates() -> None:
    """None where one of them is missing."""
    assert ApiVersion("v1", deprecated_at=NEW_YEAR).window == WINDOW
    assert ApiVersion("v1", deprecated_at=NEW_YEAR, sunset_at=NEW_YEAR).window == timedelta(0)
    assert ApiVersion("v1", sunset_at=NEW_YEAR).window is None
    assert ApiVersion("v1").window is None


def test_rfc_9745_section_4_it_never_ends_before_it_is_deprecated() -> None:
    """One second before is too early, the same second is not."""
    with pytest.raises(ValueError, match="RFC 9745 §4"):
        ApiVersion("v1", deprecated_at=NEW_YEAR, sunset_at=NEW_YEAR - timedelta(seconds=1))
    assert ApiVersion("v1", deprecated_at=NEW_YEAR, sunset_at=NEW_YEAR).announced


def test_an_end_past_the_calendar_is_told() -> None:
    """Instead of an OverflowError."""
    with pytest.raises(ValueError, match="too far ahead"):
        ApiVersion("v1", deprecated_at=datetime(9999, 12, 1, tzinfo=UTC))


def test_what_an_operator_says_counts_more() -> None:
    """One by one; nothing said changes nothing."""
    coded = ApiVersion("v1", deprecated_at=NEW_YEAR, sunset_at=at(200), guide="/a", successor="v2")
    assert coded.overridden(deprecated_at=None, sunset_at=None, guide=None) == coded
    moved = coded.overridden(deprecated_at=at(5), sunset_at=at(6), guide="/b")
    assert (moved.deprecated_at, moved.ends_at, moved.guide) == (at(5), at(6), "/b")
    assert moved.successor == "v2"


def test_a_derived_end_moves_with_the_deprecation() -> None:
    """180 days later, as if the code had said so."""
    coded = ApiVersion("v1", deprecated_at=NEW_YEAR)
    assert coded.overridden(deprecated_at=at(9), sunset_at=None, guide=None).ends_at == at(189)
    assert ApiVersion("v1").overridden(deprecated_at=at(9), sunset_at=None, guide=None).ends_at == at(189)


@pytest.mark.parametrize(("days", "fits"), [(19, True), (20, True), (21, False)])
def test_a_later_deprecation_alone_leaves_180_days(days: int, fits: bool) -> None:
    """To the day; an operator who wants less says when it ends."""
    coded = ApiVersion("v1", deprecated_at=NEW_YEAR, sunset_at=at(200))
    if fits:
        assert coded.overridden(deprecated_at=at(days), sunset_at=None, guide=None).window is not None
        return
    with pytest.raises(ValueError, match="leaves 179 days until the sunset; set sunset_at too"):
        coded.overridden(deprecated_at=at(days), sunset_at=None, guide=None)


def test_a_window_that_the_code_made_short_may_stay_so() -> None:
    """Not less than it was."""
    coded = ApiVersion("v1", deprecated_at=NEW_YEAR, sunset_at=at(10))
    assert coded.overridden(deprecated_at=at(-1), sunset_at=None, guide=None).window == timedelta(days=11)
    with pytest.raises(ValueError, match="leaves 9 days"):
        coded.overridden(deprecated_at=at(1), sunset_at=None, guide=None)
    with pytest.raises(ValueError, match="leaves 10 days"):
        ApiVersion("v1", sunset_at=at(10)).overridden(deprecated_at=NEW_YEAR, sunset_at=None, guide=None)


def test_an_end_that_comes_sooner_takes_the_deprecation_with_it() -> None:
    """An operator who ends it now need not know when the code would have deprecated it."""
    coded = ApiVersion("v1", deprecated_at=at(30))
    ended = coded.overridden(deprecated_at=None, sunset_at=NEW_YEAR, guide=None)
    assert (ended.deprecated_at, ended.ends_at) == (NEW_YEAR, NEW_YEAR)
    assert (
        ApiVersion("v1").overridden(deprecated_at=None, sunset_at=NEW_YEAR, guide=None).deprecated_at is None
    )
    with pytest.raises(ValueError, match="must not be before"):
        coded.overridden(deprecated_at=at(1), sunset_at=NEW_YEAR, guide=None)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (date(2027, 1, 1), NEW_YEAR),
        ("2027-01-01", NEW_YEAR),
        (datetime(2027, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC), NEW_YEAR),
        (datetime(2026, 12, 31, 19, tzinfo=timezone(timedelta(hours=-5))), NEW_YEAR),
        ("2027-01-01T00:00Z", NEW_YEAR),
        ("2027-01-01t00:00:00z", NEW_YEAR),
        ("2027-01-01 00:00:00.5+00:00", NEW_YEAR),
        ("2026-12-31T19:00:00-05:00", NEW_YEAR),
    ],
)
def test_moments_are_read(given: object, read: datetime) -> None:
    """Whole seconds, rounded down, in UTC."""
    moment = read_moment(given)
    assert moment == read
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (datetime(2027, 1, 1), "needs a time zone"),  # noqa: DTZ001
        ("2027-01-01T00:00:00", "needs a time zone"),
        ("2027-13-01", "no date of the calendar"),
        ("2027-02-30T00:00:00Z", "no date of the calendar"),
        ("2027-01-01T25:00:00Z", "no date of the calendar"),
        ("0001-01-01T00:00:00+12:00", "outside the calendar"),
        ("9999-12-31T23:59:59-12:00", "outside the calendar"),
        ("20270101", "must be an ISO date"),
        ("2027-W01-1", "must be an ISO date"),
        ("2027-01-01X00:00:00Z", "must be an ISO date"),
        ("2027-01-01T00", "must be an ISO date"),
        ("２０２７-01-01", "must be an ISO date"),
        ("2027-01-01\n", "must be an ISO date"),
        ("", "must be an ISO date"),
        (0, "must be an ISO date"),
        (None, "must be an ISO date"),
    ],
)
def test_what_is_no_moment_is_told(given: object, told: str) -> None:
    """Naive times, dates there are none of, and other spellings."""
    with pytest.raises(ValueError, match=told):
        read_moment(given)


@pytest.mark.parametrize(
    "guide", ["https://docs.example", "https://docs.example:8443/a?b=c#d", "/guide", "/guide#v1", "/a/b?c=d"]
)
def test_guides_are_addresses(guide: str) -> None:
    """https elsewhere, a path here, with a fragment if need be."""
    assert check_guide(guide) == guide
    assert ApiVersion("v1", guide=guide).guide == guide


@pytest.mark.parametrize(
    "guide",
    [
        "",
        "guide",
        "#v1",
        "//evil.example",
        "http://docs.example",
        "javascript:alert(1)",
        "https://user@docs.example",
        "/a b",
        "/a\\b",
        "/ä",
        "/a>; rel=next",
        "/a#b>c",
        '/a#"',
        "/a\r\nX: y",
        "/a#\n",
        "/" + "a" * 2048,
        None,
    ],
)
def test_anything_else_is_no_guide(guide: str) -> None:
    """Nothing that could end the link or the header it is written in."""
    with pytest.raises(ValueError, match="guide"):
        check_guide(guide)


@pytest.mark.parametrize("name", ["v1", "2026-05", "orders_old", "a" * 32])
def test_ids(name: str) -> None:
    """As settings name them."""
    assert ApiVersion(name, successor=name).id == name


@pytest.mark.parametrize("name", ["", "V1", "v.1", "_v", "a" * 33, "v1\n", None, 1])
def test_no_ids(name: str) -> None:
    """Neither for a version nor for its successor, which may be left out."""
    with pytest.raises(ValueError, match="a version is lower case"):
        ApiVersion(name)
    if name is not None:
        with pytest.raises(ValueError, match="successor is lower case"):
            ApiVersion("v1", successor=name)


def test_modes() -> None:
    """Two of them."""
    assert ApiVersion("v1", mode="observe").mode == "observe"
    with pytest.raises(ValueError, match="mode is"):
        ApiVersion("v1", mode="none")  # type: ignore[arg-type]
