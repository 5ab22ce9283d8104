"""What a process remembers of who accepted the terms, and how it asks for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import pytest

from watchword.auth.terms import AGAIN_SECONDS, TermsKeeper
from watchword.auth.terms_ports import AcceptedTerms
from watchword.errors import (
    AccountRequired,
    DatabaseUnavailable,
    SessionEnded,
    TermsChanged,
    TermsRequired,
)
from watchword.protocol.principal import Principal, Rejected
from watchword.protocol.terms import Acceptance, Terms, terms_of
from watchword.testing import FakeClock

TERMS = terms_of("1", b"Be kind.", None)
PAGE = "https://app.example.test/auth/terms"


@dataclass
class Store:
    """Acceptances in memory. ``gate`` holds looks up, ``away`` fails them."""

    clock: FakeClock
    accepted: dict[UUID, datetime] = field(default_factory=dict)
    gone: set[UUID] = field(default_factory=set)
    looks: list[UUID] = field(default_factory=list)
    gate: asyncio.Event | None = None
    away: bool = False

    async def accepted_at(self, user_id: UUID, terms: Terms) -> datetime | None:
        self.looks.append(user_id)
        found = self.accepted.get(user_id)
        if self.gate is not None:
            await self.gate.wait()
        if self.away:
            raise DatabaseUnavailable("away")
        return found

    async def accept(
        self, user_id: UUID, terms: Terms, *, now: datetime, session_id: UUID | None
    ) -> datetime | None:
        return None if user_id in self.gone else self.accepted.setdefault(user_id, now)

    async def history(self, user_id: UUID) -> Sequence[AcceptedTerms]:
        return []


def person(number: int) -> Principal:
    return Principal(
        user_id=str(UUID(int=number)),
        session_id=str(UUID(int=number)),
        client_id="browser",
        roles=frozenset(),
        scopes=frozenset(),
        issuer="https://app.example.test",
        subject=str(UUID(int=number)),
    )


@pytest.fixture
def store(watchword_clock: FakeClock) -> Store:
    return Store(watchword_clock)


@pytest.fixture
def keeper(store: Store) -> TermsKeeper:
    return TermsKeeper(TERMS, store, store.clock, terms_url=PAGE, max_remembered=3)


async def held_back(keeper: TermsKeeper, caller: Principal) -> bool:
    identity = await keeper.admit(caller)
    if identity is caller:
        return False
    assert isinstance(identity, Rejected)
    assert identity.behind is caller
    assert isinstance(identity.error, TermsRequired), identity.error
    assert identity.error.extensions == {"terms_url": PAGE}
    return True


async def test_whoever_accepted_is_looked_up_once(keeper: TermsKeeper, store: Store) -> None:
    """And is passed without waiting from then on."""
    store.accepted[UUID(int=1)] = store.clock.now()
    assert not keeper.remembers(person(1))
    for _ in range(3):
        assert not await held_back(keeper, person(1))
        assert keeper.remembers(person(1))
    assert store.looks == [UUID(int=1)]


async def test_whoever_has_not_is_looked_up_once_a_second(keeper: TermsKeeper, store: Store) -> None:
    """However often they ask; so an acceptance elsewhere counts here a second later."""
    for _ in range(5):
        assert await held_back(keeper, person(1))
    store.accepted[UUID(int=1)] = store.clock.now()
    assert await held_back(keeper, person(1))
    store.clock.advance(AGAIN_SECONDS)
    assert not await held_back(keeper, person(1))
    assert len(store.looks) == 2
    assert keeper.pending == 6


async def test_an_acceptance_here_counts_at_once(keeper: TermsKeeper, store: Store) -> None:
    """Also before a look that began earlier, and found nothing, is over."""
    store.gate = asyncio.Event()
    early = asyncio.create_task(held_back(keeper, person(1)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert store.looks
    await keeper.accept(UUID(int=1), Acceptance("1"), session_id=None)
    assert not await held_back(keeper, person(1))
    store.gate.set()
    assert not await early
    assert not await held_back(keeper, person(1))
    assert (keeper.acceptances, len(store.looks)) == (1, 1)


async def test_a_crowd_asks_once(keeper: TermsKeeper, store: Store) -> None:
    """A page that loads with many requests is one look; who leaves takes nobody's answer along."""
    store.gate = asyncio.Event()
    crowd = [asyncio.create_task(held_back(keeper, person(1))) for _ in range(50)]
    await asyncio.sleep(0)
    crowd[0].cancel()
    store.gate.set()
    answers = await asyncio.gather(*crowd, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [True] * 49
    assert len(store.looks) == 1


async def test_a_database_that_is_away_is_asked_once_a_second(keeper: TermsKeeper, store: Store) -> None:
    """Nothing is known then, which is no refusal for want of an acceptance; who is known goes on."""
    await keeper.accept(UUID(int=9), Acceptance("1"), session_id=None)
    store.away = True
    for number in (1, 1, 2, 3):
        identity = await keeper.admit(person(number))
        assert isinstance(identity, Rejected)
        assert isinstance(identity.error, DatabaseUnavailable)
        assert identity.behind == person(number)
    assert store.looks == [UUID(int=1)]
    assert not await held_back(keeper, person(9))
    store.away = False
    store.clock.advance(AGAIN_SECONDS)
    assert await held_back(keeper, person(1))


async def test_nobody_waits_for_a_database_that_hangs(store: Store) -> None:
    """Longer than the patience there is; and the next one not at all."""
    keeper = TermsKeeper(TERMS, store, store.clock, terms_url=PAGE, patience_seconds=0.01)
    store.gate = asyncio.Event()
    for number in (1, 2):
        identity = await keeper.admit(person(number))
        assert isinstance(identity, Rejected)
        assert isinstance(identity.error, DatabaseUnavailable)
    assert store.looks == [UUID(int=1)]
    store.gate.set()


async def test_memory_is_bounded(keeper: TermsKeeper, store: Store) -> None:
    """The account that was remembered first makes room and is looked up again."""
    for number in range(1, 5):
        await keeper.accept(UUID(int=number), Acceptance("1"), session_id=None)
    assert [keeper.remembers(person(number)) for number in range(1, 5)] == [False, True, True, True]
    assert not await held_back(keeper, person(1))
    store.looks.clear()
    for number in (11, 12, 13, 14, 11):
        assert await held_back(keeper, person(number))
    assert store.looks == [UUID(int=number) for number in (11, 12, 13, 14, 11)]


async def test_what_is_not_accepted(keeper: TermsKeeper, store: Store) -> None:
    """Other terms, by version or text; by nobody; by an account that is gone."""
    for other in (Acceptance("2"), Acceptance("1", "00" * 32)):
        with pytest.raises(TermsChanged) as refused:
            await keeper.accept(UUID(int=1), other, session_id=None)
        assert refused.value.extensions == {"version": "1"}
    with pytest.raises(AccountRequired):
        await keeper.accept(None, Acceptance("1"), session_id=None)
    store.gone.add(UUID(int=1))
    with pytest.raises(SessionEnded):
        await keeper.accept(UUID(int=1), Acceptance("1"), session_id=None)
    assert store.accepted == {}
    assert await held_back(keeper, person(1))


async def test_clients_pass_and_strangers_do_not(keeper: TermsKeeper, store: Store) -> None:
    """Without any look."""
    machine = replace(person(1), user_id=None, session_id=None, subject="batch", client_id="batch")
    assert not await held_back(keeper, machine)
    assert await held_back(keeper, replace(machine, subject="somebody"))
    assert store.looks == []
