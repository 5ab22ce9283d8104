"""``private_key_jwt`` at the development provider: assertions put together by hand (RFC 7523 §3)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.protocol.workshop import ED25519, OTHER_P256, P256, RSA, b64, jwk_of, signature

from watchword.dev_provider import DevClient, DevProvider

KEYS: Any = {"ES256": P256, "RS256": RSA, "PS256": RSA, "EdDSA": ED25519}
JWKS = {"keys": [jwk_of(P256, kid="ES256"), jwk_of(RSA, kid="RSA"), jwk_of(ED25519, kid="EdDSA")]}
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def asking(provider: DevProvider, rp: Any, clock: Any) -> Any:
    """Redeem a fresh code by an assertion; claims and header may be changed, None leaves one out."""
    provider.add_client(DevClient("signer", None, [rp.callback], auth_method="private_key_jwt", jwks=JWKS))

    def ask(
        alg: str = "ES256", *, key: Any = None, header: Any = None, form: Any = None, **changes: Any
    ) -> Any:
        now = int(clock())
        claims = {"iss": "signer", "sub": "signer", "aud": rp.issuer, "jti": "1", "iat": now, "exp": now + 60}
        said = {name: each for name, each in (claims | changes).items() if each is not None}
        head = {"alg": alg, "kid": "RSA" if alg in ("RS256", "PS256") else alg, **(header or {})}
        text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(said).encode())}"
        signed = f"{text}.{b64(signature(alg, text.encode(), key or KEYS[alg]))}"
        fields = {"client_assertion": signed, "client_assertion_type": TYPE, **(form or {})}
        return rp.redeem(rp.sign_in(client_id="signer"), **{"authorization": None, **fields})

    return ask


@pytest.mark.parametrize("alg", list(KEYS))
def test_every_algorithm_and_both_audiences_once(asking: Any, rp: Any, alg: str) -> None:
    """The issuer or the token endpoint; the same ``jti`` is no second assertion."""
    assert asking(alg).status_code == 200
    assert asking(alg, jti="2", aud=f"{rp.issuer}/token", form={"client_id": "signer"}).status_code == 200
    assert rp.oauth_error(asking(alg), 401) == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"sub": "other"},
        {"sub": 5},
        {"aud": "https://elsewhere.test"},
        {"aud": ["http://127.0.0.1:9400", "https://elsewhere.test"]},
        {"exp": None},
        {"exp": 1},
        {"exp": 1_800_000_301},
        {"jti": None},
        {"key": OTHER_P256},
        {"header": {"kid": "EdDSA"}},
        {"header": {"alg": "none"}},
        {"header": {"alg": ["ES256"]}},
        {"header": {"kid": None}},
        {"header": {"alg": "RS256"}},
        {"form": {"client_id": "web app"}},
        {"form": {"client_assertion_type": "password"}},
        {"form": {"client_assertion": "a.b.c"}},
        {"form": {"client_assertion": "W10.W10."}},
    ],
)
def test_another_assertion_is_refused(asking: Any, rp: Any, changes: dict[str, Any]) -> None:
    """invalid_client, whatever is wrong with it."""
    assert rp.oauth_error(asking(**changes), 401) == "invalid_client"


def test_two_ways_at_once_are_refused(asking: Any, rp: Any) -> None:
    """RFC 6749 §2.3."""
    assert rp.oauth_error(asking(form={"client_secret": "x"})) == "invalid_request"
    assert rp.oauth_error(asking(form={"authorization": rp.authorization})) == "invalid_request"
