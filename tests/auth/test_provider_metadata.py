"""A provider's metadata through renewals and outages, as one process knows them."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.auth.publishing import Publisher
from watchword.auth.provider_guard import ProviderGuard
from watchword.auth.provider_metadata import FRESH_SECONDS, STALE_SECONDS, MetadataSource
from watchword.errors import ProviderUnavailable, WatchwordError
from watchword.protocol.issuer_rule import IssuerRule
from watchword.testing import FakeClock

ISSUER = "https://idp.example.test"


def document(edition: int) -> bytes:
    said = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize/{edition}",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }
    return json.dumps(said).encode()


class Metadata:
    """The source under test and its publisher."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.publisher = Publisher()
        self.publisher.served = document(1)
        self.source = MetadataSource(
            self.publisher,
            clock,
            ProviderGuard("main", clock, draw=lambda: 0.0),
            issuer=IssuerRule(ISSUER),
            allow_loopback_http=False,
        )

    async def edition(self) -> int:
        return int((await self.source.get()).authorization_endpoint.rpartition("/")[2])

    async def landed(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def metadata(clock: FakeClock) -> Metadata:
    return Metadata(clock)


async def test_they_are_renewed_behind_peoples_backs(metadata: Metadata) -> None:
    """From 80 % of a day on, for once; nobody waits for it."""
    assert await metadata.edition() == 1
    metadata.publisher.served = document(2)
    metadata.clock.advance(0.8 * FRESH_SECONDS - 1)
    assert await metadata.edition() == 1
    assert metadata.publisher.asked == 1
    metadata.clock.advance(1)
    metadata.publisher.answering.clear()
    assert await asyncio.gather(*(metadata.edition() for _ in range(100))) == [1] * 100
    metadata.publisher.answering.set()
    await metadata.landed()
    assert await metadata.edition() == metadata.publisher.asked == 2
    assert metadata.source.age_seconds == 0


async def test_after_a_day_and_a_fifth_they_are_waited_for(metadata: Metadata) -> None:
    """Nobody is sent where nothing may be any more."""
    assert metadata.source.age_seconds is None
    assert await metadata.edition() == 1
    metadata.publisher.served = document(2)
    metadata.clock.advance(1.2 * FRESH_SECONDS)
    assert await asyncio.gather(*(metadata.edition() for _ in range(100))) == [2] * 100
    assert metadata.publisher.asked == 2


async def test_the_last_good_ones_serve_for_a_week_and_not_a_second_more(metadata: Metadata) -> None:
    """Of a provider that is away, or says nothing of use."""
    for fault in ({"away": True}, {"served": b"{}"}, {"status": 500}):
        metadata.publisher.served = document(1)
        assert await metadata.edition() == 1
        vars(metadata.publisher).update(fault)
        metadata.clock.advance(STALE_SECONDS - 1)
        assert await metadata.edition() == 1
        metadata.clock.advance(60)
        with pytest.raises(WatchwordError):
            await metadata.edition()
        vars(metadata.publisher).update(away=False, status=200)
        metadata.clock.advance(60)


async def test_after_a_purge_nothing_is_known(metadata: Metadata) -> None:
    """Nor kept of what was asked for before; a provider that is away leaves it at that."""
    metadata.publisher.answering.clear()
    waiting = asyncio.create_task(metadata.edition())
    await metadata.landed()
    metadata.publisher.served = document(2)
    metadata.source.forget()
    metadata.publisher.answering.set()
    assert await waiting == 2
    metadata.publisher.away = True
    metadata.source.forget()
    assert metadata.source.known is None
    with pytest.raises(ProviderUnavailable):
        await metadata.edition()
