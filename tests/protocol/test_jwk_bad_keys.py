"""Bad keys under NET-8: each is skipped, counted and named, and spoils no other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import ED25519, P256, RSA, b64, bounded, jwk_of
from watchword.protocol.jwk import key_from_jwk, parse_key_set
from watchword.protocol.jwk_material import InvalidKey

GOOD = jwk_of(P256, kid="good")


def _without(jwk: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name not in names}


def _number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8 or 1, "big"))


def _modulus(bits: int) -> str:
    return _number((1 << (bits - 1)) | 1)


EC_JWK, RSA_JWK, ED_JWK = jwk_of(P256), jwk_of(RSA), jwk_of(ED25519)
X = P256.public_key().public_numbers().x
P256_FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
BAD_KEYS: dict[str, tuple[Any, str]] = {
    "null": (None, "not_an_object"),
    "string": ("key", "not_an_object"),
    "list": ([GOOD], "not_an_object"),
    "empty": ({}, "unsupported_type"),
    "kty-list": ({**EC_JWK, "kty": ["EC"]}, "unsupported_type"),
    "kty-case": ({**EC_JWK, "kty": "ec"}, "unsupported_type"),
    "kty-unknown": ({**EC_JWK, "kty": "AKP"}, "unsupported_type"),
    "oct": ({"kty": "oct", "k": "AAAA", "alg": "HS256"}, "symmetric"),
    "ec-with-d": ({**EC_JWK, "d": "AQ"}, "private"),
    "rsa-with-d": ({**RSA_JWK, "d": "AQ"}, "private"),
    "rsa-with-p": ({**RSA_JWK, "p": "AQ"}, "private"),
    "rsa-with-oth": ({**RSA_JWK, "oth": []}, "private"),
    "okp-with-d": ({**ED_JWK, "d": None}, "private"),
    "rsa-1024": ({**RSA_JWK, "n": _modulus(1024)}, "rsa_size"),
    "rsa-2047": ({**RSA_JWK, "n": _modulus(2047)}, "rsa_size"),
    "rsa-8193": ({**RSA_JWK, "n": _modulus(8193)}, "rsa_size"),
    "rsa-16384": ({**RSA_JWK, "n": _modulus(16384)}, "rsa_size"),
    "rsa-n-empty": ({**RSA_JWK, "n": ""}, "rsa_size"),
    "rsa-n-even": ({**RSA_JWK, "n": _number(1 << 2047)}, "rsa_weak"),
    "rsa-n-power-of-65537": ({**RSA_JWK, "n": _number(65537**130)}, "rsa_weak"),
    "rsa-n-padded": ({**RSA_JWK, "n": RSA_JWK["n"] + "=="}, "not_a_key"),
    "rsa-n-number": ({**RSA_JWK, "n": 12}, "member_missing"),
    "rsa-no-n": (_without(RSA_JWK, "n"), "member_missing"),
    "rsa-no-e": (_without(RSA_JWK, "e"), "member_missing"),
    "rsa-e-1": ({**RSA_JWK, "e": "AQ"}, "rsa_exponent"),
    "rsa-e-3": ({**RSA_JWK, "e": "Aw"}, "rsa_exponent"),
    "rsa-e-even": ({**RSA_JWK, "e": _number(65538)}, "rsa_exponent"),
    "rsa-e-zero": ({**RSA_JWK, "e": "AA"}, "rsa_exponent"),
    "rsa-e-huge": ({**RSA_JWK, "e": _number(2**64 + 1)}, "rsa_exponent"),
    "rsa-e-as-long-as-n": ({**RSA_JWK, "e": RSA_JWK["n"]}, "rsa_exponent"),
    "ec-off-curve": ({**EC_JWK, "y": b64(b"\x01" * 32)}, "not_a_key"),
    "ec-infinity": ({**EC_JWK, "x": b64(bytes(32)), "y": b64(bytes(32))}, "not_a_key"),
    "ec-x-beyond-the-field": ({**EC_JWK, "x": _number(P256_FIELD)}, "not_a_key"),
    "ec-x-leading-zero": ({**EC_JWK, "x": b64(b"\x00" + X.to_bytes(32, "big"))}, "coordinate_length"),
    "ec-x-short": ({**EC_JWK, "x": b64(X.to_bytes(32, "big")[:31])}, "coordinate_length"),
    "ec-y-empty": ({**EC_JWK, "y": ""}, "coordinate_length"),
    "ec-no-y": (_without(EC_JWK, "y"), "member_missing"),
    "ec-y-null": ({**EC_JWK, "y": None}, "member_missing"),
    "ec-x-junk": ({**EC_JWK, "x": "*" * 43}, "not_a_key"),
    "ec-crv-mismatch": ({**EC_JWK, "crv": "P-384"}, "coordinate_length"),
    "ec-secp256k1": ({**EC_JWK, "crv": "secp256k1"}, "unsupported_curve"),
    "ec-crv-list": ({**EC_JWK, "crv": ["P-256"]}, "unsupported_curve"),
    "ec-no-crv": (_without(EC_JWK, "crv"), "unsupported_curve"),
    "okp-x25519": ({**ED_JWK, "crv": "X25519"}, "unsupported_curve"),
    "okp-ed448": ({**ED_JWK, "crv": "Ed448"}, "unsupported_curve"),
    "okp-short": ({**ED_JWK, "x": b64(bytes(31))}, "coordinate_length"),
    "okp-zero": ({**ED_JWK, "x": b64(bytes(32))}, "ed25519_weak"),
    "okp-one": ({**ED_JWK, "x": b64(b"\x01" + bytes(31))}, "ed25519_weak"),
    "okp-minus-one": ({**ED_JWK, "x": b64(b"\xec" + b"\xff" * 30 + b"\x7f")}, "ed25519_weak"),
    "okp-order-8": (
        {
            **ED_JWK,
            "x": b64(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
        },
        "ed25519_weak",
    ),
    "okp-order-8-negative": (
        {
            **ED_JWK,
            "x": b64(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")),
        },
        "ed25519_weak",
    ),
    "okp-not-canonical": ({**ED_JWK, "x": b64(b"\xf0" + b"\xff" * 30 + b"\x7f")}, "ed25519_weak"),
    "use-enc": ({**EC_JWK, "use": "enc"}, "not_for_signatures"),
    "use-null": ({**EC_JWK, "use": None}, "not_for_signatures"),
    "key-ops-encrypt": ({**EC_JWK, "key_ops": ["encrypt", "sign"]}, "not_for_signatures"),
    "key-ops-string": ({**EC_JWK, "key_ops": "verify"}, "not_for_signatures"),
    "key-ops-empty": ({**EC_JWK, "key_ops": []}, "not_for_signatures"),
    "key-ops-mixed": ({**EC_JWK, "key_ops": [1, {"a": []}]}, "not_for_signatures"),
    "kid-number": ({**EC_JWK, "kid": 7}, "kid_not_a_string"),
    "kid-null": ({**EC_JWK, "kid": None}, "kid_not_a_string"),
    "kid-list": ({**EC_JWK, "kid": ["a"]}, "kid_not_a_string"),
    "alg-list": ({**EC_JWK, "alg": ["ES256"]}, "alg_not_a_string"),
    "alg-of-another-curve": ({**EC_JWK, "alg": "ES384"}, "algorithm_mismatch"),
    "alg-of-another-type": ({**EC_JWK, "alg": "RS256"}, "algorithm_mismatch"),
    "alg-symmetric": ({**RSA_JWK, "alg": "HS256"}, "algorithm_mismatch"),
    "alg-none": ({**RSA_JWK, "alg": "none"}, "algorithm_mismatch"),
    "alg-encryption": ({**RSA_JWK, "alg": "RSA-OAEP"}, "algorithm_mismatch"),
    "alg-unsupported": ({**RSA_JWK, "alg": "RS512"}, "algorithm_mismatch"),
    "issuer-number": ({**EC_JWK, "issuer": 1}, "issuer_not_a_string"),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_net_8_a_bad_key_is_skipped_counted_and_named_and_spoils_nothing(name: str) -> None:
    """The good key beside it stays usable, whichever comes first."""
    bad, reason = BAD_KEYS[name]
    for entries, position in (((bad, GOOD), 0), ((GOOD, bad), 1)):
        found = parse_key_set(json.dumps({"keys": entries}).encode("utf-8"))
        assert [key.kid for key in found.keys] == ["good"]
        assert found.skipped == 1
        assert found.faults == (f"key {position}: {reason}",)


@pytest.mark.parametrize("bits", [2048, 8192])
def test_rsa_size_limits_are_exact(bits: int) -> None:
    """2048 and 8192 bits are in, and so is the largest exponent; one more bit is tested above."""
    assert key_from_jwk({**RSA_JWK, "n": _modulus(bits), "e": _number(2**64 - 1)}).kind == "RSA"


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary().map(b64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@bounded
@given(
    st.sampled_from([EC_JWK, RSA_JWK, ED_JWK, {}]),
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "key_ops", "kid", "issuer"]),
        junk,
        max_size=4,
    ),
)
def test_any_member_may_be_anything(jwk: dict[str, Any], members: dict[str, Any]) -> None:
    """Whatever a member holds, the key is read or InvalidKey is raised, and nothing else."""
    try:
        key = key_from_jwk({**jwk, **members})
    except InvalidKey:
        return
    assert key.algorithm is None or key.fits(key.algorithm)
