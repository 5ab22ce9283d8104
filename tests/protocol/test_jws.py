"""Compact JWS: what is not exactly one is refused, and a signature counts only under its own key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import (
    ED25519,
    EVERY_ALGORITHM,
    KIDS,
    OTHER_P256,
    OTHER_RSA,
    P256,
    RSA,
    SIGNERS,
    b64,
    bounded,
    check,
    jwk_of,
    key_set,
    refusal,
    seal,
    token,
)
from watchword.protocol.algorithms import ID_TOKEN_ALGORITHMS, OWN_ALGORITHMS
from watchword.protocol.jwk import KeySet, VerificationKey, key_from_jwk
from watchword.protocol.jws import JwsError, UnknownKey, UnverifiedJws, VerifiedJws, parse, verify_with

HELLO = {"hello": "world"}
TOKENS = {alg: token(HELLO, alg=alg) for alg in SIGNERS}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def with_header(header: Any) -> str:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode("utf-8")
    return seal(raw, b"{}")


@pytest.mark.parametrize("alg", SIGNERS)
def test_a_genuine_token_verifies_under_its_key(alg: str) -> None:
    """RP-09: every algorithm of the table; the result names the key and holds the signed bytes."""
    found = check(TOKENS[alg])
    assert json.loads(found.payload) == HELLO
    assert (found.alg, found.typ, found.key.kid) == (alg, None, KIDS[alg])
    assert found.header["kid"] == KIDS[alg]


def test_parsing_says_what_is_written_and_believes_nothing() -> None:
    """The parsed token has its own type, which is not the verified one, and prints no content."""
    found = parse(token({"sub": "canary"}, typ="at+jwt"))
    assert (found.alg, found.kid, found.typ) == ("ES256", "p256", "at+jwt")
    assert not issubclass(UnverifiedJws, VerifiedJws)
    assert "canary" not in repr(found)
    assert "canary" not in repr(check(token({"sub": "canary"})))


def test_the_header_cannot_be_changed_after_the_check() -> None:
    """Nobody downstream can rewrite what was signed."""
    with pytest.raises(TypeError):
        check(TOKENS["ES256"]).header["alg"] = "none"  # type: ignore[index]


GENUINE = TOKENS["ES256"]
HEAD, BODY, SIGNATURE = GENUINE.split(".")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="one-dot"),
        pytest.param("..", id="two-dots"),
        pytest.param("...", id="three-dots"),
        pytest.param(f"{HEAD}.{BODY}", id="two-parts"),
        pytest.param(f"{GENUINE}.", id="fourth-empty-part"),
        pytest.param(f"{GENUINE}.{SIGNATURE}", id="four-parts"),
        pytest.param(f"{GENUINE}.a.a", id="five-parts"),
        pytest.param(f".{BODY}.{SIGNATURE}", id="no-header"),
        pytest.param(f"{GENUINE}=", id="padding"),
        pytest.param(f"{GENUINE}==", id="more-padding"),
        pytest.param(f"{GENUINE}\n", id="line-end"),
        pytest.param(f" {GENUINE}", id="leading-blank"),
        pytest.param(f"{HEAD}.{BODY} .{SIGNATURE}", id="blank-inside"),
        pytest.param(f"{HEAD}.{BODY}\u200b.{SIGNATURE}", id="zero-width-space"),
        pytest.param(f"{HEAD}.\ud800.{SIGNATURE}", id="surrogate"),
        pytest.param(f"{HEAD}。{BODY}。{SIGNATURE}", id="other-dots"),
        pytest.param(
            json.dumps({"protected": HEAD, "payload": BODY, "signature": SIGNATURE}), id="json-form"
        ),
        pytest.param(with_header(b"not json"), id="header-not-json"),
        pytest.param(with_header(b'"ES256"'), id="header-a-string"),
        pytest.param(with_header([]), id="header-a-list"),
        pytest.param(with_header(b'{"alg":"ES256","alg":"none"}'), id="duplicate-alg"),
        pytest.param(with_header(b'{"alg":"ES256","kid":"p256","\\u006bid":"ed"}'), id="duplicate-kid"),
        pytest.param(with_header(b'\xef\xbb\xbf{"alg":"ES256"}'), id="header-byte-order-mark"),
        pytest.param(with_header('{"alg":"ES256"}'.encode("utf-16")), id="header-utf-16"),
        pytest.param(with_header(b'{"alg":"ES256","x":"\\ud800"}'), id="header-lone-surrogate"),
        pytest.param(with_header(b'{"alg":"ES256","x":NaN}'), id="header-nan"),
        pytest.param(
            with_header(b'{"alg":"ES256","x":' + b"[" * 2000 + b"]" * 2000 + b"}"), id="header-deep"
        ),
        pytest.param(with_header({"kid": "p256"}), id="alg-missing"),
        pytest.param(with_header({"alg": None}), id="alg-null"),
        pytest.param(with_header({"alg": ["ES256"]}), id="alg-list"),
        pytest.param(with_header({"alg": {"ES256": 1}}), id="alg-object"),
        pytest.param(with_header({"alg": 256}), id="alg-number"),
        pytest.param(with_header({"alg": True}), id="alg-true"),
        pytest.param(with_header({"alg": "ES256", "kid": None}), id="kid-null"),
        pytest.param(with_header({"alg": "ES256", "kid": ["p256"]}), id="kid-list"),
        pytest.param(with_header({"alg": "ES256", "kid": 1}), id="kid-number"),
        pytest.param(with_header({"alg": "ES256", "kid": {}}), id="kid-object"),
        pytest.param(with_header({"alg": "ES256", "typ": ["JWT"]}), id="typ-list"),
        pytest.param(with_header({"alg": "ES256", "typ": None}), id="typ-null"),
    ],
)
def test_what_is_not_exactly_a_compact_jws_is_malformed(text: str) -> None:
    """RP-49 null-alg and the families json-*, b64-*: refused before any key is looked at."""
    assert refusal(text) == "malformed"


@pytest.mark.parametrize(
    "extension",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": [1]},
        {"crit": None},
        {"crit": []},
        {"crit": "b64"},
        {"b64": False, "crit": ["b64"]},
        {"b64": False},
        {"b64": True},
    ],
)
def test_header_extensions_are_refused_whatever_they_say(extension: dict[str, Any]) -> None:
    """RFC 7515 §4.1.11: nothing critical is understood here, not even a malformed ``crit``."""
    assert refusal(with_header({"alg": "ES256", "kid": "p256", **extension})) == "critical_header"


def test_the_size_cap_is_exact() -> None:
    """A token of exactly the cap is looked at; one byte more, or ten million, is not."""
    assert parse(GENUINE, max_bytes=len(GENUINE)).alg == "ES256"
    for text, room in ((GENUINE, len(GENUINE) - 1), ("." * 8193, 8192), ("a" * 10_000_000, 8192)):
        with pytest.raises(JwsError) as caught:
            parse(text, max_bytes=room)
        assert caught.value.reason == "too_large"
    assert refusal("." * 8192) == "malformed"


@pytest.mark.parametrize(
    "alg",
    [
        "none",
        "None",
        "NONE",
        "HS256",
        "HS384",
        "HS512",
        "RS384",
        "RS1",
        "es256",
        "ES256 ",
        "ES256K",
        "Ed448",
        "",
    ],
)
def test_rp_10_an_algorithm_outside_the_table_is_never_allowed(alg: str) -> None:
    """Even a caller that allows it by mistake cannot: there is nothing to verify it with."""
    for signature in ("", SIGNATURE):
        text = f"{b64(json.dumps({'alg': alg}).encode())}.{BODY}.{signature}"
        assert refusal(text, algorithms=frozenset({alg, "none", "HS256"})) == "alg_not_allowed"


@pytest.mark.parametrize("alg", SIGNERS)
def test_rp_49_an_algorithm_the_caller_did_not_list_is_refused(alg: str) -> None:
    """A genuine signature does not help where its algorithm was not agreed on."""
    assert refusal(TOKENS[alg], algorithms=EVERY_ALGORITHM - {alg}) == "alg_not_allowed"
    assert refusal(TOKENS[alg], algorithms=frozenset()) == "alg_not_allowed"


def test_the_allow_lists_are_the_contract() -> None:
    """ID tokens: RS256, PS256, ES256, EdDSA by either of its names; our own: ES256, RS256, Ed25519."""
    assert {"RS256", "PS256", "ES256", "EdDSA", "Ed25519"} == ID_TOKEN_ALGORITHMS
    assert {"ES256", "RS256", "Ed25519"} == OWN_ALGORITHMS


def test_the_public_key_is_no_shared_secret() -> None:
    """The classic confusion: HS256 with the key's own public bytes finds no algorithm at all."""
    head = b64(b'{"alg":"HS256","kid":"p256"}')
    assert refusal(f"{head}.{BODY}.{SIGNATURE}") == "alg_not_allowed"


