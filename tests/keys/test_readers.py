"""What readers of our key set need, as ``docs/tokens.md`` tells it of two libraries."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from joserfc.errors import UnsupportedAlgorithmError

from tests.keys.replicas import Deployment
from watchword.auth.key_maker import RSA_BITS


async def issued(deployment: Deployment, algorithm: str) -> tuple[str, dict[str, Any]]:
    replica = await deployment.start(algorithm=algorithm)
    token = replica.issue()
    kid = jwt.get_unverified_header(token)["kid"]
    return token, next(jwk for jwk in replica.services.keyring.jwks()["keys"] if jwk["kid"] == kid)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_the_usual_algorithms_are_read_by_everybody(deployment: Deployment, algorithm: str) -> None:
    """By joserfc without being told; RSA keys are as long as the page says."""
    token, jwk = await issued(deployment, algorithm)
    lenient = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    assert jwt.decode(token, jwt.PyJWK(jwk), algorithms=[algorithm], options=lenient)["sub"] == "robot"  # type: ignore[arg-type]
    key = joserfc_jwk.import_key(jwk)
    assert joserfc_jwt.decode(token, key).claims["sub"] == "robot"
    assert algorithm != "RS256" or jwt.PyJWK(jwk).key.key_size == RSA_BITS == 3072


async def test_ed25519_is_read_by_who_knows_its_own_name(deployment: Deployment) -> None:
    """RFC 9864: joserfc where it is told so, PyJWT not at all."""
    token, jwk = await issued(deployment, "Ed25519")
    key = joserfc_jwk.import_key(jwk)
    assert joserfc_jwt.decode(token, key, algorithms=["Ed25519"]).claims["sub"] == "robot"
    for algorithms in (None, ["EdDSA"]):
        with pytest.raises(UnsupportedAlgorithmError):
            joserfc_jwt.decode(token, key, algorithms=algorithms)
    with pytest.raises(jwt.PyJWKError):
        jwt.PyJWK(jwk)
