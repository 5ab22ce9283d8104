"""Promises of the rules of a ring: what signs, what is published, when a key may sign, what follows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from watchword.protocol.key_ring import (
    ANNOUNCE_SECONDS,
    LAG_SECONDS,
    RingFault,
    RingPolicy,
    State,
    by_hand,
    check_ring,
    completed,
    due,
    edition,
    missing,
    moment_of_change,
    published,
    retiring,
    signer,
    wait_seconds,
    without,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DAY = 86_400
POLICY = RingPolicy("ES256", 30 * DAY, 3660)


@dataclass(frozen=True, slots=True)
class Key:
    kid: str
    state: State
    algorithm: str = "ES256"
    created_at: datetime = NOW
    activated_at: datetime | None = None
    retired_at: datetime | None = None
    verify_until: datetime | None = None


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


ACTIVE = Key("a", "active", created_at=ago(2 * DAY), activated_at=ago(DAY))
NEXT = Key("n", "next", created_at=ago(DAY))
RETIRED = Key("r", "retired", created_at=ago(9 * DAY), retired_at=ago(DAY), verify_until=ago(-60))
RING = (NEXT, ACTIVE, RETIRED)


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ((NEXT, replace(ACTIVE, kid="n")), "same kid"),
        ((NEXT, replace(ACTIVE, activated_at=datetime.max.replace(tzinfo=UTC))), "key a is of a year after"),
        ((ACTIVE, replace(ACTIVE, kid="b")), "2 keys are active"),
        ((ACTIVE, NEXT, replace(NEXT, kid="b")), "2 keys are next"),
        ((NEXT, RETIRED), "no key is active"),
        ((ACTIVE, replace(RETIRED, verify_until=None)), "key r is retired"),
    ],
)
def test_keys_that_are_no_ring_are_told_apart(keys: tuple[Key, ...], fault: str) -> None:
    """Each with what is wrong."""
    with pytest.raises(RingFault, match=fault):
        check_ring(keys)


def test_a_ring_is_one_and_so_is_what_a_revocation_leaves() -> None:
    """No keys at all are the ring before the first."""
    check_ring(RING)
    check_ring(())
    check_ring((NEXT, RETIRED), revoked={"a"})


def test_the_active_key_signs_and_after_its_revocation_the_announced_one() -> None:
    """It is published already; of retired keys none ever signs again."""
    assert signer(RING) is ACTIVE
    assert signer(without(RING, {"a"})) is NEXT
    assert signer(without(RING, {"a", "n"})) is None


def test_a_retired_key_is_published_until_its_time_is_over() -> None:
    """To the microsecond; the others always."""
    end = RETIRED.verify_until
    assert end is not None
    assert published(RING, end - timedelta(microseconds=1)) == RING
    assert published(RING, end) == (NEXT, ACTIVE)


def test_editions_are_ordered_whatever_the_clocks_say() -> None:
    """A change happens after the one before, also on a machine whose clock lies behind."""
    assert edition(()) is None
    assert edition(RING) == ago(DAY)
    assert moment_of_change((), NOW) == NOW
    assert moment_of_change(RING, NOW) == NOW
    assert moment_of_change(RING, ago(5 * DAY)) == ago(DAY) + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("age_seconds", "rotate_after_seconds", "wait"),
    [
        (0, 30 * DAY, ANNOUNCE_SECONDS),
        (ANNOUNCE_SECONDS - 1, 30 * DAY, 1),
        (ANNOUNCE_SECONDS, 30 * DAY, 0),
        (3, 5, 2),
        (-10, 5, 15),
    ],
)
def test_key_08_a_key_is_announced_before_it_signs(
    age_seconds: int, rotate_after_seconds: int, wait: int
) -> None:
    """For as long as readers of the key set may keep an older one; shorter only where rotations are."""
    policy = replace(POLICY, rotate_after_seconds=rotate_after_seconds)
    assert wait_seconds(replace(NEXT, created_at=ago(age_seconds)), policy, NOW) == wait


@pytest.mark.parametrize(
    ("active", "announced", "retires"),
    [
        (ACTIVE, NEXT, None),
        (replace(ACTIVE, activated_at=ago(30 * DAY - 1)), NEXT, None),
        (replace(ACTIVE, activated_at=ago(30 * DAY)), NEXT, {"a"}),
        (replace(ACTIVE, activated_at=None, created_at=ago(30 * DAY)), NEXT, {"a"}),
        (replace(ACTIVE, activated_at=ago(90 * DAY)), replace(NEXT, created_at=ago(389)), None),
        (replace(ACTIVE, algorithm="RS256"), NEXT, {"a"}),
        (ACTIVE, replace(NEXT, algorithm="RS256"), {"n"}),
        (ACTIVE, replace(NEXT, algorithm="RS256", created_at=ago(389)), None),
        (replace(ACTIVE, activated_at=ago(90 * DAY)), replace(NEXT, algorithm="RS256"), {"n"}),
    ],
)
def test_what_the_schedule_retires(active: Key, announced: Key, retires: set[str] | None) -> None:
    """Nothing while the announced key is young; then that of another algorithm, or the active one when it is
    old or of another algorithm."""
    assert due((announced, active), POLICY, NOW) == retires


@pytest.mark.parametrize("left", [(), (ACTIVE,), (NEXT,), (RETIRED,)])
def test_a_ring_that_lacks_a_key_is_filled_at_once(left: tuple[Key, ...]) -> None:
    """Nothing has to retire for it."""
    assert due(left, POLICY, NOW) == frozenset()


def test_replicas_of_different_settings_do_not_chase_each_other() -> None:
    """In a day of ten looks a minute, no more changes than announcements fit into it."""
    keys: tuple[Key, ...] = (NEXT, ACTIVE)
    policies = (POLICY, replace(POLICY, algorithm="RS256"))
    changes = 0
    for look in range(0, DAY, 6):
        now = NOW + timedelta(seconds=look)
        policy = policies[look // 6 % 2]
        retires = due(keys, policy, now)
        if retires is not None:
            left = retiring(keys, retires, policy, now)
            fresh = [Key(f"{look}-{n}", "next", policy.algorithm) for n in range(missing(left))]
            keys = completed(left, fresh, now)
            changes += 1
    assert 0 < changes <= DAY / ANNOUNCE_SECONDS + 1


@pytest.mark.parametrize(
    ("announced", "at_once", "retires", "wait"),
    [
        (NEXT, False, {"a"}, 0),
        (NEXT, True, {"a"}, 0),
        (replace(NEXT, created_at=ago(90)), False, set(), 300),
        (replace(NEXT, created_at=ago(90)), True, {"a"}, 0),
        (replace(NEXT, algorithm="RS256"), False, {"n"}, 390),
        (replace(NEXT, algorithm="RS256"), True, {"a", "n"}, 0),
    ],
)
def test_what_an_operators_rotation_retires(
    announced: Key, at_once: bool, retires: set[str], wait: float
) -> None:
    """A key of the wrong algorithm gives way in any case; who waits is told for how long."""
    assert by_hand((announced, ACTIVE), POLICY, NOW, at_once=at_once) == (frozenset(retires), wait)


def test_a_rotation_by_hand_waits_for_a_key_that_was_never_announced() -> None:
    """Somebody has just revoked the next one."""
    assert by_hand((ACTIVE,), POLICY, NOW, at_once=False) == (frozenset(), 390.0)
    assert by_hand((ACTIVE,), POLICY, NOW, at_once=True) == (frozenset({"a"}), 0.0)


def test_a_rotation_moves_every_key_on() -> None:
    """The active one verifies for as long as its last token may live, the announced one signs, another is
    announced; a retired one whose time is over is gone."""
    gone = replace(RETIRED, kid="gone", verify_until=NOW)
    left = retiring((*RING, gone), {"a"}, POLICY, NOW)
    assert missing(left) == 1
    ring = completed(left, [Key("f", "next", created_at=ago(5 * DAY), activated_at=NOW)], NOW)
    until = NOW + timedelta(seconds=3660 + LAG_SECONDS)
    assert list(ring) == [
        Key("f", "next", created_at=NOW),
        replace(NEXT, state="active", activated_at=NOW),
        replace(ACTIVE, state="retired", retired_at=NOW, verify_until=until),
        RETIRED,
    ]
    check_ring(ring)


def test_a_replaced_announcement_goes_on_verifying() -> None:
    """A replica may have signed with it in an emergency that others do not know of yet."""
    (announced, active) = retiring((NEXT, ACTIVE), {"n"}, POLICY, NOW)
    assert announced.state == "retired"
    assert announced.verify_until is not None
    assert active is ACTIVE


@pytest.mark.parametrize("left", [(), (ACTIVE,), (NEXT,), (RETIRED,), RING])
def test_whatever_is_left_becomes_a_whole_ring(left: tuple[Key, ...]) -> None:
    """From fresh keys, as many as it says are missing; what is there comes first."""
    fresh = [Key(f"f{n}", "next") for n in range(missing(left))]
    ring = completed(left, fresh, NOW)
    check_ring(ring)
    assert missing(ring) == 0
    assert {key.kid for key in left} | {key.kid for key in fresh} == {key.kid for key in ring}
    before = signer(left)
    assert before is None or signer(ring).kid == before.kid  # type: ignore[union-attr]
