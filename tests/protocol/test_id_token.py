"""ID tokens: OpenID Connect Core §3.1.3.7, one rule after the other, at its edges."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import EVERY_ALGORITHM, NOW, SIGNERS, bounded, token, verified
from watchword.protocol.claims import ClaimError
from watchword.protocol.id_token import MAX_ID_TOKEN_BYTES, IdToken, IdTokenPolicy, check_id_token
from watchword.protocol.issuer_rule import IssuerRule
from watchword.protocol.jws import JwsError, VerifiedJws, parse

RULE = IssuerRule("https://op.example")
NONCE = "n-0S6_WzA2Mj"
POLICY = IdTokenPolicy(issuer=RULE, client_id="us", nonce=NONCE)
CLAIMS: Mapping[str, Any] = {
    "iss": "https://op.example",
    "sub": "248289761001",
    "aud": "us",
    "nonce": "n-0S6_WzA2Mj",
    "iat": NOW,
    "exp": NOW + 300,
}
ACCESS_TOKEN = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
ABSENT = object()


def changed(**claims: Any) -> dict[str, Any]:
    return {name: value for name, value in {**CLAIMS, **claims}.items() if value is not ABSENT}


def accept(
    found: VerifiedJws | None = None,
    policy: IdTokenPolicy = POLICY,
    access_token: str | None = None,
    **claims: Any,
) -> IdToken:
    return check_id_token(
        found or verified(changed(**claims)), policy, now_seconds=NOW, access_token=access_token
    )


def refuse(*args: Any, **claims: Any) -> tuple[str, str]:
    with pytest.raises(ClaimError) as caught:
        accept(*args, **claims)
    return caught.value.claim, caught.value.reason


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
def test_rp_01_an_honest_token_says_who_signed_in(alg: str) -> None:
    """Every algorithm of the contract; optional claims may be there or not."""
    found = accept(verified(changed(email="a@example.org"), alg=alg, typ="JWT"))
    assert (found.issuer, found.subject) == ("https://op.example", "248289761001")
    assert (found.issued_at, found.expires_at) == (NOW, NOW + 300)
    assert (found.auth_time, found.sid) == (None, None)
    assert found.claims["email"] == "a@example.org"
    full = accept(auth_time=NOW - 5, sid="session", nbf=NOW, azp="us")
    assert (full.auth_time, full.sid) == (NOW - 5, "session")


def test_the_claims_cannot_be_changed_and_do_not_print() -> None:
    """What was signed stays, and a log line shows no profile."""
    found = accept(email="canary@example.org")
    with pytest.raises(TypeError):
        found.claims["sub"] = "other"  # type: ignore[index]
    assert "canary" not in repr(found)
    assert NONCE not in repr(POLICY)


@pytest.mark.parametrize("nonce", [ABSENT, NONCE, "of another sign-in", None])
def test_rp_26_a_refreshed_token_may_leave_the_nonce_out(nonce: Any) -> None:
    """OpenID Connect Core §12.2; everything else about it is checked as ever."""
    refreshed = replace(POLICY, nonce=None)
    assert accept(policy=refreshed, nonce=nonce).subject == "248289761001"
    for claims in ({"iss": "https://evil.example"}, {"aud": "other"}, {"exp": NOW - 300}, {"azp": "other"}):
        assert refuse(None, refreshed, nonce=nonce, **claims)[1] in ("mismatch", "expired")


@pytest.mark.parametrize(
    ("claims", "refusal"),
    [
        pytest.param({"iss": "https://evil.example"}, ("iss", "mismatch"), id="rp_02_other_issuer"),
        pytest.param({"iss": "https://op.example/"}, ("iss", "mismatch"), id="rp_02_slash"),
        pytest.param({"iss": "https://OP.example"}, ("iss", "mismatch"), id="rp_02_case"),
        pytest.param({"iss": ABSENT}, ("iss", "missing"), id="rp_49_no_issuer"),
        pytest.param({"iss": None}, ("iss", "wrong_type"), id="rp_49_null_issuer"),
        pytest.param({"sub": ABSENT}, ("sub", "missing"), id="rp_03_no_subject"),
        pytest.param({"sub": ""}, ("sub", "unsafe_text"), id="rp_03_empty_subject"),
        pytest.param({"sub": 7}, ("sub", "wrong_type"), id="rp_03_numeric_subject"),
        pytest.param({"sub": "a\x00b"}, ("sub", "unsafe_text"), id="rp_03_nul_in_subject"),
        pytest.param({"sub": "x" * 256}, ("sub", "unsafe_text"), id="rp_03_long_subject"),
        pytest.param({"aud": "other"}, ("aud", "mismatch"), id="rp_04_other_audience"),
        pytest.param({"aud": ABSENT}, ("aud", "missing"), id="rp_05_no_audience"),
        pytest.param({"aud": ["us", 1]}, ("aud", "wrong_type"), id="rp_05_mixed_audience"),
        pytest.param({"iat": ABSENT}, ("iat", "missing"), id="rp_06_no_iat"),
        pytest.param({"nonce": "other"}, ("nonce", "mismatch"), id="rp_17_other_nonce"),
        pytest.param({"nonce": "é"}, ("nonce", "mismatch"), id="rp_17_foreign_nonce"),
        pytest.param({"nonce": ABSENT}, ("nonce", "missing"), id="rp_49_no_nonce"),
        pytest.param({"nonce": ["n-0S6_WzA2Mj"]}, ("nonce", "wrong_type"), id="rp_17_nonce_list"),
        pytest.param({"exp": ABSENT}, ("exp", "missing"), id="rp_49_no_exp"),
        pytest.param({"exp": NOW - 300}, ("exp", "expired"), id="rp_48_expired"),
        pytest.param({"exp": str(NOW + 300)}, ("exp", "wrong_type"), id="rp_55_exp_string"),
        pytest.param({"exp": NOW + 300.5}, ("exp", "wrong_type"), id="rp_55_exp_float"),
        pytest.param({"exp": True}, ("exp", "wrong_type"), id="rp_55_exp_bool"),
        pytest.param({"iat": NOW - 86_400, "exp": NOW}, ("iat", "too_old"), id="rp_55_iat_a_day_old"),
        pytest.param(
            {"iat": NOW + 86_400, "exp": NOW + 90_000}, ("iat", "in_the_future"), id="rp_55_iat_ahead"
        ),
        pytest.param({"nbf": NOW + 3600}, ("nbf", "not_yet_valid"), id="rp_55_nbf_ahead"),
        pytest.param({"exp": NOW + 10 * 365 * 86_400}, ("exp", "life_too_long"), id="ten_years"),
        pytest.param({"azp": "other"}, ("azp", "mismatch"), id="rp_53_azp_is_another"),
        pytest.param({"azp": None}, ("azp", "wrong_type"), id="rp_53_azp_null"),
        pytest.param({"aud": ["us", "api"]}, ("azp", "missing"), id="several_audiences_without_azp"),
        pytest.param(
            {"aud": ["us", "api"], "azp": "api"}, ("azp", "mismatch"), id="several_audiences_other_azp"
        ),
        pytest.param({"auth_time": "now"}, ("auth_time", "wrong_type"), id="auth_time_string"),
        pytest.param({"auth_time": NOW + 31}, ("auth_time", "in_the_future"), id="auth_time_ahead"),
        pytest.param({"sid": 5}, ("sid", "wrong_type"), id="sid_number"),
        pytest.param({"sid": "a\nb"}, ("sid", "unsafe_text"), id="sid_line_end"),
    ],
)
def test_a_claim_that_does_not_fit_refuses_the_token(
    claims: dict[str, Any], refusal: tuple[str, str]
) -> None:
    """Each rule of §3.1.3.7 refuses alone, and says which claim it was."""
    assert refuse(**claims) == refusal


def test_rp_47_audiences_as_a_list() -> None:
    """A list with us alone, even twice, needs no azp; with others it needs azp to be us."""
    for claims in ({"aud": ["us"]}, {"aud": ["us", "us"]}, {"aud": ["api", "us"], "azp": "us"}):
        assert accept(**claims).subject


@pytest.mark.parametrize(
    ("accepted", "refused"),
    [
        ({"iat": NOW - 630}, {"iat": NOW - 631}),
        ({"iat": NOW + 30}, {"iat": NOW + 31}),
        ({"exp": NOW - 29}, {"exp": NOW - 30}),
        ({"nbf": NOW + 30}, {"nbf": NOW + 31}),
        ({"exp": NOW + 86_400}, {"exp": NOW + 86_401}),
    ],
)
def test_the_edges_of_time_are_exact(accepted: dict[str, Any], refused: dict[str, Any]) -> None:
    """NET-17: thirty seconds of skew pass on either side, one more does not."""
    assert accept(**accepted).subject
    assert refuse(**refused)


@pytest.mark.parametrize(
    "typ", ["at+jwt", "application/at+jwt", "logout+jwt", "secevent+jwt", "JOSE", "", "JWT "]
)
def test_another_kind_of_token_is_no_id_token(typ: str) -> None:
    """typ-*: a token that says it is something else is refused however well it fits (RFC 8725 §3.11)."""
    assert refuse(verified(CLAIMS, typ=typ)) == ("typ", "mismatch")


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "application/jwt"])
def test_an_id_token_may_say_jwt_or_nothing(typ: str | None) -> None:
    """RFC 7515 §4.1.9: media types ignore case, and ``application/`` may be left out."""
    assert accept(verified(CLAIMS, typ=typ)).subject


def test_rp_49_an_algorithm_that_was_not_agreed_is_refused() -> None:
    """alternate-alg: the policy's own list counts, whatever the signature check let through."""
    policy = IdTokenPolicy(
        issuer=RULE,
        client_id="us",
        nonce=POLICY.nonce,
        algorithms=frozenset({"RS256"}),
    )
    assert refuse(verified(CLAIMS, alg="ES256"), policy) == ("alg", "mismatch")
    assert accept(verified(CLAIMS, alg="RS256"), policy).subject
    assert refuse(verified(CLAIMS, alg="ES384")) == ("alg", "mismatch")


