"""A token that the gate has seen before is refused as soon as one that it sees for the first time."""

from __future__ import annotations

import asyncio
import json
import operator
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.gate.good_tokens import GOOD_TOKENS
from tests.gate.own_service import AUDIENCE, BASE_URL, OwnService, own_service
from watchword import CurrentPrincipal, require_auth
from watchword.auth.token_validator import LEEWAY_SECONDS
from watchword.protocol.principal import Principal


@pytest.fixture
def service(tmp_path: Path) -> Iterator[OwnService]:
    with own_service(tmp_path) as running:
        yield running


def code(service: OwnService, token: str, path: str = "/closed") -> str:
    """How a route answers: "ok", or the code of the refusal."""
    answer = service.client.get(path, headers={"authorization": f"Bearer {token}"})
    return "ok" if answer.status_code == 200 else str(answer.json()["code"])


def seen(service: OwnService, **claims: Any) -> str:
    """A token that was let in twice."""
    token = service.forge.token(service.forge.json(**claims))
    assert [code(service, token), code(service, token)] == ["ok", "ok"]
    return token


def test_good_tokens_are_good_twice(service: OwnService) -> None:
    """The second answer is the first one, to the byte."""
    for case in GOOD_TOKENS:
        token = case.build(service.forge)
        assert isinstance(token, str)
        headers = {"authorization": f"Bearer {token}"}
        first, second = (service.client.get("/closed", headers=headers) for _ in range(2))
        assert (first.status_code, first.content) == (200, second.content), case.name


def test_x_12_a_seen_token_expires_to_the_second(service: OwnService) -> None:
    """Accepted in the last second of the leeway, refused in the next and in every one after it."""
    token = seen(service, exp=service.forge.now + 10)
    service.clock.advance(10 + LEEWAY_SECONDS - 1)
    assert code(service, token) == "ok"
    for _ in range(3):
        service.clock.advance(1)
        assert code(service, token) == "invalid_token"


def test_x_12_a_request_outlives_its_token(service: OwnService) -> None:
    """Who was let in is answered, however long that takes; the next request is refused."""

    @service.app.get("/slow")
    @require_auth
    async def slow(caller: CurrentPrincipal) -> str:
        service.clock.advance(20)
        return caller.subject

    token = seen(service, exp=service.forge.now + 10)
    assert [code(service, token, "/slow"), code(service, token, "/slow")] == ["ok", "invalid_token"]


@pytest.mark.parametrize("path", ["/taken", "/taken-apart"])
def test_claims_cannot_be_poisoned(service: OwnService, path: str) -> None:
    """What a handler does to its caller reaches neither the next request with the same token nor one
    that runs at the same time."""
    callers: list[Principal] = []

    def taken(caller: CurrentPrincipal) -> bool:
        callers.append(caller)
        return _poison(caller)

    service.app.add_api_route("/taken", require_auth(taken))
    service.app.add_api_route("/taken-apart", require_auth(roles=["editor"])(taken))
    token = service.forge.token(service.forge.json(groups=[{"name": "one", "of": ["a"]}], aud=[AUDIENCE]))
    for _ in range(3):
        answer = service.client.get(path, headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()) == (200, False)
    for caller in callers:
        assert caller == callers[0]
        assert caller.roles == frozenset({"editor"})
        assert caller.claims["groups"] == ({"name": "one", "of": ("a",)},)
        assert json.dumps(list(caller.claims["roles"])) == '["editor"]'


def _poison(caller: Principal) -> bool:
    """Try everything that changes lists, objects and the caller itself; whether anything gave way."""
    claims: Any = caller.claims
    attempts: list[Callable[[], Any]] = [
        lambda: claims["roles"].append("admin"),
        lambda: operator.setitem(claims["roles"], 0, "admin"),
        lambda: operator.setitem(claims, "sub", "somebody-else"),
        lambda: operator.setitem(claims["groups"][0], "name", "two"),
        lambda: claims["groups"][0]["of"].append("b"),
        lambda: claims["groups"][0].update(name="two"),
        lambda: claims.clear(),
        lambda: caller.roles.add("admin"),  # type: ignore[attr-defined]
        lambda: setattr(caller, "roles", frozenset({"admin"})),
        lambda: setattr(caller, "remembered", True),
    ]
    gave_way = []
    for attempt in attempts:
        with suppress(AttributeError, TypeError):
            attempt()
            gave_way.append(attempt)
    return bool(gave_way)


def test_x_09_a_thousand_requests_may_come_with_one_token(service: OwnService) -> None:
    """A bearer token is no single-use thing: all of them are let in, also the first ones, that find
    it unknown together."""
    headers = {"authorization": f"Bearer {service.forge.token()}"}

    async def storm() -> list[int]:
        transport = httpx2.ASGITransport(service.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as client:
            answers = await asyncio.gather(*(client.get("/closed") for _ in range(1000)))
            return [each.status_code for each in answers]

    assert service.client.portal is not None
    assert service.client.portal.call(storm) == [200] * 1000