def test_keys_a_token_brings_along_are_not_used() -> None:
    """inj-*: ``jwk``, ``jku``, ``x5u`` and ``x5c`` in the header change nothing."""
    own = jwk_of(OTHER_P256, kid="p256")
    head = {
        "alg": "ES256",
        "kid": "p256",
        "jwk": own,
        "jku": "https://evil.example/",
        "x5u": "x",
        "x5c": ["AA"],
    }
    assert refusal(seal(json.dumps(head).encode(), b"{}", key=OTHER_P256)) == "bad_signature"
    assert check(seal(json.dumps(head).encode(), b"{}")).key.kid == "p256"


@pytest.mark.parametrize("kid", ["P256", "p256 ", "", "p25", "../p256", "p256\x00"])
def test_rp_24_a_kid_nobody_has_is_told_apart(kid: str) -> None:
    """The caller can fetch fresh keys for it, and for nothing else."""
    with pytest.raises(UnknownKey) as caught:
        check(token(HELLO, kid=kid))
    assert caught.value.reason == "unknown_key"
    assert refusal(GENUINE, keys=KeySet(())) == "unknown_key"


def test_an_algorithm_that_is_not_the_named_keys_is_refused() -> None:
    """algmix-*: the key decides what it verifies: by type, by curve and by its own ``alg``."""
    assert refusal(token(HELLO, alg="RS256", kid="p256")) == "key_mismatch"
    assert refusal(token(HELLO, alg="ES256", kid="p384")) == "key_mismatch"
    assert refusal(token(HELLO, alg="ES384", kid="p256")) == "key_mismatch"
    assert refusal(token(HELLO, alg="EdDSA", kid="p256")) == "key_mismatch"
    bound = key_set(jwk_of(RSA, kid="rsa", alg="PS256"))
    assert refusal(TOKENS["RS256"], keys=bound) == "key_mismatch"
    assert check(TOKENS["PS256"], keys=bound).alg == "PS256"


