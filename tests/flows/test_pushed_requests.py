"""Pushed authorization requests at the development provider, which checks them by itself (RFC 9126)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.flows.changes import put
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.refusals import Refusals
from tests.protocol.workshop import P256
from watchword.dev_provider import DevClient
from watchword.protocol.assertion_key import read_assertion_key
from watchword.testing.provider import provider_settings

DISCOVERY = "/.well-known/openid-configuration"
PEM = P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def pushing(start_service: StartService, provider_server: Any) -> Callable[..., Service]:
    """Start a service with these settings of its provider."""

    def start(**changes: Any) -> Service:
        return start_service(providers={"dev": {**provider_settings(provider_server), **changes}})

    return start


def sent(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query, strict_parsing=True))


def test_a_pushed_request_leaves_only_its_reference_with_the_browser(
    pushing: Callable[..., Service],
) -> None:
    """``PAR=true``: client and reference, used once; what was asked arrives all the same."""
    service = pushing(par=True, authorize_params={"login_hint": "bob"})
    browser = service.browser()
    location = browser.get("/auth/login/dev?max_age=60").headers["location"]
    assert sent(location).keys() == {"client_id", "request_uri"}
    assert browser.get(service.approve(location)).status_code == 303
    assert browser.get("/auth/me").json()["auth_time"]
    again = service.begin(service.browser())
    assert sent(again)["request_uri"] != sent(location)["request_uri"]
    paths = [each.path for each in service.provider.requests]
    assert paths == [DISCOVERY, "/par", "/jwks", "/token", "/par"]


def test_unset_follows_the_provider(pushing: Callable[..., Service]) -> None:
    """Where the metadata require it, and not where they merely offer it."""
    assert "state" in sent(pushing().begin(pushing().browser()))
    service = pushing()
    service.provider.behaviour.require_pushed_requests = True
    assert service.sign_in(service.browser()).status_code == 303
    assert [each.path for each in service.provider.requests].count("/par") == 1


def test_10_4_10_the_client_authenticates_there_too(pushing: Callable[..., Service]) -> None:
    """§2.1: by its own method, with an assertion of its own for each of both requests."""
    service = pushing()
    jwks = {"keys": [read_assertion_key(PEM).public_jwk()]}
    callback = f"{BASE_URL}/auth/callback/dev"
    known = DevClient("signer", None, [callback], auth_method="private_key_jwt", jwks=jwks)
    service.provider.add_client(known)
    given = {"client_id": "signer", "client_auth": "private_key_jwt", "client_key": PEM}
    signing = pushing(par=True, client_secret=None, **given)
    assert signing.sign_in(signing.browser()).status_code == 303


@pytest.mark.parametrize(
    ("settings", "behaviour", "reason", "status", "detail", "calls"),
    [
        ({"client_secret": "wrong"}, {}, "provider_response_invalid", 502, "error=invalid_client", ("/par",)),
        ({"client_id": "other"}, {}, "provider_response_invalid", 502, "error=invalid_client", ("/par",)),
        (
            {},
            {"pushed_response": put(request_uri="")},
            "provider_response_invalid",
            502,
            "request_uri",
            ("/par",),
        ),
        ({}, {"pushed_status": 303}, "provider_response_invalid", 502, "answered 303", ("/par",)),
        ({}, {"pushed_status": 503}, "provider_unavailable", 503, "answered 503", ("/par",)),
        (
            {},
            {"metadata": put(pushed_authorization_request_endpoint=None)},
            "provider_settings_mismatch",
            502,
            "PAR is true",
            (),
        ),
        (
            {"par": False},
            {"require_pushed_requests": True},
            "provider_settings_mismatch",
            502,
            "PAR is false",
            (),
        ),
    ],
)
def test_a_request_that_cannot_be_pushed_is_a_page_and_its_cause_in_the_log(
    pushing: Callable[..., Service],
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
    behaviour: dict[str, Any],
    reason: str,
    status: int,
    detail: str,
    calls: tuple[str, ...],
) -> None:
    """Nobody is sent to the provider, and nothing is tried another way."""
    service = pushing(**{"par": True, **settings})
    for switch, value in behaviour.items():
        setattr(service.provider.behaviour, switch, value)
    Refusals(service, caplog).request(
        service.browser(),
        "GET",
        "/auth/login/dev",
        reason=reason,
        status=status,
        detail=detail,
        calls=(DISCOVERY, *calls),
    )


def test_net_13_a_lost_answer_is_not_asked_for_again(
    pushing: Callable[..., Service], caplog: pytest.LogCaptureFixture
) -> None:
    """The connection ends after the request was taken: 503, one request, and nothing remembered here."""
    service = pushing(par=True)
    service.provider.drop("par", after_work=True)
    watched = Refusals(service, caplog)
    watched.request(
        service.browser(),
        "GET",
        "/auth/login/dev",
        reason="provider_unavailable",
        status=503,
        calls=(DISCOVERY, "/par"),
    )
    watched.still_open_to_honest_people()
