"""Promises of rate limits, as callers meet them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import CLIENTS, SPA, FirstParty
from watchword.api.limited import LIMITED

if TYPE_CHECKING:
    from tests.servers.valkey import ValkeyTestServer

pytest_plugins = ["tests.servers.valkey"]

Call = tuple[str, str]
CALLS: Mapping[str, Call] = {
    "login": ("GET", "/auth/login"),
    "begin": ("GET", "/auth/login/dev"),
    "callback": ("GET", "/auth/callback/dev?code=x&state=y"),
    "refresh": ("POST", "/auth/refresh"),
    "token": ("POST", "/auth/token"),
    "introspect": ("POST", "/auth/introspect"),
    "authorize": ("GET", "/auth/authorize"),
    "terms": ("GET", "/auth/terms"),
}
SETTING = {name: name for name in CALLS} | {"begin": "login", "authorize": "login"}

every_call = pytest.mark.parametrize("name", list(CALLS))


async def send(service: Service, call: Call, *, peer: str | None, **options: Any) -> httpx2.Response:
    """One request straight at the app, from an address of its own."""
    client: Any = None if peer is None else (peer, 12345)
    transport = httpx2.ASGITransport(app=service.app, client=client)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as sender:
        return await sender.request(*call, **options)


def answer(
    service: Service, call: Call, *, peer: str | None = "192.0.2.1", **options: Any
) -> httpx2.Response:
    async def work() -> httpx2.Response:
        return await send(service, call, peer=peer, **options)

    response: httpx2.Response = service.call(work)
    return response


def refused(service: Service, call: Call, **options: Any) -> bool:
    return answer(service, call, **options).status_code == 429


@every_call
def test_ses_80_the_limit_passes_and_one_more_does_not(start_service: StartService, name: str) -> None:
    """Until the window has moved on; other callers and other routes are not touched."""
    service = start_service(rate_limits={SETTING[name]: "3/minute"})
    assert [refused(service, CALLS[name]) for _ in range(4)] == [False] * 3 + [True]
    assert not refused(service, CALLS[name], peer="192.0.2.2")
    assert not refused(service, ("GET", "/open"))
    service.clock.advance(30)
    response = answer(service, CALLS[name])
    assert (response.status_code, response.headers["retry-after"]) == (429, "30")
    service.clock.advance(30)
    assert not refused(service, CALLS[name])


@every_call
def test_ses_80_a_hundred_at_once_are_counted_exactly(start_service: StartService, name: str) -> None:
    """There is no moment between looking and counting."""
    service = start_service(rate_limits={SETTING[name]: "37/minute"})

    async def storm() -> list[int]:
        answers = await asyncio.gather(*(send(service, CALLS[name], peer="192.0.2.1") for _ in range(100)))
        return [each.status_code for each in answers]

    assert len([status for status in service.call(storm) if status != 429]) == 37


def test_every_limited_path_is_served(start_service: StartService) -> None:
    """A path that was renamed would lose its limit unnoticed; logout must never have one."""
    groups = [getattr(route, "routes", ()) for route in start_service().app.routes]
    served = {getattr(route, "path", None) for group in groups for route in group}
    assert served >= LIMITED.keys()
    assert "/auth/logout" in served - LIMITED.keys()


def test_the_pages_of_one_sign_in_count_together(start_service: StartService) -> None:
    """The list of providers and the way to one of them are one limit."""
    service = start_service(rate_limits={"login": "2/minute"})
    assert not refused(service, CALLS["login"])
    assert not refused(service, CALLS["begin"])
    assert refused(service, CALLS["login"])
    assert refused(service, CALLS["begin"])


@pytest.mark.parametrize("name", ["login", "begin", "callback", "authorize"])
def test_a_browser_reads_a_page(start_service: StartService, name: str) -> None:
    """In plain words, with when to come back, under the policy of all pages, kept by no cache."""
    service = start_service(rate_limits={SETTING[name]: "1/minute"})
    answer(service, CALLS[name])
    response = answer(service, CALLS[name], headers={"x-request-id": "ref-1"})
    assert response.status_code == 429
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "Please wait a moment and try again." in response.text
    assert "ref-1" in response.text
    assert response.headers["retry-after"] == "60"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("name", ["refresh", "token", "introspect"])
def test_a_client_reads_an_oauth_error(start_service: StartService, name: str) -> None:
    """RFC 6749 §5.2, since a client handles errors of that form already."""
    service = start_service(rate_limits={name: "1/minute"})
    answer(service, CALLS[name])
    response = answer(service, CALLS[name])
    assert response.status_code == 429
    assert response.headers["retry-after"] == "60"
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["error"] == "temporarily_unavailable"
    assert "wait" in response.json()["error_description"]


def test_a_refused_callback_uses_nothing_up(start_service: StartService) -> None:
    """The same address bar works once the window has moved on."""
    service = start_service(rate_limits={"callback": "1/second"})
    browser = service.browser()
    address = service.approve(service.begin(browser))
    assert browser.get("/auth/callback/dev?code=x&state=y").status_code == 400
    assert browser.get(address).status_code == 429
    assert browser.attempts
    service.clock.advance(1)
    assert browser.get(address).status_code == 303
    assert browser.signed_in


def test_a_refused_refresh_rotates_nothing(start_service: StartService) -> None:
    """Neither is it a use of the token that could count as a replay."""
    service = start_service(rate_limits={"refresh": "1/minute"}, refresh_overlap_seconds=0)
    browser = service.signed_in()
    assert answer(service, CALLS["refresh"], peer=None).status_code == 401
    held = browser.refresh
    response = refresh(browser, held)
    assert response.status_code == 429
    assert "set-cookie" not in response.headers
    service.clock.advance(60)
    assert refresh(browser, held).status_code == 200


def test_ses_80_logout_is_never_limited(start_service: StartService) -> None:
    """Whoever wants to leave may, whatever came before."""
    service = start_service(rate_limits=dict.fromkeys(("login", "callback", "refresh"), "1/hour"))
    browser = service.signed_in()
    for _ in range(150):
        assert service.browser().post("/auth/logout").status_code == 204
    assert browser.post("/auth/logout").status_code == 204
    assert not browser.signed_in


# --- sessions ----------------------------------------------------------------------------------


def refresh(browser: Browser, token: str) -> httpx2.Response:
    return browser.post("/auth/refresh", json={"refresh_token": token}, headers={"cookie": ""})


def test_one_session_refreshes_sixty_times_a_minute(start_service: StartService) -> None:
    """The one after that is refused without ending the session; other sessions go on."""
    service = start_service(rate_limits={"refresh": "1000/minute"})
    busy, calm = service.signed_in("alice"), service.signed_in("alice")
    token = busy.refresh
    for _ in range(60):
        response = refresh(busy, token)
        assert response.status_code == 200
        token = response.json()["refresh_token"]
    assert refresh(busy, token).status_code == 429
    assert refresh(calm, calm.refresh).status_code == 200
    service.clock.advance(60)
    assert refresh(busy, token).status_code == 200


def test_a_clients_session_is_counted_wherever_it_refreshes(start_service: StartService) -> None:
    """At ``/auth/token`` and ``/auth/refresh`` together; its page may read when to come back."""
    service = start_service(rate_limits={"refresh": "1000/minute"}, clients=CLIENTS)
    client = FirstParty(service)
    token = client.tokens()["refresh_token"]
    for number in range(60):
        response = refresh(service.browser(), token) if number % 2 else client.refresh(token)
        assert response.status_code == 200, response.text
        token = response.json()["refresh_token"]
    fields: dict[str, str | None] = {
        "grant_type": "refresh_token",
        "client_id": "spa",
        "refresh_token": token,
    }
    refused_one = client.post("/auth/token", fields, origin=SPA.removesuffix("/cb"))
    assert (refused_one.status_code, refused_one.json()["error"]) == (429, "temporarily_unavailable")
    assert refused_one.headers["retry-after"] == "60"
    assert refused_one.headers["access-control-allow-origin"] == SPA.removesuffix("/cb")
    service.clock.advance(60)
    assert client.refresh(token).status_code == 200


def test_ses_12_a_storm_of_replays_gets_one_successor_and_then_the_limit(start_service: StartService) -> None:
    """Inside the overlap, as far as the session's limit goes; the successor stays good."""
    service = start_service(rate_limits={"refresh": "1000/minute"})
    browser = service.signed_in()
    answers = [refresh(browser, browser.refresh) for _ in range(70)]
    assert [each.status_code for each in answers] == [200] * 60 + [429] * 10
    (successor,) = {each.json()["refresh_token"] for each in answers[:60]}
    service.clock.advance(60)
    assert refresh(browser, successor).status_code == 200


