"""Every other ending beside refreshes of the same session, at replicas that know nothing of each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from random import Random
from typing import Literal

import pytest

from tests.sessions.callers import Call, Place, Post, by_tasks, post
from watchword.protocol.principal import Principal

ROUNDS = 12


@pytest.fixture
async def observer(database_url: str) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield await post(Place(database_url), stack)


@pytest.mark.parametrize("ending", ["everywhere", "revoke", "close"])
async def test_ses_05_nothing_survives_an_ending_beside_a_refresh(
    observer: Post, database_url: str, ending: Literal["everywhere", "revoke", "close"]
) -> None:
    """Logged out everywhere, revoked by an operator, account disabled: two replicas refresh while a
    third ends it, a moment before or after. Then no refresh token works, no access token is accepted, and
    whoever came too late was refused, not told of an error."""
    random = Random(ending)  # noqa: S311
    grants = [await observer.replica.open(f"person-{each}") for each in range(ROUNDS)]
    refreshes = [[Call("refresh", each.refresh_token, random.uniform(0, 15)) for each in grants]] * 2
    ids = [each.session.session_id if ending == "revoke" else each.session.user_id for each in grants]
    endings = [Call(ending, str(each), random.uniform(0, 15)) for each in ids]
    answers = await by_tasks(Place(database_url), [*refreshes, endings])
    assert {each.outcome for each in answers[-ROUNDS:]} == {"done"}
    assert {each.outcome for each in answers[:-ROUNDS]} <= {"granted", "refused"}
    granted = [each for each in answers[:-ROUNDS] if each.outcome == "granted"]
    await observer.replica.feed.poll()
    for token in [*(each.refresh_token for each in grants), *(each.refresh_token for each in granted)]:
        assert (await observer.answer(Call("refresh", token))).outcome == "refused"
    for access in [*(each.access.text for each in grants), *(each.access_token for each in granted)]:
        assert not isinstance(await observer.replica.identify(access), Principal)
