"""What the development provider publishes (OpenID Connect Discovery 1.0, RFC 7517, RFC 9207)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from watchword.dev_provider import create_dev_provider
from watchword.dev_provider.registration import MARK

if TYPE_CHECKING:
    from tests.dev_provider.conftest import RelyingParty

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "k"}


def test_metadata_names_everything_a_client_needs(rp: RelyingParty) -> None:
    """Discovery alone is enough to configure a strict client."""
    metadata = rp.http.get(f"{rp.issuer}/.well-known/openid-configuration").json()
    assert metadata["issuer"] == rp.issuer
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata[MARK] is True
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["id_token_signing_alg_values_supported"] == ["ES256"]
    assert metadata["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none",
    ]
    assert "offline_access" in metadata["scopes_supported"]
    for name in ("authorization", "token", "userinfo", "end_session"):
        assert metadata[f"{name}_endpoint"].startswith(f"{rp.issuer}/")


def test_every_published_endpoint_answers(rp: RelyingParty) -> None:
    """No address of the metadata leads nowhere."""
    metadata = rp.http.get(f"{rp.issuer}/.well-known/openid-configuration").json()
    addresses = [value for name, value in metadata.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(addresses) == 6
    for address in addresses:
        assert rp.http.get(address).status_code != 404


def test_jwks_holds_public_keys_only(rp: RelyingParty) -> None:
    """The JWK Set carries kid, use and alg, and no private member."""
    (key,) = rp.http.get(f"{rp.issuer}/jwks").json()["keys"]
    assert (key["kty"], key["use"], key["alg"]) == ("EC", "sig", "ES256")
    assert key["kid"]
    assert not PRIVATE_MEMBERS & key.keys()


@pytest.mark.parametrize("suffix", ["/", "/realms/dev", "/realms/dev/"])
def test_an_issuer_may_have_a_path_or_a_trailing_slash(suffix: str) -> None:
    """The issuer is kept to the letter, and endpoints live below it (Discovery §4.1)."""
    issuer = f"http://127.0.0.1:9400{suffix}"
    provider = create_dev_provider(issuer=issuer)
    with TestClient(provider.app, base_url="http://127.0.0.1:9400", client=("127.0.0.1", 1)) as http:
        metadata = http.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration").json()
        assert metadata["issuer"] == issuer
        assert http.get(metadata["jwks_uri"]).json()["keys"]