def at_hash(alg: str, access_token: str) -> str:
    digest = {
        "ES384": hashlib.sha384,
        "ES512": hashlib.sha512,
        "EdDSA": hashlib.sha512,
        "Ed25519": hashlib.sha512,
    }
    raw = digest.get(alg, hashlib.sha256)(access_token.encode()).digest()
    return base64.urlsafe_b64encode(raw[: len(raw) // 2]).decode().rstrip("=")


def test_at_hash_is_the_one_of_the_specification() -> None:
    """The value OpenID Connect Core prints in appendix A.3 for its example access token."""
    assert accept(
        verified(changed(at_hash="77QmUPtjPfzWtF2AnpK9RQ"), alg="RS256"), access_token=ACCESS_TOKEN
    ).subject


@pytest.mark.parametrize("alg", SIGNERS)
def test_rp_30_at_hash_is_checked_whenever_present(alg: str) -> None:
    """For every algorithm: the right one passes, any other, or none to compare with, refuses."""
    policy = IdTokenPolicy(
        issuer=RULE,
        client_id="us",
        nonce=POLICY.nonce,
        algorithms=EVERY_ALGORITHM,
    )
    right = verified(changed(at_hash=at_hash(alg, ACCESS_TOKEN)), alg=alg)
    assert accept(right, policy, ACCESS_TOKEN).subject
    assert refuse(right, policy, "another") == ("at_hash", "mismatch")
    assert refuse(right, policy, "\ud800") == ("at_hash", "mismatch")
    assert refuse(right, policy, None) == ("at_hash", "unverifiable")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("77QmUPtjPfzWtF2AnpK9RR", "mismatch"),
        ("77QmUPtjPfzWtF2AnpK9RQ==", "mismatch"),
        ("77QmUPtjPfzWtF2AnpK9", "mismatch"),
        ("é", "mismatch"),
        ("", "unsafe_text"),
        (None, "wrong_type"),
        (5, "wrong_type"),
    ],
)
def test_rp_30_an_at_hash_that_is_none_refuses(value: Any, reason: str) -> None:
    """No shape of the claim is taken for an absent one."""
    found = verified(changed(at_hash=value), alg="RS256")
    assert refuse(found, POLICY, ACCESS_TOKEN) == ("at_hash", reason)


