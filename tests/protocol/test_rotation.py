"""What a refresh token that did not rotate means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from watchword.protocol import refresh_token
from watchword.protocol.refresh_token import RefreshToken
from watchword.protocol.rotation import (
    Contend,
    Decision,
    GrantFacts,
    Overlap,
    RecheckDue,
    RecheckUnderWay,
    Reject,
    Replay,
    SessionFacts,
    classify,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
SESSION = UUID("01890000-0000-7000-8000-000000000001")


def token(generation: int, filler: int = 0) -> RefreshToken:
    return refresh_token.mint(SESSION, generation, bytes([filler]) * 32, tag_key=b"k" * 32)


FACTS = SessionFacts(
    session_id=SESSION,
    client_id="browser",
    generation=3,
    refresh_digest=token(3).digest,
    previous_digest=token(2).digest,
    sealed_successor=b"sealed",
    rotated_at=NOW - timedelta(seconds=4),
    idle_ends_at=NOW + timedelta(hours=1),
    absolute_ends_at=NOW + timedelta(hours=9),
    revoked_at=None,
    user_active=True,
)


GRANT = UUID("01890000-0000-7000-8000-000000000002")
DUE = replace(FACTS, recheck_due_at=NOW, grant=GrantFacts(GRANT, has_tokens=True, lease_ends_at=None))


def decide(presented: RefreshToken, facts: SessionFacts | None = FACTS, **asked: Any) -> Decision:
    options: dict[str, Any] = {"now": NOW, "overlap_seconds": 10, "client_id": None, **asked}
    return classify(presented, facts, **options)


def test_the_previous_token_inside_the_window_gets_the_same_successor() -> None:
    """Two tabs and lost responses converge on one live token."""
    assert decide(token(2)) == Overlap(b"sealed")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(seconds=10) - TICK, Overlap),
        (timedelta(seconds=10), Replay),
        (timedelta(seconds=10) + TICK, Replay),
    ],
)
def test_the_window_ends_on_its_last_tick(after: timedelta, expected: type[Decision]) -> None:
    """One below, at and one above the end of the overlap."""
    facts = replace(FACTS, rotated_at=NOW - after)
    assert isinstance(decide(token(2), facts), expected)


def test_without_overlap_any_second_use_is_a_replay() -> None:
    """REFRESH_OVERLAP_SECONDS=0 means what it says, also where the clock of the replica that
    rotated is ahead."""
    for rotated_at in (NOW, NOW + timedelta(seconds=3)):
        facts = replace(FACTS, rotated_at=rotated_at)
        assert isinstance(decide(token(2), facts, overlap_seconds=0), Replay)


def test_ses_21_the_grandparent_is_a_replay_even_inside_the_window() -> None:
    """Only the immediately previous token has an overlap."""
    assert isinstance(decide(token(1)), Replay)


def test_an_older_token_with_another_secret_is_a_replay() -> None:
    """The right generation alone is not the previous token."""
    assert isinstance(decide(token(2, filler=9)), Replay)


@pytest.mark.parametrize("missing", ["previous_digest", "sealed_successor", "rotated_at"])
def test_an_older_generation_without_a_kept_successor_is_a_replay(missing: str) -> None:
    """Nothing kept, nothing to answer again."""
    facts = replace(FACTS, **{missing: None})  # type: ignore[arg-type]
    assert isinstance(decide(token(2), facts), Replay)


def test_a_replay_on_a_session_that_ran_idle_still_ends_it() -> None:
    """Its access tokens may still be alive."""
    facts = replace(FACTS, idle_ends_at=NOW - TICK)
    assert isinstance(decide(token(1), facts), Replay)


def test_the_current_token_of_a_live_session_rotates_again() -> None:
    """It lost a race with a role change, say, and has done nothing wrong."""
    assert decide(token(3)) == Contend()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"idle_ends_at": NOW}, "idle"),
        ({"absolute_ends_at": NOW}, "absolute"),
        ({"user_active": False}, "disabled"),
        ({"revoked_at": NOW - TICK}, "ended"),
    ],
)
@pytest.mark.parametrize("generation", [2, 3])
def test_what_has_ended_stays_ended(change: dict[str, Any], reason: str, generation: int) -> None:
    """Neither the current token nor the overlap outlives the session; nothing is changed."""
    decision = decide(token(generation), replace(FACTS, **change))
    assert isinstance(decision, Reject)
    assert reason in decision.reason


@pytest.mark.parametrize("end", ["idle_ends_at", "absolute_ends_at"])
def test_one_tick_before_its_end_a_session_lives(end: str) -> None:
    """The edge belongs to the end, the tick before it does not."""
    assert decide(token(3), replace(FACTS, **{end: NOW + TICK})) == Contend()  # type: ignore[arg-type]


def test_an_unknown_session_is_rejected() -> None:
    """Cleaned up, erased or never there."""
    assert decide(token(1), None) == Reject("unknown session")


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_ses_28_a_token_of_another_client_is_rejected_without_effect(generation: int) -> None:
    """A client cannot use, nor by a replay end, another client's session."""
    assert isinstance(decide(token(generation), client_id="other"), Reject)


