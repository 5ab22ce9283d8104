"""A replica cut off from the database that the others still reach."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import make_url

from tests.servers.line import Line, line_to
from tests.servers.postgres import PostgresServer
from tests.sessions.callers import Call, Place, Post, post
from watchword.auth.revocation import FRESH_SECONDS
from watchword.errors import DatabaseUnavailable, SessionEnded
from watchword.protocol.principal import Principal, Rejected

STALE_SECONDS = 30

pytestmark = pytest.mark.postgres


@pytest.fixture
async def line(postgres_server: PostgresServer) -> AsyncIterator[Line]:
    async with line_to(postgres_server.socket) as opened:
        yield opened


async def refused_with(there: Post, access_token: str) -> type[Exception] | None:
    """What a request with the token is refused with; None where it is let in."""
    identity = await there.replica.identify(access_token)
    if isinstance(identity, Rejected):
        return type(identity.error)
    assert isinstance(identity, Principal)
    return None


async def test_ses_49_a_replica_that_is_cut_off_believes_its_view_for_so_long_and_no_longer(
    line: Line, postgres_url: str
) -> None:
    """It accepts what it accepted for 30 s and nothing after that; a logout it could not hear of is
    true at once when it is back; refreshes are 503 meanwhile and use nothing up."""
    by_line = f"postgresql+asyncpg://postgres@127.0.0.1:{line.port}/{make_url(postgres_url).database}"
    async with AsyncExitStack() as stack:
        near, far = await post(Place(postgres_url), stack), await post(Place(by_line), stack)
        ended, living = await near.replica.open("alice"), await near.replica.open("bob")
        await line.close()
        await near.replica.manager.end(ended.session.session_id, reason="logout")
        for seconds in (0, FRESH_SECONDS + 1, STALE_SECONDS - FRESH_SECONDS - 1):
            far.replica.clock.advance(seconds)
            assert await refused_with(far, ended.access.text) is None
            assert await refused_with(near, ended.access.text) is SessionEnded
        assert (await far.answer(Call("refresh", living.refresh_token))).outcome == DatabaseUnavailable.code
        far.replica.clock.advance(1)
        for token in (ended.access.text, living.access.text):
            assert await refused_with(far, token) is DatabaseUnavailable
        await line.open()
        far.replica.clock.advance(1)
        assert await refused_with(far, ended.access.text) is SessionEnded
        assert await refused_with(far, living.access.text) is None
        assert (await far.answer(Call("refresh", living.refresh_token))).outcome == "granted"
