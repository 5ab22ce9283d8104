"""The revocation feed in memory: every kind of entry, late commits, expiry, and a database away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from watchword.auth.ports import Revocation, RevocationKind
from watchword.auth.revocation import FRESH_SECONDS, POLL_SECONDS, RevocationFeed
from watchword.auth.revoked import CLIENT_MARGIN_SECONDS, SUBJECT_MARGIN_SECONDS
from watchword.errors import DatabaseUnavailable
from watchword.protocol.principal import Principal
from watchword.testing import FakeClock

SESSION = UUID("019e0000-0000-7000-8000-000000000001")
OTHER = UUID("019e0000-0000-7000-8000-000000000002")
HOUR = timedelta(hours=1)


class ListLog:
    """``RevocationLog`` over a list, which can be told to fail and counts its readings."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.entries: list[Revocation] = []
        self.away = False
        self.readings: list[str] = []
        self.answering = asyncio.Event()
        self.answering.set()

    def add(self, kind: RevocationKind, *, sequence: int | None = None, **fields: Any) -> None:
        now = self.clock.now()
        entry = Revocation(sequence or len(self.entries) + 1, kind, now, now + HOUR)
        self.entries.append(replace(entry, **fields))

    async def unexpired(self, *, now: datetime) -> Sequence[Revocation]:
        await self._answer("unexpired")
        return [each for each in self.entries if each.expires_at > now]

    async def since(self, sequence: int, *, again_from: datetime) -> Sequence[Revocation]:
        await self._answer("since")
        return [each for each in self.entries if each.sequence > sequence or each.created_at >= again_from]

    async def _answer(self, asked: str) -> None:
        self.readings.append(asked)
        await self.answering.wait()
        if self.away:
            raise DatabaseUnavailable("away")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def log(clock: FakeClock) -> ListLog:
    return ListLog(clock)


@pytest.fixture
async def feed(log: ListLog, clock: FakeClock) -> RevocationFeed:
    loaded = RevocationFeed(log, clock)
    await loaded.load()
    return loaded


def caller(*, session: UUID | None = SESSION, jti: str | None = "3.random-part", **fields: Any) -> Principal:
    given: dict[str, Any] = {
        "user_id": "user-1",
        "session_id": None if session is None else str(session),
        "client_id": "browser",
        "roles": frozenset(),
        "scopes": frozenset(),
        "issuer": "https://app.example.test",
        "subject": "user-1",
        "token_id": jti,
    }
    return Principal(**(given | fields))


def issued(at: float, **fields: Any) -> Principal:
    return caller(session=None, claims=MappingProxyType({"iat": at}), **fields)


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
    feed = RevocationFeed(log, clock, on_key_revoked=told.append)
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


async def test_a_view_cut_off_for_long_is_read_as_a_whole(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """After half a minute the last minute may not reach back far enough."""
    clock.advance(30)
    await feed.poll()
    clock.advance(31)
    await feed.poll()
    assert log.readings == ["unexpired", "since", "unexpired"]


async def test_all_who_wait_share_one_reading(feed: RevocationFeed, log: ListLog) -> None:
    """A view too old costs one query, however many requests find it so."""
    log.readings.clear()
    log.answering.clear()
    waiting = [asyncio.create_task(feed.catch_up()) for _ in range(50)]
    await asyncio.sleep(0)
    log.answering.set()
    await asyncio.gather(*waiting)
    assert log.readings == ["since"]


async def test_one_who_leaves_takes_nobody_along(feed: RevocationFeed, log: ListLog) -> None:
    """A cancelled request does not cancel the reading others wait for."""
    log.add("session", session_id=SESSION)
    log.answering.clear()
    leaving, staying = (asyncio.create_task(feed.catch_up()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    log.answering.set()
    await staying
    assert feed.is_revoked(caller())


async def test_after_a_failure_nobody_asks_for_a_while(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """A database that is away is not asked once a request; a second later it is asked again."""
    log.away = True
    clock.advance(FRESH_SECONDS)
    log.readings.clear()
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await feed.catch_up()
    assert len(log.readings) == 1
    log.away = False
    clock.advance(POLL_SECONDS)
    await feed.catch_up()
    assert feed.age_seconds == 0


async def test_a_database_that_hangs_holds_nobody_for_long(feed: RevocationFeed, log: ListLog) -> None:
    """Whoever waited in vain is told so, the next ones at once; the reading itself may still end."""
    log.answering.clear()
    log.readings.clear()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await asyncio.wait_for(feed.catch_up(), 10)
    assert len(log.readings) == 1
    log.answering.set()
    await asyncio.sleep(0.01)
    await feed.catch_up()


class Bell:
    """``Announcements`` that a test rings."""

    def __init__(self) -> None:
        self.rung, self.awaited = asyncio.Event(), asyncio.Event()

    async def wait(self, *, timeout_seconds: float) -> None:
        self.awaited.set()
        await self.rung.wait()
        self.rung.clear()

    async def ring(self) -> None:
        """Returns when all that follows was done."""
        await self.awaited.wait()
        self.awaited.clear()
        self.rung.set()
        await self.awaited.wait()


async def test_following_reads_when_something_is_announced(
    log: ListLog, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """And tells the operator once that the database went away, and once that it is back."""
    bell = Bell()
    feed = RevocationFeed(log, clock, announcements=bell)
    follower = asyncio.create_task(feed.follow())

    log.add("session", session_id=SESSION)
    await bell.ring()
    assert feed.is_revoked(caller())
    log.away = True
    await bell.ring()
    await bell.ring()
    log.away = False
    await bell.ring()
    await bell.ring()
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "revocation feed: the database does not answer: away",
        "revocation feed: the database answers again",
    ]
    follower.cancel()
    with pytest.raises(asyncio.CancelledError):
        await follower
