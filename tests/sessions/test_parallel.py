"""Callers at the same moment: tasks over two pools, and processes, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from random import Random
from typing import Literal
from uuid import UUID

import pytest
from sqlalchemy import func, select

from tests.sessions.accounts import set_active
from tests.sessions.callers import Answer, Call, Place, Post, by_processes, by_tasks, post
from watchword.auth.grants import Grant
from watchword.models import Identity, Session, User
from watchword.protocol.principal import Principal

Together = Callable[[Place, Sequence[Sequence[Call]]], Awaitable[list[Answer]]]
ROUNDS = 12


TOGETHER: dict[str, Together] = {"tasks": by_tasks, "processes": by_processes}
PROCESSES = 3


@pytest.fixture(params=TOGETHER)
def together(request: pytest.FixtureRequest) -> Together:
    return TOGETHER[request.param]


@pytest.fixture
async def observer(database_url: str) -> AsyncIterator[Post]:
    """One more replica, which prepares what the callers meet on and looks at what they left."""
    async with AsyncExitStack() as stack:
        yield await post(Place(database_url), stack)


def spread(calls: Sequence[Call], together: Together) -> list[list[Call]]:
    """Over several processes, or all on one connection pool that is smaller than they are many."""
    groups = PROCESSES if together is by_processes else 1
    return [list(calls[each::groups]) for each in range(groups)]


def outcomes(answers: Sequence[Answer]) -> Counter[str]:
    return Counter(each.outcome for each in answers)


async def works(observer: Post, token: str) -> bool:
    return (await observer.answer(Call("refresh", token))).outcome == "granted"


async def accepted(observer: Post, access_token: str) -> bool:
    await observer.replica.feed.poll()
    return isinstance(await observer.replica.identify(access_token), Principal)


few_and_many = pytest.mark.parametrize(
    ("together", "callers"),
    [("tasks", 2), ("tasks", 5), ("tasks", 20), ("processes", 20)],
    indirect=["together"],
)


@few_and_many
async def test_ses_01_without_overlap_one_of_many_wins_and_the_session_ends(
    observer: Post, database_url: str, together: Together, callers: int
) -> None:
    """Any second use is a replay: one success, everybody else refused as invalid_grant and not by
    an error, and no token alive afterwards."""
    token = (await observer.replica.open()).refresh_token
    calls = spread([Call("refresh", token)] * callers, together)
    answers = await together(Place(database_url, overlap_seconds=0), calls)
    counted = outcomes(answers)
    assert counted["granted"] == 1
    assert counted["refused"] + counted["replayed"] == callers - 1
    assert counted["replayed"] >= 1
    winner = next(each for each in answers if each.outcome == "granted")
    assert not await works(observer, winner.refresh_token)
    assert not await works(observer, token)
    assert not await accepted(observer, winner.access_token)


@few_and_many
async def test_ses_02_inside_the_overlap_all_get_the_same_successor(
    observer: Post, database_url: str, together: Together, callers: int
) -> None:
    """Tabs that wake up together all go on, with one live token between them."""
    opened = await observer.replica.open()
    calls = spread([Call("refresh", opened.refresh_token)] * callers, together)
    answers = await together(Place(database_url), calls)
    assert outcomes(answers) == {"granted": callers}
    (successor,) = {each.refresh_token for each in answers}
    assert all([await accepted(observer, each.access_token) for each in answers])
    facts = await observer.database.sessions.facts(opened.session.session_id)
    assert facts is not None
    assert facts.generation == 2
    assert await works(observer, successor)


async def test_ses_03_many_sessions_do_not_touch_each_other(observer: Post, database_url: str) -> None:
    """Each of them is refreshed again and again beside all others, and stays itself."""
    sessions = [await observer.replica.open(f"person-{each}") for each in range(10)]
    tokens = {str(each.session.session_id): each.refresh_token for each in sessions}
    for _ in range(3):
        calls = spread([Call("refresh", token) for token in tokens.values()], by_tasks)
        answers = await by_tasks(Place(database_url), calls)
        assert outcomes(answers) == {"granted": len(sessions)}
        renewed = {each.session_id: each.refresh_token for each in answers}
        assert renewed.keys() == tokens.keys()
        assert not set(renewed.values()) & set(tokens.values())
        tokens = renewed


async def race(
    observer: Post, url: str, together: Together, against: Literal["logout", "disable"]
) -> list[tuple[Grant, list[Answer]]]:
    """In each round two refreshes of one session, and ``against`` a moment before or after them;
    all rounds at once. What was opened and what the refreshes brought."""
    random = Random(against)  # noqa: S311
    opened = [await observer.replica.open(f"person-{each}") for each in range(ROUNDS)]
    refreshes, others = [], []
    for number, grant in enumerate(opened):
        target = str(grant.session.session_id) if against == "logout" else f"person-{number}"
        others.append(Call(against, target, after_ms=random.uniform(0, 15)))
        refreshes.append(Call("refresh", grant.refresh_token, after_ms=random.uniform(0, 15)))
    answers = await together(Place(url), [refreshes, refreshes, others])
    first, second, ended = (answers[ROUNDS * each : ROUNDS * (each + 1)] for each in range(3))
    assert outcomes(ended) == {"done": ROUNDS}
    assert outcomes(first + second).keys() <= {"granted", "refused"}
    return [(grant, [one, two]) for grant, one, two in zip(opened, first, second, strict=True)]


async def test_ses_04_nothing_survives_a_logout_beside_a_refresh(
    observer: Post, database_url: str, together: Together
) -> None:
    """Whichever comes first, afterwards no refresh token works and no access token is accepted."""
    for grant, answers in await race(observer, database_url, together, "logout"):
        granted = [each for each in answers if each.outcome == "granted"]
        for token in [grant.refresh_token, *(each.refresh_token for each in granted)]:
            assert not await works(observer, token)
        for access_token in [grant.access.text, *(each.access_token for each in granted)]:
            assert not await accepted(observer, access_token)


async def test_ses_05_nothing_survives_disabling_beside_a_refresh(
    observer: Post, database_url: str, together: Together
) -> None:
    """The status of the account is part of the rotation itself; whoever is let in again goes on
    with what they hold."""
    for number, (grant, answers) in enumerate(await race(observer, database_url, together, "disable")):
        granted = [each for each in answers if each.outcome == "granted"]
        newest = granted[0].refresh_token if granted else grant.refresh_token
        assert not await works(observer, newest)
        for access_token in [grant.access.text, *(each.access_token for each in granted)]:
            assert not await accepted(observer, access_token)
        await set_active(observer.database, f"person-{number}", True, now=observer.replica.clock.now())
        assert await works(observer, newest)


async def test_ses_06_the_grandparent_beside_a_refresh_ends_the_session(
    observer: Post, database_url: str, together: Together
) -> None:
    """No order of the two leaves a survivor."""
    old, current = [], []
    for each in range(ROUNDS):
        token = (await observer.replica.open(f"person-{each}")).refresh_token
        old.append(Call("refresh", token))
        for _ in range(2):
            token = (await observer.answer(Call("refresh", token))).refresh_token
        current.append(Call("refresh", token))
    answers = await together(Place(database_url), [old, current])
    assert outcomes(answers[:ROUNDS]) == {"replayed": ROUNDS}
    for call, answer in zip(current, answers[ROUNDS:], strict=True):
        assert answer.outcome in ("granted", "refused")
        assert not await works(observer, call.argument)
        assert answer.outcome == "refused" or not await works(observer, answer.refresh_token)


@pytest.mark.parametrize("callers", [20])
async def test_ses_10_first_sign_ins_at_once_make_one_account(
    observer: Post, database_url: str, together: Together, callers: int
) -> None:
    """One person, one identity, and a session for every browser."""
    answers = await together(Place(database_url), spread([Call("sign-in", "newcomer")] * callers, together))
    assert outcomes(answers) == {"granted": callers}
    async with observer.database.engine.connect() as connection:
        counted = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (User, Identity, Session)
        ]
    assert counted == [1, 1, callers]
    live = [await observer.replica.manager.find(UUID(each.session_id)) for each in answers]
    assert len({each.user_id for each in live if each is not None}) == 1


async def test_logouts_at_once_are_one_ending(observer: Post, database_url: str) -> None:
    """Ten logouts of one session are ten successes and one entry of the feed."""
    grant = await observer.replica.open()
    calls = spread([Call("logout", str(grant.session.session_id))] * 10, by_tasks)
    assert outcomes(await by_tasks(Place(database_url), calls)) == {"done": 10}
    entries = await observer.database.revocations.since(0, again_from=observer.replica.clock.now())
    assert [each.kind for each in entries] == ["session"]
    assert not await accepted(observer, grant.access.text)