def test_the_right_client_may_say_so() -> None:
    """Stating the client changes nothing when it is the session's."""
    assert decide(token(2), client_id="browser") == Overlap(b"sealed")


def test_a_token_from_the_future_or_never_given_out_is_rejected() -> None:
    """After a restored backup, or of a rotation that was rolled back: no theft, no session."""
    assert isinstance(decide(token(4)), Reject)
    assert isinstance(decide(token(3, filler=9)), Reject)


def test_the_current_token_of_a_due_session_has_its_provider_asked_first() -> None:
    """And what is known of an outage before goes along."""
    assert decide(token(3), DUE) == RecheckDue(GRANT, NOW, None)
    since = NOW - timedelta(seconds=60)
    assert decide(token(3), replace(DUE, degraded_at=since)) == RecheckDue(GRANT, NOW, since)


@pytest.mark.parametrize(("beyond", "due"), [(-TICK, True), (timedelta(), True), (TICK, False)])
def test_a_session_is_due_from_the_very_moment(beyond: timedelta, due: bool) -> None:
    """One tick after it became due, at it, and one tick before."""
    decision = decide(token(3), replace(DUE, recheck_due_at=NOW + beyond))
    assert isinstance(decision, RecheckDue if due else Contend)


@pytest.mark.parametrize(("beyond", "asking"), [(-TICK, False), (timedelta(), False), (TICK, True)])
def test_one_caller_at_a_time_asks_until_its_lease_lapses(beyond: timedelta, asking: bool) -> None:
    """The lease ends on its last tick."""
    grant = GrantFacts(GRANT, has_tokens=True, lease_ends_at=NOW + beyond)
    decision = decide(token(3), replace(DUE, grant=grant))
    assert isinstance(decision, RecheckUnderWay if asking else RecheckDue)


@pytest.mark.parametrize("grant", [None, GrantFacts(GRANT, has_tokens=False, lease_ends_at=NOW + TICK)])
def test_a_due_session_with_nothing_to_ask_with_says_so(grant: GrantFacts | None) -> None:
    """Its provider's tokens were purged."""
    assert decide(token(3), replace(DUE, grant=grant)) == RecheckDue(None, NOW, None)


@pytest.mark.parametrize(
    ("presented", "facts", "expected"),
    [
        (token(1), DUE, Replay),
        (token(2), DUE, Overlap),
        (token(2), replace(DUE, rotated_at=NOW - timedelta(seconds=10)), Replay),
        (token(3, filler=9), DUE, Reject),
        (token(4), DUE, Reject),
        (token(3), replace(DUE, user_active=False), Reject),
        (token(3), replace(DUE, idle_ends_at=NOW), Reject),
        (token(3), replace(DUE, absolute_ends_at=NOW), Reject),
        (token(3), replace(DUE, revoked_at=NOW), Reject),
    ],
)
def test_flt_25_nothing_but_the_current_token_of_a_live_session_asks_a_provider(
    presented: RefreshToken, facts: SessionFacts, expected: type[Decision]
) -> None:
    """An older token, an ended session and a disabled account never cause a question, whether the
    provider answers or not; the overlap and replays are as they are without re-checks."""
    assert isinstance(decide(presented, facts), expected)
    assert isinstance(decide(presented, replace(facts, degraded_at=NOW - TICK)), expected)


def test_another_client_asks_nothing() -> None:
    """Nor may it learn that the session is due."""
    assert isinstance(decide(token(3), DUE, client_id="other"), Reject)