def test_ses_85_nobody_uses_up_a_strangers_session(start_service: StartService) -> None:
    """A token that only names a session is refused before it counts for that."""
    service = start_service(rate_limits={"refresh": "1000/minute"})
    victim = service.signed_in()
    raw = bytearray(base64.urlsafe_b64decode(victim.refresh.removeprefix("wtr_")))
    raw[-1] ^= 1
    forged = "wtr_" + base64.urlsafe_b64encode(raw).decode()
    assert {refresh(service.browser(), forged).status_code for _ in range(100)} == {401}
    assert refresh(victim, victim.refresh).status_code == 200


# --- whose address -----------------------------------------------------------------------------

SPOOFED = [
    {"X-Forwarded-For": "198.51.100.{n}"},
    {"X-Forwarded-For": "198.51.100.{n}, 203.0.113.{n}"},
    {"X-Forwarded-For": ", ".join(["198.51.100.{n}"] * 1000)},
    {"X-Forwarded-For": "2001:db8:{n}::1"},
    {"X-Forwarded-For": "[2001:db8:{n}::1]:443"},
    {"X-Forwarded-For": "198.51.100.{n}:1234"},
    {"X-Forwarded-For": "unknown, _hidden{n}"},
    {"X-Forwarded-For": "   198.51.100.{n}   "},
    {"x-forwarded-for": "198.51.100.{n}"},
    {"X_Forwarded_For": "198.51.100.{n}"},
    {"X-Forwarded": "for=198.51.100.{n}"},
    {"Forwarded": "for=198.51.100.{n};proto=https"},
    {"X-Real-IP": "198.51.100.{n}"},
    {"True-Client-IP": "198.51.100.{n}"},
    {"CF-Connecting-IP": "198.51.100.{n}"},
    {"X-Client-IP": "198.51.100.{n}"},
    {"X-Cluster-Client-IP": "198.51.100.{n}"},
    {"Fly-Client-IP": "198.51.100.{n}"},
    {"X-Originating-IP": "198.51.100.{n}"},
    {"Via": "1.1 198.51.100.{n}"},
]


