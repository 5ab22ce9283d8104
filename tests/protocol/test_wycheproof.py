"""Every Wycheproof vector for JWS, JWK and JOSE: run and asserted, none left out.

A case outside our algorithms (HS*, RS384, RS512, PS384, PS512, encryption) has to be refused even
where the file calls it valid.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.protocol.workshop import EVERY_ALGORITHM, unb64, vectors
from watchword.protocol.jwk import KeySet, parse_key_set
from watchword.protocol.jws import JwsError, parse, verify_with

FILES = ("signature", "key", "crypto")
IN_SCOPE = frozenset({"RS256", "PS256", "ES256"})
STATED_WRONGLY = {
    346: "the token's PS384 is not the PS256 its key is for",
    347: "ES521 is no algorithm; the key that names it verifies nothing",
    350: "as 346, with key_ops",
    351: "as 347, with key_ops",
}
# HS256, so none of these verifies here, but taking them apart is ours to get right.
FORM_STATED_WRONGLY = {
    367: "named for padding, equal to the valid 357",
    370: "named for padding in the payload, equal to the valid 357",
    372: "a question mark in the header, called valid",
    373: "a question mark in the payload, called valid",
}


def cases(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for group in vectors(name)["testGroups"]:
        for case in group["tests"]:
            yield group, case


def identified(name: str, kind: str = "jws") -> list[Any]:
    return [
        pytest.param(group, case, id=f"{case['tcId']}-{case['comment']}")
        for group, case in cases(name)
        if kind in case
    ]


def keys_of(group: dict[str, Any]) -> KeySet:
    """The keys a relying party would be given; a symmetric key is offered as it stands."""
    given = group.get("public", group["private"])
    document = given if "keys" in given else {"keys": [given]}
    return parse_key_set(json.dumps(document).encode("utf-8"))


def is_accepted(group: dict[str, Any], case: dict[str, Any]) -> bool:
    text = case["jws"] if isinstance(case["jws"], str) else json.dumps(case["jws"])
    try:
        found = verify_with(parse(text), keys_of(group), algorithms=EVERY_ALGORITHM)
    except JwsError:
        return False
    assert found.payload == unb64(text.split(".")[1])
    return True


def algorithm_of(group: dict[str, Any]) -> str | None:
    given = group["private"]
    key = given["keys"][0] if "keys" in given else given
    algorithm = key.get("alg")
    assert algorithm is None or isinstance(algorithm, str)
    return algorithm


@pytest.mark.parametrize(("group", "case"), identified("signature"))
def test_signature_vectors(group: dict[str, Any], case: dict[str, Any]) -> None:
    """Valid and of our algorithms is accepted; everything else is refused."""
    expected = (
        case["result"] == "valid" and algorithm_of(group) in IN_SCOPE and case["tcId"] not in STATED_WRONGLY
    )
    assert is_accepted(group, case) is expected


@pytest.mark.parametrize(("group", "case"), [*identified("key"), *identified("crypto")])
def test_key_and_crypto_vectors(group: dict[str, Any], case: dict[str, Any]) -> None:
    """Weak, ambiguous, misdescribed and private keys verify nothing; ROCA keys among them."""
    assert is_accepted(group, case) is (case["result"] == "valid" and algorithm_of(group) in IN_SCOPE)


@pytest.mark.parametrize(("group", "case"), identified("crypto", "jwe"))
def test_encryption_vectors(group: dict[str, Any], case: dict[str, Any]) -> None:
    """A JWE is not a JWS with more parts: all are refused by their form, the valid ones too."""
    text = case["jwe"] if isinstance(case["jwe"], str) else json.dumps(case["jwe"])
    with pytest.raises(JwsError) as caught:
        parse(text)
    assert caught.value.reason == "malformed"
    assert group["comment"] in {"jwe_aes", "jwe_ec"}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{case['tcId']}-{case['comment']}")
        for group, case in cases("signature")
        if group["comment"] == "base64"
    ],
)
def test_base64_vectors(case: dict[str, Any]) -> None:
    """The group signs with HS256 to try spellings: the form is accepted or refused as stated."""
    is_well_formed = (case["result"] == "valid") is (case["tcId"] not in FORM_STATED_WRONGLY)
    if is_well_formed:
        assert parse(case["jws"]).alg == "HS256"
        return
    with pytest.raises(JwsError, match="malformed"):
        parse(case["jws"])


def test_no_vector_is_left_out() -> None:
    """The three files hold what they say, and all of it is among the cases above."""
    counts = {name: Counter("jwe" if "jwe" in case else "jws" for _, case in cases(name)) for name in FILES}
    assert counts == {"signature": {"jws": 401}, "key": {"jws": 26}, "crypto": {"jws": 49, "jwe": 34}}
    for name in FILES:
        assert vectors(name)["numberOfTests"] == sum(counts[name].values())
    run = len(identified("signature")) + len(identified("key")) + len(identified("crypto"))
    assert run + len(identified("crypto", "jwe")) == 510


def test_the_scope_is_worth_the_name() -> None:
    """How many of the valid vectors are ours to accept, so that a narrower scope is noticed."""
    valid = Counter(
        algorithm_of(group) for name in FILES for group, case in cases(name) if case["result"] == "valid"
    )
    assert {algorithm: valid[algorithm] for algorithm in IN_SCOPE} == {"RS256": 10, "PS256": 8, "ES256": 3}
