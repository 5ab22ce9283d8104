"""What may refuse a sign-in sees the very access token that would come out of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from tests.contract.samples import rows
from tests.sessions.callers import Place, Post, post
from tests.sessions.parts import person
from watchword.auth.grants import BROWSER, ClientContext, Grant
from watchword.auth.token_issuer import IssuedToken
from watchword.errors import InvalidRequest


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield await post(Place(database_url), stack)


async def signed_in(here: Post, admit: Callable[[IssuedToken], None]) -> Grant:
    return await here.replica.manager.open(
        person("alice"),
        client_id=BROWSER,
        scopes=frozenset(),
        auth_time=here.replica.clock.now(),
        provider_sid=None,
        client=ClientContext(),
        admit=admit,
    )


async def test_the_token_that_was_admitted_is_handed_out(here: Post) -> None:
    """It was measured and found to fit; another one might not. Each sign-in has one of its own."""
    shown: list[IssuedToken] = []
    grants = [await signed_in(here, shown.append) for _ in range(2)]
    assert [each.access for each in grants] == shown
    assert shown[0] != shown[1]


async def test_nothing_has_happened_where_the_token_is_refused(here: Post) -> None:
    """Neither a session nor an account is left behind."""

    def refuse(token: IssuedToken) -> None:
        raise InvalidRequest("too long")

    with pytest.raises(InvalidRequest):
        await signed_in(here, refuse)
    for table in ("ww_sessions", "ww_users"):
        assert (await rows(here.database, f"SELECT count(*) FROM {table}"))[0][0] == 0
