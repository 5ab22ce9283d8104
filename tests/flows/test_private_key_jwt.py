"""``private_key_jwt`` at the development provider, which checks assertions with joserfc (RFC 7523)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.refusals import Refusals
from tests.protocol.workshop import ED25519, OTHER_P256, P256, RSA
from watchword.dev_provider import DevClient
from watchword.protocol.assertion_key import read_assertion_key
from watchword.protocol.signing import PrivateKey

CLIENT_ID = "signs: itself"
CALLBACK = f"{BASE_URL}/auth/callback/dev"


def pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def jwks(key: PrivateKey) -> dict[str, Any]:
    return {"keys": [read_assertion_key(pem(key)).public_jwk()]}


@pytest.fixture
def signing(start_service: StartService) -> Callable[..., Service]:
    """Start a service whose client signs; ``registered`` is the key the provider knows."""

    def start(key: PrivateKey, *, registered: PrivateKey | None = None, **changes: Any) -> Service:
        service = start_service()
        provider = service.provider
        known = jwks(registered or key)
        provider.add_client(DevClient(CLIENT_ID, None, [CALLBACK], auth_method="private_key_jwt", jwks=known))
        given = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_auth": "private_key_jwt"}
        return start_service(providers={"dev": {**given, "client_key": pem(key), **changes}})

    return start


@pytest.mark.parametrize("key", [P256, RSA, ED25519])
@pytest.mark.parametrize("preset", ["oidc", "okta"])
def test_10_4_10_a_sign_in_by_each_kind_of_key(
    signing: Callable[..., Service], key: PrivateKey, preset: str
) -> None:
    """The client is authenticated by its key alone, at the issuer or, for okta, the token endpoint;
    every request has an assertion of its own."""
    service = signing(key, preset=preset)
    for _ in range(2):
        assert service.sign_in(service.browser()).status_code == 303


def test_10_4_10_another_key_is_refused_at_the_provider(
    signing: Callable[..., Service], caplog: pytest.LogCaptureFixture
) -> None:
    """A signature the registered key did not make ends in invalid_client, which only the log names."""
    service = signing(P256, registered=OTHER_P256)
    browser = service.browser()
    target = service.approve(service.begin(browser))
    Refusals(service, caplog).callback(
        browser,
        target,
        status=502,
        reason="provider_response_invalid",
        detail="error=invalid_client",
        calls=("/jwks", "/token"),
    )


@pytest.mark.parametrize(
    ("member", "listed", "detail"),
    [
        (
            "token_endpoint_auth_methods_supported",
            ["client_secret_basic", "tls"],
            "CLIENT_AUTH is private_key",
        ),
        ("token_endpoint_auth_methods_supported", None, "they list client_secret_basic"),
        ("token_endpoint_auth_signing_alg_values_supported", ["PS256"], "CLIENT_KEY signs with ES256"),
        ("token_endpoint_auth_signing_alg_values_supported", [], "accepts nothing"),
    ],
)
def test_10_4_10_what_the_provider_does_not_offer_is_told_before_anyone_is_sent_there(
    signing: Callable[..., Service],
    caplog: pytest.LogCaptureFixture,
    member: str,
    listed: list[str] | None,
    detail: str,
) -> None:
    """A page at the start of the sign-in and the exact cause in the log."""
    service = signing(P256)
    service.provider.behaviour.metadata = lambda given: {**given, member: listed}
    Refusals(service, caplog).request(
        service.browser(),
        "GET",
        "/auth/login/dev",
        status=502,
        reason="provider_settings_mismatch",
        detail=detail,
        calls=("/.well-known/openid-configuration",),
    )


def test_ses_88_nothing_of_the_key_or_an_assertion_is_logged(
    signing: Callable[..., Service], caplog: pytest.LogCaptureFixture
) -> None:
    """Not even when the provider refuses them."""
    service = signing(P256, registered=OTHER_P256)
    with caplog.at_level("DEBUG"):
        assert service.sign_in(service.browser()).status_code == 502
    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "eyJ" not in logged
    assert json.dumps(pem(P256))[40:70] not in logged
