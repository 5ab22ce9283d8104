"""A provider's signing keys through renewals, outages and rotations, as one process knows them."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.auth.publishing import Publisher, Reader
from watchword.auth.provider_keys import FRESH_SECONDS, STALE_SECONDS, UNKNOWN_KID_COOLDOWN_SECONDS
from watchword.testing import FakeClock

A_RENEWAL_SECONDS = 0.8 * FRESH_SECONDS
TOO_OLD_SECONDS = 1.2 * FRESH_SECONDS


@pytest.fixture
async def reader(clock: FakeClock) -> Reader:
    return Reader(Publisher(), clock)


async def test_flt_18_a_herd_on_an_expired_set_asks_once_and_waits_for_nothing(reader: Reader) -> None:
    """1,000 at once in the last fifth of the ten minutes and the first of the next: one request, held
    back by the provider, and every one of them is answered from the old set meanwhile."""
    token, publisher = reader.token(), reader.publisher
    assert await reader.sign_in(token) is None
    for age_seconds in (A_RENEWAL_SECONDS, TOO_OLD_SECONDS - 1):
        before = publisher.asked
        reader.clock.advance(age_seconds)
        publisher.answering.clear()
        herd = await asyncio.gather(*(reader.call(token) for _ in range(1000)))
        assert herd == [None] * 1000
        assert await reader.sign_in(token) is None
        assert publisher.asked == before + 1
        publisher.answering.set()
        await reader.landed()
        assert reader.keys.age_seconds == 0
        assert publisher.asked == before + 1


async def test_flt_18_a_herd_on_a_set_that_is_too_old_waits_for_one_request(reader: Reader) -> None:
    """From 120 % of its freshness on, because a key may have been withdrawn since."""
    old = reader.token()
    assert await reader.sign_in(old) is None
    reader.publisher.ring.rotate(keep_previous=False)
    reader.clock.advance(TOO_OLD_SECONDS)
    herd = await asyncio.gather(*(reader.call(reader.token()) for _ in range(1000)))
    assert herd == [None] * 1000
    assert reader.publisher.asked == 2
    assert await reader.call(old) == "refused"


async def test_before_they_age_nothing_is_asked(reader: Reader) -> None:
    """Up to 80 % of ten minutes."""
    assert await reader.sign_in(reader.token()) is None
    reader.clock.advance(A_RENEWAL_SECONDS - 1)
    assert await reader.sign_in(reader.token()) is None
    await reader.landed()
    assert reader.publisher.asked == 1


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, 600),
        ("public, max-age=300", 300),
        ("max-age=1000000000", 600),
        ("max-age=0", 60),
        ("no-store", 60),
        ("no-cache", 60),
    ],
)
async def test_key_5_they_are_fresh_for_as_long_as_their_answer_says(
    reader: Reader, said: str | None, seconds: int
) -> None:
    """Between a minute and ten, whatever it says: no request at 79 % of it, one at 120 %."""
    reader.publisher.headers = {} if said is None else {"cache-control": said}
    for asked in (1, 2):
        reader.clock.advance(1.2 * seconds - 0.79 * seconds)
        assert await reader.sign_in(reader.token()) is None
        reader.clock.advance(0.79 * seconds)
        assert await reader.sign_in(reader.token()) is None
        assert reader.publisher.asked == asked


FAULTS = {
    "away": {"away": True},
    "500": {"status": 500},
    "429": {"status": 429},
    "no keys": {"served": b'{"keys": []}'},
    "none that can be used": {"served": json.dumps({"keys": [{"kty": "oct", "k": "AA"}] * 3}).encode()},
    "cut off": {"served": b'{"keys": ['},
    "too many lists": {"served": b'{"keys": [], "x": [' + b"[]," * 1000 + b"0]}"},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_flt_19_known_keys_count_for_a_day_and_not_a_second_more(
    reader: Reader, fault: dict[str, bool | int | bytes]
) -> None:
    """Whatever is given out in place of the keys; then tokens are 503, not forgeries. They count again
    with the first good answer."""
    token, publisher = reader.token(), reader.publisher
    assert await reader.sign_in(token) is None
    vars(publisher).update(fault)
    reader.clock.advance(STALE_SECONDS - 1)
    assert await reader.sign_in(token) is await reader.call(token) is None
    reader.clock.advance(1)
    assert reader.keys.age_seconds is None
    for refused in (await reader.sign_in(token), await reader.call(token)):
        assert refused is not None
        assert refused.startswith("provider_")
    vars(publisher).update(away=False, status=200, served=None)
    reader.clock.advance(60)
    assert await reader.sign_in(token) is await reader.call(token) is None


async def test_nobody_waits_for_a_provider_that_is_known_to_fail(reader: Reader) -> None:
    """The first who needs a younger set finds out. After that all are served at once, and the keys are
    tried in the background: no oftener than every ten seconds, and then as the breaker lets them."""
    token, publisher = reader.token(), reader.publisher
    assert await reader.sign_in(token) is None
    publisher.away = True
    reader.clock.advance(TOO_OLD_SECONDS)
    assert await reader.call(token) is None
    assert publisher.asked == 2
    publisher.answering.clear()
    for seconds, asked in ((9, 2), (1, 3), (30, 3)):
        reader.clock.advance(seconds)
        assert await reader.call(token) is await reader.sign_in(token) is None
        await reader.landed()
        assert publisher.asked == asked
    publisher.answering.set()
    for _ in range(60):
        await reader.landed()
        reader.clock.advance(5)
        assert await reader.call(token) is await reader.sign_in(token) is None
    assert publisher.asked < 20
    publisher.away = False
    for _ in range(15):
        reader.clock.advance(5)
        assert await reader.call(token) is None
        await reader.landed()
    assert reader.keys.age_seconds is not None
    assert reader.keys.age_seconds < 75


async def test_a_failure_of_long_ago_says_nothing_about_now(reader: Reader) -> None:
    """A set that is too old is asked for first again when nobody has tried for a minute."""
    old = reader.token()
    assert await reader.sign_in(old) is None
    reader.publisher.away = True
    reader.clock.advance(TOO_OLD_SECONDS)
    assert await reader.sign_in(old) is None
    reader.publisher.away = False
    reader.publisher.ring.rotate(keep_previous=False)
    reader.clock.advance(60)
    assert await reader.call(old) == "refused"


async def test_flt_14_keys_rotated_during_the_outage(reader: Reader) -> None:
    """Tokens of the new key are 503 until it can be had, and good as soon as the breaker lets the next
    request through; those of the old key are good all the while."""
    old, publisher = reader.token(), reader.publisher
    assert await reader.sign_in(old) is None
    publisher.away = True
    publisher.ring.rotate()
    new = reader.token()
    for _ in range(4):
        for sent_by in (reader.sign_in, reader.call):
            assert await sent_by(new) in ("provider_unavailable", "provider_circuit_open")
            assert await sent_by(old) is None
        reader.clock.advance(5)
    publisher.away = False
    reader.clock.advance(10)
    assert await reader.sign_in(new) is await reader.call(new) is None
    assert await reader.sign_in(old) is None


async def test_flt_14_whoever_comes_as_a_fetch_fails_is_told_of_the_outage(reader: Reader) -> None:
    """Not that the token is forged: a fetch that failed has told nothing, at no moment of its landing."""
    assert await reader.sign_in(reader.token()) is None
    reader.publisher.away = True
    reader.publisher.ring.rotate()
    new = reader.token()

    async def come(turns: int) -> str | None:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await reader.sign_in(new)

    for turns in range(20):
        told = await asyncio.gather(come(0), come(turns))
        assert set(told) <= {"provider_unavailable", "provider_circuit_open"}


async def test_flt_22_a_cdn_gives_out_the_old_set_for_ten_minutes(reader: Reader) -> None:
    """Tokens of the new key are refused, with one request in half a minute on each account however many
    come; with the first fresh answer they are good."""
    old, publisher = reader.token(), reader.publisher
    assert await reader.sign_in(old) is None
    publisher.served = publisher.published()
    publisher.headers = {"cache-control": "max-age=600", "age": "300"}
    publisher.ring.rotate()
    new = reader.token()
    half_minutes = 600 // UNKNOWN_KID_COOLDOWN_SECONDS
    for _ in range(half_minutes):
        for _ in range(10):
            assert await reader.sign_in(new) == "id_token_rejected"
            assert await reader.call(new) == "refused"
        assert await reader.call(old) is None
        reader.clock.advance(UNKNOWN_KID_COOLDOWN_SECONDS)
    assert publisher.asked <= 1 + 2 * half_minutes
    publisher.served = None
    assert await reader.call(new) is await reader.sign_in(new) is None


async def test_a_purge_leaves_nothing_to_verify_with(reader: Reader) -> None:
    """Neither what is held nor what was asked for before: whoever waits for that waits for another
    answer. While there is none, nothing is verified."""
    stolen, publisher = reader.token(), reader.publisher
    publisher.answering.clear()
    waiting = asyncio.create_task(reader.sign_in(stolen))
    await reader.landed()
    publisher.ring.rotate(keep_previous=False)
    reader.keys.forget()
    assert reader.keys.age_seconds is None
    publisher.answering.set()
    assert await waiting == "id_token_rejected"
    assert await reader.call(reader.token()) is None
    publisher.away = True
    reader.keys.forget()
    assert await reader.call(reader.token()) == "provider_unavailable"
    publisher.away = False
    assert await reader.sign_in(reader.token()) is None