def test_a_key_with_an_alg_outside_the_table_verifies_nothing() -> None:
    """Such a key cannot come from a key set, and built by hand it fits nothing."""
    key = VerificationKey(kid="p256", algorithm="none", kind="P-256", public_key=P256.public_key())
    assert not key.fits("none")
    assert refusal(GENUINE, keys=KeySet((key,))) == "key_mismatch"


def test_both_names_of_ed25519_are_one_algorithm() -> None:
    """RFC 9864 renamed EdDSA; a key that carries one name verifies tokens that carry the other."""
    for of_key, of_token in (("EdDSA", "Ed25519"), ("Ed25519", "EdDSA")):
        assert check(TOKENS[of_token], keys=key_set(jwk_of(ED25519, kid="ed", alg=of_key)))


def test_rp_08_without_kid_the_key_that_verifies_is_found() -> None:
    """Several keys of one type: never the first one blindly, and none is an unknown key, because
    fresh keys may hold the signer."""
    text = token(HELLO, kid=None)
    keys = key_set(jwk_of(OTHER_P256, kid="1"), jwk_of(RSA, kid="2"), jwk_of(P256, kid="3"))
    assert check(text, keys=keys).key.kid == "3"
    assert check(text, keys=key_set(jwk_of(P256))).key.kid is None
    for others in (key_set(jwk_of(OTHER_P256)), key_set(jwk_of(RSA)), KeySet(())):
        with pytest.raises(UnknownKey):
            check(text, keys=others)


def test_a_plain_sequence_of_keys_is_as_good_as_a_set() -> None:
    """Our own keys need no key set around them."""
    keys = [key_from_jwk(jwk_of(OTHER_RSA, kid="x")), key_from_jwk(jwk_of(P256, kid="p256"))]
    assert verify_with(parse(GENUINE), keys, algorithms=OWN_ALGORITHMS).key is keys[1]


@bounded
@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(st.binary(max_size=40).map(b64), max_size=5).map(".".join),
        st.dictionaries(
            st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip", "jwk"]),
            st.one_of(
                st.none(), st.sampled_from(["ES256", "none", "p256"]), st.integers(), st.lists(st.text())
            ),
        ).map(with_header),
    )
)
def test_no_token_raises_anything_foreign(text: str) -> None:
    """Whatever is sent as a token is verified or refused with JwsError."""
    try:
        found = check(text)
    except JwsError:
        return
    assert found.key.kid == "p256"
