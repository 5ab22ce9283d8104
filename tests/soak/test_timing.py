"""X-20 and the time an answer takes, measured: for `make soak`, because other machines are busier."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.gate.bad_tokens import BAD_TOKENS
from tests.gate.chain import Chain, running_chain
from tests.soak.timing import SOAK_SECONDS, ask, in_turns, welch_t

pytestmark = pytest.mark.soak
SIGNATURE_CHECK_MICROSECONDS = 40


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as made:
        yield made


def bearer(token: str) -> dict[bytes, bytes]:
    return {b"authorization": b"Bearer " + token.encode()}


def altered(text: str, at: int) -> str:
    """Another letter, of as many bits, in one place."""
    return text[:at] + ("A" if text[at] != "A" else "E") + text[at + 1 :]


async def test_x_20_where_a_refresh_token_is_wrong_makes_no_difference(chain: Chain) -> None:
    """Wrong in the first byte of its tag or in the last: Welch's t of medians stays below 4.5."""
    token = chain.refresh_token
    first, last = altered(token, len(token) - 42), altered(token, len(token) - 1)
    json = {b"content-type": b"application/json"}

    def refresh(wrong: str) -> Any:
        body = b'{"refresh_token": "' + wrong.encode() + b'"}'
        return partial(ask, chain.app, "POST", "/auth/refresh", json, body)

    assert await refresh(first)() == await refresh(last)() == 401
    found = await in_turns(refresh(first), refresh(last), seconds=SOAK_SECONDS / 3)
    assert welch_t(*found) < 4.5, [statistics.fmean(each) for each in found]


async def test_x_20_where_a_signature_is_wrong_makes_no_difference(chain: Chain) -> None:
    """The same for the two ends of an access token's signature."""
    token = chain.token
    first, last = altered(token, len(token) - 86), altered(token, len(token) - 2)
    asks = [partial(ask, chain.app, "GET", "/live", bearer(wrong)) for wrong in (first, last)]
    assert [await each() for each in asks] == [401, 401]
    found = await in_turns(asks[0], asks[1], seconds=SOAK_SECONDS / 3)
    assert welch_t(*found) < 4.5, [statistics.fmean(each) for each in found]


async def test_x_20_a_kid_nobody_has_takes_as_long_as_one_of_ours(chain: Chain) -> None:
    """The two take different ways to their refusal; they differ by less than a signature check."""
    forge = chain.forge
    ours = forge.signed_as(lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]))
    nobodys = forge.token(header=forge.header(kid="k" * len(forge.kid)))
    asks = [partial(ask, chain.app, "GET", "/live", bearer(wrong)) for wrong in (ours, nobodys)]
    assert [await each() for each in asks] == [401, 401]
    found = [statistics.fmean(each) for each in await in_turns(asks[0], asks[1], seconds=SOAK_SECONDS / 3)]
    assert abs(found[0] - found[1]) < SIGNATURE_CHECK_MICROSECONDS, found


async def test_every_refusal_is_quick(chain: Chain) -> None:
    """Below 5 ms for every bad token up to 8 KB, below 50 ms for 10 MB of anything (best of five)."""
    slow: dict[str, float] = {}

    async def measure(name: str, headers: dict[bytes, bytes], limit_seconds: float) -> None:
        best = 1.0
        for _ in range(5):
            begun = time.perf_counter()
            assert await ask(chain.app, "GET", "/live", headers) == 401
            best = min(best, time.perf_counter() - begun)
        if best > limit_seconds:
            slow[name] = best

    for case in BAD_TOKENS:
        built = case.build(chain.forge)
        token = built if isinstance(built, bytes) else built.encode("utf-8", "surrogatepass")
        if len(token) <= 8192:
            await measure(case.name, {b"authorization": b"Bearer " + token}, 0.005)
    for symbol in (b"a", b".", b"[", b"=", b";", b",", b"\xff"):
        huge = symbol * 10_000_000
        for name in (b"authorization", b"cookie", b"accept", b"x-forwarded-for"):
            await measure(f"{name!r} of {symbol!r}", {name: huge}, 0.05)
        await measure(f"bearer of {symbol!r}", {b"authorization": b"Bearer " + huge}, 0.05)
    assert not slow
