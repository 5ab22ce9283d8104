"""Userinfo: asked with a bearer header, believed only about the ID token's subject (Core §5.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.flows.changes import drop, put
from tests.flows.conftest import StartService
from tests.flows.raw_server import RawServer, answer, sends
from tests.flows.refusals import Refusals
from watchword.dev_provider.behaviour import Change


def test_rp_14_userinfo_is_asked_with_the_token_in_the_header(start_service: StartService) -> None:
    """The access token travels as Bearer, in no query and no body."""
    service = start_service()
    with RawServer(sends(answer(json.dumps({"sub": "dev-bob", "name": "Told"}).encode()))) as server:
        service.provider.behaviour.metadata = put(userinfo_endpoint=f"{server.address}/me")
        service.provider.behaviour.id_token_claims = drop("name")
        browser = service.browser()
        assert service.sign_in(browser, "bob").status_code == 303
        assert browser.get("/auth/me").json()["name"] == "Told"
    (request,) = server.requests
    assert request.startswith(b"GET /me HTTP/1.1\r\n")
    assert b"\r\nauthorization: Bearer " in request


BAD_USERINFO: dict[str, Change] = {
    "rp-16 another sub": put(sub="dev-alice"),
    "sub missing": drop("sub"),
    "sub null": put(sub=None),
    "sub a list": put(sub=["dev-bob"]),
}


@pytest.mark.parametrize("change", BAD_USERINFO.values(), ids=BAD_USERINFO)
@pytest.mark.parametrize("provider", ["dev", "other"])
def test_rp_16_userinfo_about_somebody_else_refuses_the_sign_in(
    refusals: Refusals, change: Change, provider: str
) -> None:
    """Also where userinfo is only asked because the ID token lacks something."""
    service = refusals.service
    service.provider.behaviour.userinfo = change
    service.provider.behaviour.id_token_claims = drop("email")
    browser = service.browser()
    target = service.approve(service.begin(browser, provider=provider), "bob")
    refusals.callback(browser, target, reason="userinfo_rejected", calls=("/token", "/userinfo"))
    refusals.still_open_to_honest_people()


FAULTY_USERINFO: dict[str, tuple[dict[str, Any], str, int]] = {
    "401": ({"status": 401}, "provider_response_invalid", 502),
    "204": ({"status": 204}, "provider_response_invalid", 502),
    "500": ({"status": 500}, "provider_unavailable", 503),
    "redirect": ({"status": 302, "headers": {"Location": "/jwks"}}, "provider_response_invalid", 502),
    "html": (
        {"status": 200, "headers": {"Content-Type": "text/html"}, "body": b"<h1>hi</h1>"},
        "provider_response_invalid",
        502,
    ),
    "rp-32 signed": (
        {"status": 200, "headers": {"Content-Type": "application/jwt"}, "body": b"e30.e30.e30"},
        "userinfo_rejected",
        400,
    ),
    "name twice": (
        {
            "status": 200,
            "headers": {"Content-Type": "application/json"},
            "body": b'{"sub":"x","sub":"dev-bob"}',
        },
        "provider_response_invalid",
        502,
    ),
}


@pytest.mark.parametrize(("fault", "reason", "status"), FAULTY_USERINFO.values(), ids=FAULTY_USERINFO)
def test_net_20_a_faulty_userinfo_refuses_where_it_is_required(
    refusals: Refusals, fault: dict[str, Any], reason: str, status: int
) -> None:
    """``always`` refuses; ``auto`` goes on without it, but for a signed answer, which is refused."""
    service = refusals.service
    service.provider.fail("userinfo", **fault)
    service.provider.behaviour.id_token_claims = drop("email", "name")
    browser = service.browser()
    target = service.approve(service.begin(browser, provider="other"), "bob")
    refusals.callback(browser, target, reason=reason, status=status, calls=("/token", "/userinfo"))
    browser = service.browser()
    target = service.approve(service.begin(browser, provider="dev"), "bob")
    assert browser.get(target).status_code == (303 if reason != "userinfo_rejected" else 400)
    refusals.still_open_to_honest_people()