def test_rp_53_a_recent_sign_in_is_proved_when_it_was_asked_for() -> None:
    """With max_age, auth_time is required and may be older by the leeway only (Core §3.1.2.1)."""
    policy = IdTokenPolicy(issuer=RULE, client_id="us", nonce=POLICY.nonce, max_age_seconds=60)
    assert accept(None, policy, auth_time=NOW - 90).auth_time == NOW - 90
    assert refuse(None, policy, auth_time=NOW - 91) == ("auth_time", "too_old")
    assert refuse(None, policy) == ("auth_time", "missing")
    assert accept(auth_time=NOW - 1_000_000).auth_time == NOW - 1_000_000


def test_rp_53_who_signed_in_since_we_asked_did_so_recently() -> None:
    """A person may read the provider's pages for minutes between the password and the way back; a
    sign-in from before the request is measured by its age alone."""
    policy = replace(POLICY, max_age_seconds=0, asked_at=NOW - 300)
    assert accept(None, policy, auth_time=NOW - 299).auth_time == NOW - 299
    assert accept(None, policy, auth_time=NOW - 330).auth_time == NOW - 330
    assert refuse(None, policy, auth_time=NOW - 331) == ("auth_time", "too_old")
    assert refuse(None, policy) == ("auth_time", "missing")


