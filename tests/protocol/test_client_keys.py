"""The keys a client registers (RFC 7517, RFC 7523)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from tests.protocol.workshop import ED25519, OTHER_P256, P256, P384, P521, RSA, b64, jwk_of
from watchword.protocol.client_keys import MAX_CLIENT_KEYS, client_keys

PRIVATE = dict(ECKey.import_key(P256).as_dict(private=True))
SMALL = {"kty": "RSA", "e": "AQAB", "n": b64(b"\xc1" * 128)}


@pytest.mark.parametrize("key", [RSA, P256, ED25519])
def test_a_public_jwk_is_one_key(key: Any) -> None:
    """With or without kid, alg and use."""
    assert [each.kid for each in client_keys(jwk_of(key)).keys] == [None]
    assert [each.kid for each in client_keys(jwk_of(key, kid="1", use="sig")).keys] == ["1"]


def test_a_key_set_holds_several_so_that_a_client_can_roll() -> None:
    """Each with a kid of its own; a set with one key may do without."""
    keys = client_keys({"keys": [jwk_of(P256, kid="old"), jwk_of(OTHER_P256, kid="new", alg="ES256")]})
    assert [each.kid for each in keys.keys] == ["old", "new"]
    assert len(client_keys({"keys": [jwk_of(P256)]}).keys) == 1


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "unsupported_type"),
        ({"keys": []}, "1 to 10"),
        ({"keys": {}}, "1 to 10"),
        ({"keys": [jwk_of(P256, kid=str(n)) for n in range(MAX_CLIENT_KEYS + 1)]}, "1 to 10"),
        ({"keys": ["x"]}, "key 0 is not a JWK"),
        ({"keys": [jwk_of(P256, kid="a"), None]}, "key 1 is not a JWK"),
        ({"keys": [jwk_of(P256, kid="a"), jwk_of(OTHER_P256)]}, "a kid of its own"),
        ({"keys": [jwk_of(P256), jwk_of(OTHER_P256)]}, "a kid of its own"),
        ({"keys": [jwk_of(P256, kid="a"), jwk_of(OTHER_P256, kid="a")]}, "a kid of its own"),
        (PRIVATE, "holds a private key"),
        ({"keys": [jwk_of(P256, kid="a"), PRIVATE]}, "key 1 holds a private key"),
        (OctKey.import_key(b"k" * 32).as_dict(private=True), "is a symmetric key"),
        (SMALL, "another size than 2048"),
        (jwk_of(P256, use="enc"), "not for signatures"),
        (jwk_of(P256, key_ops=["sign"]), "not for signatures"),
        (jwk_of(P384), "curve that is not accepted"),
        (jwk_of(P521), "curve that is not accepted"),
        (jwk_of(P256, alg="RS256"), "algorithm_mismatch"),
        (jwk_of(P256, alg="HS256"), "algorithm_mismatch"),
        (jwk_of(P256, kid=7), "kid_not_a_string"),
        (jwk_of(P256, x="AAAA"), "coordinate_length"),
        (jwk_of(P256, y=jwk_of(OTHER_P256)["y"]), "not_a_key"),
    ],
)
def test_a_key_that_must_not_verify_is_refused(document: dict[str, Any], says: str) -> None:
    """It spoils the whole setting, since an operator wrote it; no member is repeated."""
    with pytest.raises(ValueError, match=says) as caught:
        client_keys(copy.deepcopy(document))
    members = [document, *(each for each in document.get("keys", []) if isinstance(each, dict))]
    long = [
        value for each in members for value in each.values() if isinstance(value, str) and len(value) > 20
    ]
    assert not [value for value in long if value in str(caught.value)]
