"""Promises of counting calls of versions in memory: exact, bounded, and never in the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.auth.version_ports import VersionCalls
from watchword.auth.version_tallies import MAX_CLIENT_CHARS, Key, Tallies, version_calls
from watchword.models.types import BoundedText
from watchword.models.version_usage import VersionUsage

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
USER = "019e0000-0000-7000-8000-000000000001"
LATER = NOW + timedelta(seconds=1)


def written(tallies: Tallies) -> list[VersionCalls]:
    return [version_calls(key, tally) for key, tally in tallies.take().items()]


def one(*key: object, times: int = 1, code: str | None = None) -> VersionCalls:
    tallies = Tallies()
    for _ in range(times):
        tallies.count(key, NOW, code)
    (found,) = written(tallies)
    return found


def test_a_caller_is_known_by_the_best_name_there_is() -> None:
    """Account and client; a client alone; a network; and a caller without an address."""
    assert (one("v1", USER, "browser").kind, one("v1", USER, "browser").user_id) == ("user", UUID(USER))
    assert one("v1", USER, "browser").client_id == "browser"
    assert (one("v1", None, "batch").kind, one("v1", None, "batch").client_id) == ("client", "batch")
    assert (one("v1", "192.0.2.0").kind, one("v1", "192.0.2.0").network) == ("network", "192.0.2.0")
    assert (one("v1", "").kind, one("v1", "").network) == ("network", None)


def test_a_user_id_of_another_kind_is_no_account() -> None:
    """An authenticator of one's own may name people otherwise: their client is counted."""
    assert one("v1", "auth0|17", "app") == one("v1", None, "app")


def test_calls_and_refusals_are_counted_with_first_last_and_cause() -> None:
    """The last cause is kept; what is not refused is a call like any other."""
    tallies = Tallies()
    for second, code in enumerate([None, "authentication_required", "session_ended", None]):
        tallies.count(("v1", "192.0.2.0"), NOW + timedelta(seconds=second), code)
    (found,) = written(tallies)
    assert (found.calls, found.would_refuse, found.last_refusal) == (4, 2, "session_ended")
    assert (found.first_seen_at, found.last_seen_at) == (NOW, NOW + timedelta(seconds=3))
    assert tallies.take() == {}


def test_versions_and_callers_are_counted_apart() -> None:
    """One tally for each of them."""
    tallies = Tallies()
    keys: list[Key] = [("v1", USER, "a"), ("v1", USER, "b"), ("v1", None, "a"), ("v1", "a"), ("v2", "a")]
    for key in keys:
        tallies.count(key, NOW, None)
    assert len(written(tallies)) == len(keys)


def test_a_clock_that_steps_back_leaves_times_in_order() -> None:
    """The database would refuse a last call before the first."""
    tallies = Tallies()
    tallies.count(("v1", ""), LATER, None)
    tallies.count(("v1", ""), NOW, None)
    (found,) = written(tallies)
    assert (found.first_seen_at, found.last_seen_at) == (NOW, LATER)


def test_who_comes_too_late_is_one_of_the_others() -> None:
    """Memory is bounded, known callers go on being counted by name, and no call is lost."""
    tallies = Tallies(max_callers=3)
    for number in range(10):
        tallies.count(("v1", f"192.0.{number}.0"), NOW, "x")
        tallies.count(("v2", USER, str(number)), NOW, None)
    for _ in range(5):
        tallies.count(("v1", "192.0.0.0"), NOW, None)
    assert tallies.calls == 25
    found = {(each.version, each.kind, each.network): each.calls for each in written(tallies)}
    assert found == {
        ("v1", "network", "192.0.0.0"): 6,
        ("v2", "user", None): 1,
        ("v1", "network", "192.0.1.0"): 1,
        ("v1", "others", None): 8,
        ("v2", "others", None): 9,
    }


