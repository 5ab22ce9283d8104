"""A token between its issue and its end: used often, used at once, used up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gate.chain import Chain, running_chain
from watchword import require_auth

AT_ONCE = 100


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as made:
        yield made


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_x_12_a_request_that_outlives_its_token_is_finished(chain: Chain) -> None:
    """Who was let in while the token was good gets an answer; the next request is refused."""
    life_seconds = chain.auth.settings.access_token_seconds

    @chain.app.get("/slow")
    @require_auth
    async def slow() -> str:
        chain.clock.advance(life_seconds + 6)
        return "finished"

    answers = [await chain.ask("GET", "/slow", bearer(chain.token)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[0].json() == "finished"
    assert answers[1].json()["code"] == "invalid_token"


async def test_x_09_one_token_in_many_requests_at_once_is_good_in_all(chain: Chain) -> None:
    """A bearer token is no single-use one: its ``jti`` is not remembered, and nobody waits for another."""
    asked = [chain.ask("POST", "/change", bearer(chain.token)) for _ in range(AT_ONCE)]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200}


async def test_x_10_a_key_that_is_revoked_or_from_elsewhere_signs_nobody_in(
    chain: Chain, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The ring of another service, even under our issuer's name, and our own key after its revocation."""
    async with running_chain(tmp_path_factory.mktemp("staging")) as staging:
        foreign = staging.token
        assert (await staging.ask("GET", "/live", bearer(foreign))).status_code == 200
    assert (await chain.ask("GET", "/live", bearer(foreign))).status_code == 401
    assert (await chain.ask("GET", "/live", bearer(chain.token))).status_code == 200
    services = await chain.auth.services()
    services.keyring.forget(services.keyring.active.kid)
    assert (await chain.ask("GET", "/live", bearer(chain.token))).status_code == 401