@pytest.mark.parametrize(
    "template", SPOOFED, ids=[f"{n}-{next(iter(each))}" for n, each in enumerate(SPOOFED)]
)
def test_ses_81_no_header_makes_another_caller(start_service: StartService, template: dict[str, str]) -> None:
    """Without a trusted proxy the connection's own address counts, whatever the request claims."""
    service = start_service(rate_limits={"login": "3/minute"})
    statuses = []
    for n in range(4):
        headers = {name: value.replace("{n}", str(n)) for name, value in template.items()}
        statuses.append(answer(service, CALLS["login"], headers=headers).status_code)
    assert statuses == [200] * 3 + [429]


def test_ses_81_duplicate_headers_make_no_other_caller(start_service: StartService) -> None:
    """Also written several times."""
    service = start_service(rate_limits={"login": "3/minute"})
    duplicated = [
        [("X-Forwarded-For", f"198.51.100.{n}"), ("X-Forwarded-For", "203.0.113.1")] for n in range(4)
    ]
    assert [refused(service, CALLS["login"], headers=each) for each in duplicated] == [False] * 3 + [True]


@pytest.mark.parametrize("hops", [1, 2])
def test_ses_81_behind_proxies_the_entry_they_wrote_counts(start_service: StartService, hops: int) -> None:
    """Counted from the right; what a caller put before it is ignored."""
    service = start_service(rate_limits={"login": "2/minute"}, trusted_proxy_hops=hops)
    by_proxies = "".join(f", 10.0.0.{n}" for n in range(1, hops))

    def from_client(address: str, spoofed: str = "") -> bool:
        header = {"x-forwarded-for": f"{spoofed}{address}{by_proxies}"}
        return refused(service, CALLS["login"], peer="10.0.0.9", headers=header)

    assert not from_client("198.51.100.1")
    assert not from_client("198.51.100.1", "203.0.113.5, ")
    assert from_client("198.51.100.1", "203.0.113.6, unknown, ")
    assert not from_client("198.51.100.2")


