"""One person whose answers nobody can use is refused, and keeps nobody else from signing in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.changes import drop, put
from tests.flows.conftest import Service
from tests.flows.raw_server import RawServer, sends
from watchword.dev_provider.behaviour import Change
from watchword.errors import ProviderPersonUnreadable, ProviderResponseInvalid
from watchword.transport.provider_http import HttpxProviderHttp

GROUPS = [f"group-{number:06}" for number in range(6000)]
JSON = {"content-type": "application/json"}
STRANGE: dict[str, tuple[str, Change]] = {
    "userinfo is too large": ("userinfo", put(groups=GROUPS)),
    "the ID token is too long": ("id_token_claims", put(groups=GROUPS[:1200])),
    "the token response is too large": ("id_token_claims", put(groups=GROUPS)),
    "there is no ID token": ("token_response", drop("id_token")),
}


def states(service: Service) -> set[str]:
    client = service.call(service.auth.services).providers["other"]
    return {each.state for each in client.health().endpoints.values()}


def tries(service: Service, times: int = 6) -> list[int]:
    return [service.sign_in(service.browser(), provider="other").status_code for _ in range(times)]


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_a_strange_person_closes_no_way_for_others(shared: Service, strange: tuple[str, Change]) -> None:
    """However often they try: others sign in by the same endpoints."""
    setattr(shared.provider.behaviour, *strange)
    assert tries(shared) == [502] * 6
    assert states(shared) == {"closed"}
    shared.provider.reset()
    assert shared.sign_in(shared.browser(), "bob", provider="other").status_code == 303


@pytest.mark.parametrize(
    "body", [b'{"sub": "dev-alice", "name": "\\ud800"}', b'{"sub": "dev-alice", "x": 1e999}']
)
def test_a_strange_name_closes_no_way_for_others(shared: Service, body: bytes) -> None:
    """JSON that only the strict reading refuses is no sign of an outage."""
    shared.provider.fail("userinfo", status=200, headers=JSON, body=body)
    assert tries(shared) == [502] * 6
    assert states(shared) == {"closed"}


def test_an_answer_that_is_no_json_is_an_outage(shared: Service) -> None:
    """Half an object under the right type is what a broken endpoint sends."""
    shared.provider.fail("userinfo", status=200, headers=JSON, body=b'{"sub": "dev-al')
    assert tries(shared) == [502] * 5 + [503]
    assert states(shared) == {"closed", "open"}


def answer(status: int, content_type: str) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: 70000\r\n\r\n"
    return head.encode() + b"x" * 70_000


@pytest.mark.parametrize(
    ("content_type", "error"),
    [("application/json", ProviderPersonUnreadable), ("text/html", ProviderResponseInvalid)],
)
async def test_too_much_is_told_by_its_type(
    http: HttpxProviderHttp, content_type: str, error: type[ProviderResponseInvalid]
) -> None:
    """Too much JSON may be one person's; a page of any size is none."""
    with RawServer(sends(answer(200, content_type))) as server, pytest.raises(error) as caught:
        await http.get(f"{server.address}/x", max_bytes=65_536)
    assert type(caught.value) is error


@pytest.mark.parametrize("status", [400, 429, 503])
async def test_of_a_long_error_the_status_is_enough(http: HttpxProviderHttp, status: int) -> None:
    """How much is written about an outage, or a refusal, does not make it another fault."""
    with RawServer(sends(answer(status, "application/json"))) as server:
        got: Any = await http.post_form(f"{server.address}/x", {}, max_bytes=65_536)
    assert (got.status, got.body) == (status, b"")


def test_a_limit_of_one_person_closes_no_way_for_others(shared: Service) -> None:
    """Userinfo answers 429 to somebody who signs in all the time: they wait, others do not."""
    assert shared.sign_in(shared.browser(), "bob", provider="other").status_code == 303
    shared.provider.fail("userinfo", status=429, headers={"retry-after": "30"})
    pages = [shared.sign_in(shared.browser(), "alice", provider="other") for _ in range(3)]
    assert [(page.status_code, page.headers["retry-after"]) for page in pages] == [(503, "30")] * 3
    assert states(shared) == {"closed"}
    shared.provider.heal()
    assert shared.sign_in(shared.browser(), "bob", provider="other").status_code == 303
    shared.provider.fail("userinfo", status=429)
    assert shared.sign_in(shared.browser(), "alice", provider="other").status_code == 503
    assert states(shared) == {"closed"}


def test_a_limit_that_two_people_meet_is_meant_for_all(shared: Service) -> None:
    """With no good answer in between: then userinfo is left alone for as long as it says."""
    assert shared.sign_in(shared.browser(), "carol", provider="other").status_code == 303
    shared.provider.fail("userinfo", status=429)
    for person in ("alice", "bob"):
        assert shared.sign_in(shared.browser(), person, provider="other").status_code == 503
    assert states(shared) == {"closed", "open"}
