"""Another's clock, read from its answers."""

from __future__ import annotations

import pytest

from watchword.protocol.clock_skew import clock_skew_seconds, describe_clock_skew

NOW = 784_111_777
"""``Sun, 06 Nov 1994 08:49:37 GMT``, the date of RFC 9110 §5.6.7."""


@pytest.mark.parametrize(
    ("headers", "skew"),
    [
        ({"date": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0),
        ({"Date": " Sun, 06 Nov 1994 08:54:37 GMT\t"}, 300),
        ({"date": "Sun, 06 Nov 1994 07:49:37 GMT"}, -3600),
        ({"date": "Sun, 06 Nov 1994 08:44:37 GMT", "age": "300"}, 0),
        ({"date": "Sun, 06 Nov 1994 08:49:37 GMT", "age": "-1"}, 0),
    ],
)
def test_net_17_the_skew_is_their_time_less_ours(headers: dict[str, str], skew: int) -> None:
    """Ahead is positive; time spent in a cache is no skew."""
    assert clock_skew_seconds(headers, now_seconds=NOW) == skew


@pytest.mark.parametrize(
    "date",
    [
        None,
        "",
        "now",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\r\nX: 1",
    ],
)
def test_what_is_no_date_tells_nothing(date: str | None) -> None:
    """No guess is made."""
    headers = {} if date is None else {"date": date}
    assert clock_skew_seconds(headers, now_seconds=NOW) is None


@pytest.mark.parametrize(
    ("skew", "said"),
    [(300, "its clock is 300 s ahead of ours"), (-1, "its clock is 1 s behind ours")],
)
def test_the_skew_in_words(skew: int, said: str) -> None:
    """Whose clock, how far, and to which side."""
    assert describe_clock_skew(skew) == said