def test_ses_81_a_chain_shorter_than_our_proxies_is_the_peers(start_service: StartService) -> None:
    """Whoever reaches us past a proxy cannot write its part."""
    service = start_service(rate_limits={"login": "2/minute"}, trusted_proxy_hops=2)
    headers = [{"x-forwarded-for": f"198.51.100.{n}"} for n in range(3)]
    assert [refused(service, CALLS["login"], headers=each) for each in headers] == [False, False, True]


def test_ses_81_an_ipv6_customer_is_one_caller(start_service: StartService) -> None:
    """Addresses of one /64 count together, in any spelling."""
    service = start_service(rate_limits={"login": "2/minute"})
    peers = ["2001:db8:0:1::1", "2001:0DB8:0:1:0:0:0:2", "2001:db8:0:1:ffff::3", "2001:db8:0:2::1"]
    assert [refused(service, CALLS["login"], peer=peer) for peer in peers] == [False, False, True, False]


def test_a_connection_without_an_address_is_counted(start_service: StartService) -> None:
    """Behind a socket of the file system nobody gets around the limit either."""
    service = start_service(rate_limits={"login": "1/minute"})
    assert [refused(service, CALLS["login"], peer=None) for _ in range(2)] == [False, True]


# --- when limits are in force --------------------------------------------------------------------


def test_development_is_not_limited(start_service: StartService) -> None:
    """Unless a limit is set, and then only that one."""
    service = start_service(rate_limits={"callback": "1/minute"})
    assert not any(refused(service, CALLS["login"]) for _ in range(40))


@pytest.mark.parametrize(("limit", "passing"), [(None, 30), ("40/minute", 40), ("off", 45)])
def test_elsewhere_sign_in_is_limited_to_thirty_a_minute(
    start_service: StartService, limit: str | None, passing: int
) -> None:
    """Unless that is changed."""
    key = base64.b64encode(bytes(range(100, 132))).decode()
    limits = {} if limit is None else {"rate_limits": {"login": limit}}
    service = start_service(environment="staging", secret_key=key, **limits)
    statuses = [refused(service, CALLS["login"]) for _ in range(45)]
    assert statuses == [False] * passing + [True] * (45 - passing)


# --- several replicas ------------------------------------------------------------------------------


def test_ses_80_replicas_with_a_cache_count_together(
    start_service: StartService, valkey_server: ValkeyTestServer
) -> None:
    """And what lies in the cache names nobody."""
    shared = {"cache_url": valkey_server.url, "rate_limits": {"login": "4/hour"}}
    one, other = start_service(**shared), start_service(**shared)
    passed = [refused(each, CALLS["login"]) for _ in range(3) for each in (one, other)]
    assert passed == [False] * 4 + [True] * 2
    assert not refused(one, CALLS["login"], peer="192.0.2.2")
    keys = valkey_server.run("KEYS", "*")
    assert len(keys) == 2
    assert not [key for key in keys if b"192.0.2" in key]


def test_ses_48_without_its_cache_a_replica_goes_on(
    start_service: StartService, valkey_server: ValkeyTestServer
) -> None:
    """People sign in, sessions are refreshed, and limits hold within the process, which goes on from
    what it has let through."""
    service = start_service(
        cache_url=valkey_server.url, rate_limits={"login": "3/minute", "refresh": "9/minute"}
    )
    assert not refused(service, CALLS["login"])
    valkey_server.stop()
    browser = service.signed_in()
    assert refresh(browser, browser.refresh).status_code == 200
    assert [refused(service, CALLS["login"]) for _ in range(3)] == [False] * 2 + [True]
