"""Key rotation and signing (RFC 7515, RFC 7517, OpenID Connect Core §10.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from joserfc.errors import JoseError
from starlette.testclient import TestClient

from watchword.dev_provider import DevClient, DevProvider, create_dev_provider

if TYPE_CHECKING:
    from tests.dev_provider.conftest import RelyingParty


def kids(rp: RelyingParty) -> list[str]:
    return [key["kid"] for key in rp.http.get(f"{rp.issuer}/jwks").json()["keys"]]


def test_rp_24_a_rotation_signs_at_once(provider: DevProvider, rp: RelyingParty) -> None:
    """KEY-1: the next token has a new kid, and the old token still verifies."""
    old = rp.tokens()["id_token"]
    before = kids(rp)
    provider.rotate_keys()
    new = rp.tokens()["id_token"]
    assert rp.verified(new).header["kid"] not in before
    assert rp.verified(old).header["kid"] in before
    assert len(kids(rp)) == 2


def test_an_announced_key_signs_at_the_next_rotation(provider: DevProvider, rp: RelyingParty) -> None:
    """Published first, used later; announcing twice changes nothing."""
    (first,) = kids(rp)
    provider.rotate_keys(announce_first=True)
    provider.rotate_keys(announce_first=True)
    _, announced = kids(rp)
    assert rp.verified(rp.tokens()["id_token"]).header["kid"] == first
    provider.rotate_keys()
    assert rp.verified(rp.tokens()["id_token"]).header["kid"] == announced
    assert set(kids(rp)) == {first, announced}


def test_key_3_old_keys_can_be_withdrawn(provider: DevProvider, rp: RelyingParty) -> None:
    """A rotation may leave one key only; older tokens then verify nowhere."""
    old = rp.tokens()["id_token"]
    provider.rotate_keys()
    provider.rotate_keys(keep_previous=False)
    assert len(kids(rp)) == 1
    with pytest.raises((JoseError, ValueError)):
        rp.verified(old)


def test_rs256_is_an_option(rp: RelyingParty) -> None:
    """RP-09: the same provider with RSA keys."""
    client = DevClient("native", None, [rp.callback], auth_method="none")
    provider = create_dev_provider(issuer=rp.issuer, clients=[client], algorithm="RS256")
    with TestClient(
        provider.app, base_url=rp.issuer, client=("127.0.0.1", 1), follow_redirects=False
    ) as http:
        rsa = type(rp)(http, client_id="native", authorization=None)
        token = rsa.verified(rsa.redeem(rsa.sign_in(), client_id="native").json()["id_token"], "RS256")
        assert token.header["alg"] == "RS256"
        metadata = http.get("/.well-known/openid-configuration").json()
        assert metadata["id_token_signing_alg_values_supported"] == ["RS256"]
        (key,) = http.get("/jwks").json()["keys"]
        assert key.keys() == {"kty", "use", "alg", "kid", "n", "e"}


def test_sign_id_token_signs_anything(provider: DevProvider, rp: RelyingParty) -> None:
    """Unit tests mint tokens with the current key, header included; alg none has no signature."""
    token = provider.sign_id_token({"sub": "x", "exp": 1})
    assert rp.verified(token).claims == {"sub": "x", "exp": 1}
    assert rp.verified(provider.sign_id_token({}, {"typ": "at+jwt"})).header["typ"] == "at+jwt"
    assert provider.sign_id_token({}, {"alg": "none"}).endswith(".")
