"""Signatures: under the right key and over the right bytes, and in one form only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import utils
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.protocol.workshop import SIGNERS, b64, bounded, check, refusal, token, unb64
from watchword.protocol.jwk import KeySet, VerificationKey
from watchword.protocol.jws import JwsError

TOKENS = {alg: token({"hello": "world"}, alg=alg) for alg in SIGNERS}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize("alg", SIGNERS)
def test_rp_11_rp_13_a_wrong_signature_is_refused(alg: str) -> None:
    """Empty, cut, extended, doubled, zero, all ones, and of other content."""
    signed, _, text = TOKENS[alg].rpartition(".")
    genuine = unb64(text)
    size = len(genuine)
    other = unb64(token({"hello": "mars"}, alg=alg).rpartition(".")[2])
    for wrong in (
        b"",
        genuine[:-1],
        genuine[1:],
        genuine + b"\x00",
        b"\x00" + genuine,
        genuine * 2,
        bytes(size),
        b"\xff" * size,
        other,
    ):
        assert refusal(f"{signed}.{b64(wrong)}") == "bad_signature"


def test_an_ecdsa_signature_has_the_raw_form_only() -> None:
    """RFC 7518 §3.4: DER, swapped halves, and halves of zero or beyond the order are refused."""
    signed, _, text = TOKENS["ES256"].rpartition(".")
    genuine = unb64(text)
    r, s = genuine[:32], genuine[32:]
    high_r = (int.from_bytes(r, "big") + P256_ORDER).to_bytes(33, "big")[-32:]
    for wrong in (
        utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")),
        s + r,
        bytes(32) + s,
        r + bytes(32),
        high_r + s,
        P256_ORDER.to_bytes(32, "big") + s,
        r + P256_ORDER.to_bytes(32, "big"),
        b"\x00" + r + b"\x00" + s,
        r + b"\x00" + s,
    ):
        assert refusal(f"{signed}.{b64(wrong)}") == "bad_signature"


def test_an_ed25519_signature_has_one_form_only() -> None:
    """RFC 8032 §5.1.7: a scalar raised by the group order says the same to a lax verifier."""
    signed, _, text = TOKENS["Ed25519"].rpartition(".")
    genuine = unb64(text)
    order = 2**252 + 27742317777372353535851937790883648493
    raised = (int.from_bytes(genuine[32:], "little") + order).to_bytes(32, "little")
    assert refusal(f"{signed}.{b64(genuine[:32] + raised)}") == "bad_signature"


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_an_rsa_signature_is_as_long_as_its_key(alg: str) -> None:
    """RFC 8017 §8.1.2, §8.2.2: one that begins with a zero byte does not verify without it."""
    tokens = (token({"try": number}, alg=alg) for number in range(20_000))
    text = next(text for text in tokens if unb64(text.rpartition(".")[2])[0] == 0)
    signed, _, zero_first = text.rpartition(".")
    assert check(text).alg == alg
    assert refusal(f"{signed}.{b64(unb64(zero_first)[1:])}") == "bad_signature"


def test_an_rsa_signature_is_of_the_other_scheme_or_none() -> None:
    """PKCS #1 v1.5 and PSS never stand in for each other."""
    for alg, other in (("RS256", "PS256"), ("PS256", "RS256")):
        signed = TOKENS[alg].rpartition(".")[0]
        assert refusal(f"{signed}.{TOKENS[other].rpartition('.')[2]}") == "bad_signature"


class Obliging:
    """A key that takes every signature for its own and counts them."""

    def __init__(self) -> None:
        self.asked = 0

    def verify(self, signature: bytes, signed: bytes) -> None:
        self.asked += 1


@pytest.mark.parametrize("kid", ["ed", "nobody's"])
def test_x_20_a_kid_nobody_has_costs_as_much_as_one_somebody_has(kid: str) -> None:
    """One signature is checked either way, so that time tells nothing about which keys there are; what
    the check says counts for the named key only."""
    key: Any = Obliging()
    keys = KeySet((VerificationKey("ed", None, "Ed25519", key), VerificationKey("x", None, "Ed25519", key)))
    text = token({"hello": "world"}, alg="Ed25519", kid=kid)
    if kid == "ed":
        assert check(text, keys=keys).key.kid == "ed"
    else:
        assert refusal(text, keys=keys) == "unknown_key"
    assert key.asked == 1


@bounded
@given(st.sampled_from(sorted(SIGNERS)), st.data())
def test_any_changed_character_of_a_valid_token_is_refused(alg: str, data: st.DataObject) -> None:
    """Every character counts: changed, taken out, put in or doubled, the token is worth nothing."""
    genuine = TOKENS[alg]
    at = data.draw(st.integers(0, len(genuine) - 1))
    symbol = data.draw(st.one_of(st.sampled_from("ABab01-_.="), st.characters()))
    changes: list[Callable[[], str]] = [
        lambda: genuine[:at] + symbol + genuine[at + 1 :],
        lambda: genuine[:at] + genuine[at + 1 :],
        lambda: genuine[:at] + symbol + genuine[at:],
        lambda: genuine[:at],
    ]
    changed = data.draw(st.sampled_from(changes))()
    assume(changed != genuine)
    with pytest.raises(JwsError):
        check(changed)


@bounded
@given(st.sampled_from(sorted(SIGNERS)), st.integers(min_value=0), st.integers(1, 255))
def test_any_changed_byte_of_a_signature_is_refused(alg: str, at: int, mask: int) -> None:
    """Also where the spelling stays canonical."""
    signed, _, text = TOKENS[alg].rpartition(".")
    raw = bytearray(unb64(text))
    raw[at % len(raw)] ^= mask
    assert refusal(f"{signed}.{b64(bytes(raw))}") == "bad_signature"
