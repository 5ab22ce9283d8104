"""What the feed knows: every kind of entry, late commits, expiry."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.auth.feeds import HOUR, OTHER, SESSION, ListLog, caller, issued
from watchword.auth.ports import AND_EARLIER, RevocationKind
from watchword.auth.revocation import RevocationFeed
from watchword.auth.revoked import CLIENT_MARGIN_SECONDS, SUBJECT_MARGIN_SECONDS
from watchword.testing import FakeClock


async def test_an_ended_session_refuses_every_token_of_it(feed: RevocationFeed, log: ListLog) -> None:
    """Of whatever generation, also one that does not say; other sessions go on."""
    log.add("session", session_id=SESSION)
    await feed.poll()
    for jti in ("1.random-part", "2147483647.random-part", "unreadable", None):
        assert feed.is_revoked(caller(jti=jti))
    assert not feed.is_revoked(caller(session=OTHER))
    assert not feed.is_revoked(caller(session=None))


@pytest.mark.parametrize(
    ("jti", "refused"),
    [("2.random-part", True), ("3.random-part", True), ("4.random-part", False), ("unreadable", True)],
)
async def test_a_generation_refuses_itself_and_older_ones(
    feed: RevocationFeed, log: ListLog, jti: str, refused: bool
) -> None:
    """What a change of roles writes; the next refresh brings a token that counts."""
    log.add("generation", session_id=SESSION, generation=3)
    log.add("generation", session_id=SESSION, generation=2)
    await feed.poll()
    assert feed.is_revoked(caller(jti=jti)) is refused


async def test_the_wider_of_two_entries_counts(feed: RevocationFeed, log: ListLog) -> None:
    """A generation told after the end of its session does not bring it back."""
    log.add("session", session_id=SESSION)
    log.add("generation", session_id=SESSION, generation=1)
    await feed.poll()
    assert feed.is_revoked(caller(jti="9.random-part"))


async def test_a_token_is_refused_by_its_id(feed: RevocationFeed, log: ListLog) -> None:
    """One token and no other, with or without a session."""
    log.add("token", value="3.random-part")
    await feed.poll()
    assert feed.is_revoked(caller())
    assert feed.is_revoked(caller(session=None))
    assert not feed.is_revoked(caller(jti="3.random-other"))
    assert not feed.is_revoked(caller(session=None, jti=None))


@pytest.mark.parametrize(
    ("kind", "fields", "margin_seconds"),
    [
        ("client", {"value": "robot"}, CLIENT_MARGIN_SECONDS),
        ("subject", {"issuer": "https://id.example.test", "value": "s-1"}, SUBJECT_MARGIN_SECONDS),
    ],
)
async def test_clients_and_subjects_lose_the_tokens_issued_so_far(
    feed: RevocationFeed,
    log: ListLog,
    clock: FakeClock,
    kind: RevocationKind,
    fields: dict[str, Any],
    margin_seconds: int,
) -> None:
    """Up to the margin for clocks that differ; later tokens count, those without a time do not."""
    log.add(kind, **fields)
    await feed.poll()
    named = {"client_id": "robot", "issuer": "https://id.example.test", "subject": "s-1"}
    last = clock.now().timestamp() + margin_seconds
    for at, refused in ((last - 1000, True), (last, True), (last + 1, False)):
        assert feed.is_revoked(issued(at, **named)) is refused
    assert feed.is_revoked(caller(session=None, **named))
    assert feed.is_revoked(issued(last - 1000, **named, jti=None))
    others = {"client_id": "other", "issuer": "https://id.example.test", "subject": "s-2"}
    assert not feed.is_revoked(issued(last - 1000, **others))


async def test_a_subject_is_one_only_with_its_issuer(feed: RevocationFeed, log: ListLog) -> None:
    """The same subject at another issuer is somebody else (OpenID Connect Core §5.7)."""
    log.add("subject", issuer="https://id.example.test", value="user-1")
    await feed.poll()
    assert not feed.is_revoked(issued(0))


async def test_revoked_keys_are_told_to_the_ring(log: ListLog, clock: FakeClock) -> None:
    """Those of before the start as well as later ones."""
    told: list[str] = []
    log.add("key", value="old")
    feed = RevocationFeed(log, clock, on_key_news=told.append)
    await feed.load()
    log.add("key", value="new")
    await feed.poll()
    assert told[0] == "old"
    assert set(told) == {"old", "new"}


async def test_an_incomplete_entry_refuses_nobody(feed: RevocationFeed, log: ListLog) -> None:
    """The table lets none in; one that came anyway does no harm."""
    for kind in ("session", "generation", "token", "client", "subject", "key"):
        log.add(kind)
    await feed.poll()
    assert not feed.is_revoked(caller(jti=None))


async def test_a_transaction_that_commits_late_is_still_seen(feed: RevocationFeed, log: ListLog) -> None:
    """A lower number that appears after a higher one, within the last minute."""
    log.add("session", session_id=OTHER, sequence=7)
    await feed.poll()
    log.add("session", session_id=SESSION, sequence=6)
    await feed.poll()
    assert feed.is_revoked(caller())


async def test_entries_are_forgotten_when_no_token_is_left(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """Memory holds what can still matter; one that is told again with a longer life stays."""
    for kind, fields in (
        ("session", {"session_id": SESSION}),
        ("token", {"value": "j"}),
        ("client", {"value": "robot"}),
        ("subject", {"issuer": "i", "value": "s"}),
    ):
        log.add(kind, **fields)  # type: ignore[arg-type]
    feed.note_session(OTHER, clock.now() + 2 * HOUR)
    await feed.poll()
    log.entries.clear()
    for seconds in (3540, 60):
        clock.advance(seconds)
        await feed.poll()
        assert feed.is_revoked(caller()) is (seconds == 3540)
    assert not feed.is_revoked(caller(session=None, jti="j"))
    assert not feed.is_revoked(issued(0, client_id="robot", issuer="i", subject="s"))
    assert feed.is_revoked(caller(session=OTHER))


async def test_an_ending_of_this_process_counts_at_once(feed: RevocationFeed, clock: FakeClock) -> None:
    """Without any reading."""
    feed.note_session(SESSION, clock.now() + HOUR)
    assert feed.is_revoked(caller())


async def test_an_entry_about_earlier_sessions_is_about_all_of_them(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """Whatever their generation, for good as long as it lasts, also where only a change of roles was known;
    the next session goes on, and so do callers without one. The earlier of two entries says nothing new."""
    earlier = UUID("019dffff-ffff-7fff-bfff-ffffffffffff")
    log.add("generation", session_id=earlier, generation=1)
    log.add("session", session_id=SESSION, value=AND_EARLIER)
    log.add("session", session_id=earlier, value=AND_EARLIER)
    await feed.poll()
    for session in (SESSION, earlier):
        assert feed.ended_with_all(session)
        assert feed.is_revoked(caller(session=session, jti="9.random-part"))
        assert not feed.is_superseded(caller(session=session))
    assert not feed.ended_with_all(OTHER)
    assert not feed.is_revoked(caller(session=OTHER))
    assert not feed.is_revoked(caller(session=None))
    log.entries.clear()
    clock.advance(HOUR.total_seconds())
    await feed.poll()
    assert not feed.ended_with_all(SESSION)