@pytest.mark.parametrize(
    "fault",
    [
        {"leeway_seconds": 61},
        {"leeway_seconds": -1},
        {"issuer": IssuerRule("")},
        {"client_id": ""},
        {"nonce": ""},
        {"algorithms": frozenset({"RS256", "none"})},
        {"algorithms": frozenset({"HS256"})},
    ],
)
def test_a_policy_that_would_check_nothing_cannot_be_made(fault: dict[str, Any]) -> None:
    """An empty expectation, a leeway over a minute or an unknown algorithm is a fault of ours."""
    with pytest.raises(ValueError, match="must"):
        IdTokenPolicy(**{"issuer": RULE, "client_id": "us", "nonce": "n", **fault})


def test_an_id_token_has_a_size_cap_of_its_own() -> None:
    """16 KB, twice what an access token may have, and no more."""
    text = token({**CLAIMS, "groups": "x" * 9000})
    assert parse(text, max_bytes=MAX_ID_TOKEN_BYTES).alg == "ES256"
    with pytest.raises(JwsError):
        parse(text)
    with pytest.raises(JwsError):
        parse(token({**CLAIMS, "groups": "x" * 13_000}), max_bytes=MAX_ID_TOKEN_BYTES)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = ["iss", "sub", "aud", "iat", "exp", "nbf", "azp", "nonce", "at_hash", "auth_time", "sid", "events"]


@bounded
@given(st.dictionaries(st.sampled_from(NAMES), anything, max_size=4))
def test_claims_of_any_type_are_accepted_or_refused_with_the_own_error(claims: dict[str, Any]) -> None:
    """Whatever a provider signs, there is an ID token for the expected sign-in or a ClaimError."""
    try:
        found = check_id_token(
            verified({**CLAIMS, **claims}), POLICY, now_seconds=NOW, access_token=ACCESS_TOKEN
        )
    except ClaimError:
        return
    assert (found.issuer, found.claims["nonce"]) == ("https://op.example", POLICY.nonce)
