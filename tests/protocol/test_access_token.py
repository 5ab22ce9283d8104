"""Our own access tokens: what was built reads back, and nothing else passes for one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import NOW, bounded, verified
from watchword.protocol.access_token import build_claims, check_access_token, generation_of, token_id
from watchword.protocol.claims import ClaimError
from watchword.protocol.jws import VerifiedJws
from watchword.protocol.principal import Principal
from watchword.protocol.refresh_token import MAX_GENERATION

ISSUER, AUDIENCE, LIFE = "https://app.example", "https://api.example", 900
ABSENT = object()


def built(**changed: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "subject": "user-1",
        "client_id": "browser",
        "session_id": "session-1",
        "token_id": token_id(3, "AbCdEf_-0123"),
        "issued_at": NOW,
        "expires_at": NOW + LIFE,
        "auth_time": NOW - 60,
        "auth_time_asserted": True,
        "roles": ["editor", "admin"],
        "scopes": {"write", "read"},
    }
    return build_claims(**{**asked, **changed})


def accept(found: VerifiedJws, now_seconds: int = NOW) -> Principal:
    return check_access_token(
        found, issuer=ISSUER, audience=AUDIENCE, now_seconds=now_seconds, max_life_seconds=LIFE
    )


def presented(claims: Mapping[str, Any] | bytes, typ: str | None = "at+jwt") -> VerifiedJws:
    return verified(claims, typ=typ)


def changed(**claims: Any) -> VerifiedJws:
    return presented({name: value for name, value in {**built(), **claims}.items() if value is not ABSENT})


def refuse(found: VerifiedJws, now_seconds: int = NOW) -> tuple[str, str]:
    with pytest.raises(ClaimError) as caught:
        accept(found, now_seconds)
    return caught.value.claim, caught.value.reason


def test_the_claims_are_those_of_the_contract_and_nothing_personal() -> None:
    """RFC 9068 §2.2: sorted roles, sorted scopes in one string, nothing else."""
    assert built() == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user-1",
        "client_id": "browser",
        "sid": "session-1",
        "jti": "3.AbCdEf_-0123",
        "iat": NOW,
        "exp": NOW + LIFE,
        "auth_time": NOW - 60,
        "roles": ["admin", "editor"],
        "scope": "read write",
    }
    bare = built(session_id=None, auth_time=None, roles=[], scopes=[])
    assert "sid" not in bare
    assert "auth_time" not in bare
    assert (bare["roles"], bare["scope"]) == ([], "")


def test_a_time_the_provider_did_not_say_is_marked() -> None:
    """One claim more, in such tokens only; whatever stands in it, the caller is taken at its word."""
    guessed = built(auth_time_asserted=False)
    assert guessed == {**built(), "auth_time_source": "sign_in"}
    assert not accept(presented(guessed)).auth_time_asserted
    assert accept(presented(built())).auth_time_asserted
    odd: Any
    for odd in ("provider", "", None, False, 0, []):
        assert not accept(changed(auth_time_source=odd)).auth_time_asserted
    assert "auth_time_source" not in built(auth_time=None, auth_time_asserted=False)
    assert not accept(changed(auth_time=ABSENT)).auth_time_asserted


def test_what_was_built_reads_back_as_the_caller() -> None:
    """The principal holds every claim a service may decide on."""
    found = accept(presented(built()))
    assert (found.user_id, found.subject, found.session_id) == ("user-1", "user-1", "session-1")
    assert (found.client_id, found.issuer, found.token_id) == ("browser", ISSUER, "3.AbCdEf_-0123")
    assert (found.roles, found.scopes) == (frozenset({"admin", "editor"}), frozenset({"read", "write"}))
    assert (found.auth_time, found.email, found.name) == (NOW - 60, None, None)
    assert found.claims["aud"] == AUDIENCE


def test_a_machine_has_no_user_and_no_session() -> None:
    """Client credentials: ``sub`` is the client itself (RFC 9068 §2.2), so there is no user id."""
    machine = accept(presented(built(subject="robot", client_id="robot", session_id=None, auth_time=None)))
    assert (machine.user_id, machine.session_id, machine.subject) == (None, None, "robot")
    assert accept(presented(built(subject="robot", client_id="robot"))).user_id == "robot"
    assert accept(presented(built(session_id=None))).user_id == "user-1"


def test_further_claims_are_kept_and_cannot_be_changed() -> None:
    """Unknown claims are tolerated; e-mail and name are shown when they are strings."""
    found = accept(changed(email="a@example.org", name="Ada", tenant={"id": 7}))
    assert (found.email, found.name, found.claims["tenant"]) == ("a@example.org", "Ada", {"id": 7})
    assert accept(changed(email=1, name=["Ada"])).email is None
    with pytest.raises(TypeError):
        found.claims["sub"] = "other"  # type: ignore[index]


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_the_type_is_that_of_an_access_token(typ: str) -> None:
    """RFC 9068 §4: both spellings, whatever the case."""
    assert accept(presented(built(), typ)).user_id == "user-1"


@pytest.mark.parametrize(
    "typ", [None, "", "JWT", "jwt", "logout+jwt", "at+jwt ", "at-jwt", "x/at+jwt", "rt+jwt"]
)
def test_x_11_any_other_type_is_no_access_token(typ: str | None) -> None:
    """typ-*: an ID token, a logout token or a token without type is refused, however well it fits."""
    assert refuse(presented(built(), typ)) == ("typ", "mismatch")


@pytest.mark.parametrize(
    ("claims", "refusal"),
    [
        ({"iss": "https://app.example/"}, ("iss", "mismatch")),
        ({"iss": ABSENT}, ("iss", "missing")),
        ({"iss": 1}, ("iss", "wrong_type")),
        ({"aud": "https://other.example"}, ("aud", "mismatch")),
        ({"aud": ["https://other.example"]}, ("aud", "mismatch")),
        ({"aud": [AUDIENCE, 5]}, ("aud", "wrong_type")),
        ({"aud": {AUDIENCE: 1}}, ("aud", "wrong_type")),
        ({"aud": ABSENT}, ("aud", "missing")),
        ({"sub": ABSENT}, ("sub", "missing")),
        ({"sub": ""}, ("sub", "unsafe_text")),
        ({"sub": "a\x00"}, ("sub", "unsafe_text")),
        ({"sub": ["user-1"]}, ("sub", "wrong_type")),
        ({"client_id": ABSENT}, ("client_id", "missing")),
        ({"client_id": None}, ("client_id", "wrong_type")),
        ({"jti": ABSENT}, ("jti", "missing")),
        ({"jti": 12}, ("jti", "wrong_type")),
        ({"sid": None}, ("sid", "wrong_type")),
        ({"sid": 5}, ("sid", "wrong_type")),
        ({"sid": ""}, ("sid", "unsafe_text")),
        ({"iat": ABSENT}, ("iat", "missing")),
        ({"iat": True}, ("iat", "wrong_type")),
        ({"exp": ABSENT}, ("exp", "missing")),
        ({"exp": None}, ("exp", "wrong_type")),
        ({"exp": float(NOW + 10)}, ("exp", "wrong_type")),
        ({"exp": str(NOW + 10)}, ("exp", "wrong_type")),
        ({"exp": 10**30}, ("exp", "out_of_range")),
        ({"nbf": NOW + 60}, ("nbf", "not_yet_valid")),
        ({"nbf": "0"}, ("nbf", "wrong_type")),
        ({"auth_time": "x"}, ("auth_time", "wrong_type")),
        ({"auth_time": NOW + 60}, ("auth_time", "in_the_future")),
        ({"roles": "admin"}, ("roles", "wrong_type")),
        ({"roles": None}, ("roles", "wrong_type")),
        ({"roles": {"admin": True}}, ("roles", "wrong_type")),
        ({"roles": ["admin", 1]}, ("roles", "wrong_type")),
        ({"roles": [["admin"]]}, ("roles", "wrong_type")),
        ({"roles": [""]}, ("roles", "wrong_type")),
        ({"scope": ["read"]}, ("scope", "wrong_type")),
        ({"scope": None}, ("scope", "wrong_type")),
        ({"scope": 1}, ("scope", "wrong_type")),
    ],
)
def test_a_claim_that_does_not_fit_refuses_the_token(
    claims: dict[str, Any], refusal: tuple[str, str]
) -> None:
    """Families aud-*, exp-*, sub-*, roles-*: exact types, and the claim at fault is named."""
    assert refuse(changed(**claims)) == refusal


def test_absent_roles_and_scope_grant_nothing() -> None:
    """A token of ours without them is no error and no right."""
    found = accept(changed(roles=ABSENT, scope=ABSENT))
    assert (found.roles, found.scopes) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("scope", "named"),
    [("", set()), (" ", set()), ("a  b", {"a", "b"}), ("a\tb", {"a\tb"}), ("a\u00a0b", {"a\u00a0b"})],
)
def test_scopes_are_parted_by_blanks_only(scope: str, named: set[str]) -> None:
    """RFC 6749 §3.3: no other white space makes two scopes of one."""
    assert accept(changed(scope=scope)).scopes == named


def test_x_12_a_token_is_expired_from_exp_plus_leeway_on() -> None:
    """Five seconds of leeway for our own tokens: accepted one second before, refused at the edge."""
    found = presented(built())
    assert accept(found, NOW + LIFE + 4).user_id == "user-1"
    assert refuse(found, NOW + LIFE + 5) == ("exp", "expired")
    assert accept(found, NOW - 5).user_id == "user-1"
    assert refuse(found, NOW - 6) == ("iat", "in_the_future")


def test_a_life_longer_than_the_configured_one_is_refused() -> None:
    """A token that was signed for longer than we ever sign is not one we issued."""
    assert accept(changed(exp=NOW + LIFE)).user_id == "user-1"
    assert refuse(changed(exp=NOW + LIFE + 1)) == ("exp", "life_too_long")


def test_a_payload_with_two_readings_is_refused() -> None:
    """json-dup-*: the signature is genuine, the meaning is not certain."""
    assert refuse(presented(b'{"sub":"a","sub":"b"}')) == ("payload", "malformed")


@bounded
@given(st.integers(1, MAX_GENERATION), st.text("ABCXYZabcxyz0189_-", min_size=8, max_size=128))
def test_the_generation_in_a_token_id_reads_back(generation: int, random_part: str) -> None:
    """Every generation a session can have survives the way through ``jti``."""
    assert generation_of(token_id(generation, random_part)) == generation


@pytest.mark.parametrize(
    ("generation", "random_part"),
    [
        (0, "AbCdEfGh"),
        (-1, "AbCdEfGh"),
        (MAX_GENERATION + 1, "AbCdEfGh"),
        (True, "AbCdEfGh"),
        (1, ""),
        (1, "AbCdEfG"),
        (1, "A" * 129),
        (1, "AbCd.fGh"),
        (1, "AbCdEfGh\n"),
        (1, "AbCdEfGé"),
    ],
)
def test_a_token_id_that_would_not_read_back_is_not_made(generation: int, random_part: str) -> None:
    """The random part cannot pose as a generation."""
    with pytest.raises(ValueError, match="out of range"):
        token_id(generation, random_part)


@pytest.mark.parametrize(
    "jti",
    [
        "",
        "1",
        "1.",
        ".AbCdEfGh",
        "01.AbCdEfGh",
        "+1.AbCdEfGh",
        " 1.AbCdEfGh",
        "1.AbCdEfGh\n",
        "1_0.AbCdEfGh",
        "-1.AbCdEfGh",
        "0.AbCdEfGh",
        "2147483648.AbCdEfGh",
        "9" * 5000 + ".AbCdEfGh",
        "\u0661.AbCdEfGh",
        "\u00b2.AbCdEfGh",
        str(uuid.UUID(int=1)),
    ],
)
def test_a_foreign_token_id_has_no_generation(jti: str) -> None:
    """Signs, blanks, leading zeros, other scripts' digits and overflows are not generations."""
    assert generation_of(jti) is None


@bounded
@given(st.text(max_size=20))
def test_any_text_as_a_token_id_is_read_without_error(jti: str) -> None:
    """Random text has no generation, or one that would be written the same way."""
    found = generation_of(jti)
    assert found is None or jti.startswith(f"{found}.")


@pytest.mark.parametrize("scope", ["", "a b", "a\n", 'a"b', "a\\b", "é"])
def test_a_scope_that_would_read_back_differently_is_not_signed(scope: str) -> None:
    """A blank inside a scope would grant two."""
    with pytest.raises(ValueError, match="scope"):
        built(scopes=[scope])


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@bounded
@given(st.dictionaries(st.sampled_from(sorted(built())), anything, max_size=4))
def test_claims_of_any_type_are_accepted_or_refused_with_the_own_error(claims: dict[str, Any]) -> None:
    """Whatever was signed, there is a caller or a ClaimError."""
    try:
        found = accept(presented({**built(), **claims}))
    except ClaimError:
        return
    assert found.issuer == ISSUER