def test_what_is_put_back_is_added_to_what_came_meanwhile() -> None:
    """Sums, first and last times; the newer cause; too many of both are others."""
    tallies = Tallies(max_callers=2)
    tallies.count(("v1", "a"), NOW, "old")
    tallies.count(("v1", "b"), NOW, "old")
    taken = tallies.take()
    tallies.count(("v1", "a"), LATER, "new")
    tallies.count(("v1", "c"), LATER, None)
    tallies.put_back(taken)
    a, c, others = sorted(written(tallies), key=lambda each: each.network or "z")
    assert (a.calls, a.would_refuse, a.last_refusal) == (2, 2, "new")
    assert (a.first_seen_at, a.last_seen_at) == (NOW, LATER)
    assert (c.network, c.calls) == ("c", 1)
    assert (others.kind, others.calls, others.last_refusal) == ("others", 1, "old")


def test_long_names_are_cut_before_they_are_kept() -> None:
    """A token of eight kilobytes costs no more memory than a name, and stays the same caller."""
    tallies = Tallies()
    for _ in range(3):
        tallies.count(("v1", None, "c" * 8000), NOW, None)
    ((key, tally),) = tallies.take().items()
    assert sum(len(str(part)) for part in key) < 400
    found = version_calls(key, tally)
    assert (found.calls, found.client_id) == (3, "c" * MAX_CLIENT_CHARS + "...")


@pytest.mark.parametrize(
    "key", [("v1", None, ["list"]), ("v1", {}), (["v1"], "a"), ("v1", 7, 8), ("v1", None, None), (None, None)]
)
def test_names_that_are_no_text_are_counted_somehow(key: Any) -> None:
    """Counting never raises, and neither does writing down."""
    found = one(*key, times=2)
    assert found.calls == 2
    assert_storable(found)


ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=600)
KEYS = st.one_of(
    st.tuples(ANY_TEXT),
    st.tuples(ANY_TEXT, ANY_TEXT),
    st.tuples(ANY_TEXT, st.one_of(st.none(), st.just(USER), ANY_TEXT), ANY_TEXT),
)


@settings(derandomize=True, deadline=None)
@given(key=KEYS, code=st.one_of(st.none(), ANY_TEXT))
def test_whatever_text_callers_bring_can_be_kept(key: Key, code: str | None) -> None:
    """NUL, lone surrogates and endless names included: a row that no database takes would hold up
    all the others."""
    assert_storable(one(*key, code=code))


def assert_storable(calls: VersionCalls) -> None:
    for name in ("version", "kind", "client_id", "network", "last_refusal"):
        value, kept = getattr(calls, name), VersionUsage.__table__.c[name].type
        assert isinstance(kept, BoundedText)
        assert value is None or kept.checked(value) == value
    assert (calls.user_id is not None) is (calls.kind == "user")
    assert (calls.client_id is not None) is (calls.kind in ("user", "client"))
    assert calls.network is None or calls.kind == "network"
    assert (calls.last_refusal is None) is (calls.would_refuse == 0)


def test_threads_count_exactly() -> None:
    """Synchronous servers call from many at once, also while somebody takes."""
    tallies, taken = Tallies(), []

    def count(_: int) -> None:
        for number in range(2000):
            tallies.count(("v1", str(number % 3)), NOW, None)
            if number % 500 == 0:
                taken.append(tallies.take())

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(count, range(8)))
    assert sum(tally.calls for each in (*taken, tallies.take()) for tally in each.values()) == 16_000


def test_the_number_of_callers_is_the_bound_also_for_many_threads() -> None:
    """A flood of addresses from everywhere."""
    tallies = Tallies(max_callers=50)

    def flood(thread: int) -> None:
        for number in range(200):
            tallies.count(("v1", f"{thread}.{number}"), NOW, None)

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(flood, range(4)))
    taken = tallies.take()
    assert len(taken) == 51
    assert sum(tally.calls for tally in taken.values()) == 800
