"""A provider's own access tokens, in the profile of RFC 9068 and in each vendor's shape."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.presets.access_tokens import ABSENT, API, CLIENT, SAMPLES, Sample
from tests.protocol.workshop import NOW, bounded, token, verified
from watchword.config.provider import ProviderSettings
from watchword.protocol.claims import ClaimError, is_safe_text, read_unverified_claims
from watchword.protocol.jws import parse
from watchword.protocol.principal import Principal
from watchword.protocol.provider_access_token import (
    SHAPES,
    AccessTokenPolicy,
    check_provider_token,
    screen_provider_token,
)
from watchword.protocol.roles import ROLE_PATTERN

OTHERS = "11111111-2222-4333-8444-555555555555"


def policy_of(preset: str, **changes: Any) -> AccessTokenPolicy:
    sample = SAMPLES[preset]
    registration = {"preset": preset, "issuer": sample.issuer, "client_id": "signs-in"}
    settings = ProviderSettings.model_validate(
        {**registration, "client_secret": "s3cret-s3cret", **sample.settings}
    )
    given: dict[str, Any] = {
        "shape": SHAPES[settings.about.access_tokens or ""],
        "issuer": settings.issuer_rule,
        "audiences": frozenset({sample.audience}),
        "role_claims": settings.effective_role_claims,
    }
    return AccessTokenPolicy(**{**given, **changes})


def outcome(preset: str, typ: str | None, claims: dict[str, Any], **changes: Any) -> Principal | str:
    """The caller, or why not. The unsigned text alone is refused for the same reason, if at all."""
    policy = policy_of(preset, **changes)
    header = {} if typ is None else {"typ": typ}
    signed = verified(claims, **header)
    assert read_unverified_claims(parse(token(claims, **header))) == claims
    try:
        screen_provider_token(typ, claims, policy, now_seconds=NOW)
    except ClaimError as screened:
        with pytest.raises(ClaimError, match=re.escape(str(screened))):
            check_provider_token(signed, policy, now_seconds=NOW)
        return f"{screened.claim}: {screened.reason}"
    return check_provider_token(signed, policy, now_seconds=NOW)


@pytest.mark.parametrize(("preset", "sample"), SAMPLES.items(), ids=SAMPLES)
def test_a_documented_token_is_a_caller_without_account_or_session(preset: str, sample: Sample) -> None:
    """Issuer, subject, client, scopes and mapped roles are where the vendor puts them."""
    caller = outcome(preset, sample.typ, sample.changed(email="p@example.org", name="a\nb"))
    assert isinstance(caller, Principal)
    assert (caller.user_id, caller.session_id) == (None, None)
    assert (caller.issuer, caller.subject) == (sample.issuer, sample.subject)
    assert caller.client_id in (CLIENT, "app-client")
    assert caller.roles == sample.roles
    assert caller.scopes == frozenset({"read", "write"})
    assert (caller.email, caller.name) == ("p@example.org", None)
    assert caller.auth_time in (None, NOW - 60)


BAD_EVERYWHERE: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://other.example"}, "iss: mismatch"),
    "no issuer": ({"iss": ABSENT}, "iss: missing"),
    "expired": ({"exp": NOW - 30}, "exp: expired"),
    "no end": ({"exp": ABSENT}, "exp: missing"),
    "no beginning": ({"iat": ABSENT}, "iat: missing"),
    "issued in the future": ({"iat": NOW + 31}, "iat: in_the_future"),
    "not valid yet": ({"nbf": NOW + 31}, "nbf: not_yet_valid"),
    "living too long": ({"exp": NOW + 86_401}, "exp: life_too_long"),
    "a subject of control characters": ({"sub": "a\x00", "uid": "a\x00", "oid": "a\x00"}, "unsafe_text"),
    "no subject": ({"sub": ABSENT, "uid": ABSENT, "oid": ABSENT}, "missing"),
    "a logout token's events": ({"events": {}}, "events: mismatch"),
    "bound to a key": ({"cnf": {"jkt": "x"}}, "cnf: unverifiable"),
    "scopes that are a number": ({"scope": 7, "scp": 7}, "wrong_type"),
    "scopes that are numbers": ({"scope": [7], "scp": [7]}, "wrong_type"),
    "signed in in the future": ({"auth_time": NOW + 31}, "auth_time: in_the_future"),
}


@pytest.mark.parametrize("preset", SAMPLES)
@pytest.mark.parametrize(("changes", "reason"), BAD_EVERYWHERE.values(), ids=BAD_EVERYWHERE)
def test_what_no_preset_accepts(preset: str, changes: dict[str, Any], reason: str) -> None:
    """Each for its own reason, before anybody is asked for a key."""
    sample = SAMPLES[preset]
    assert reason in str(outcome(preset, sample.typ, sample.changed(**changes)))


BAD: dict[str, tuple[str, str | None, dict[str, Any], str]] = {
    "oidc: an ID token": ("oidc", "JWT", {}, "typ: mismatch"),
    "oidc: without typ": ("oidc", None, {}, "typ: missing"),
    "oidc: a logout token": ("oidc", "logout+jwt", {}, "typ: mismatch"),
    "oidc: without jti": ("oidc", "at+jwt", {"jti": ABSENT}, "jti: missing"),
    "oidc: without client_id": ("oidc", "at+jwt", {"client_id": ABSENT}, "client_id: missing"),
    "oidc: azp is no client_id": ("oidc", "at+jwt", {"client_id": ABSENT, "azp": "x"}, "client_id: missing"),
    "oidc: without audience": ("oidc", "at+jwt", {"aud": ABSENT}, "aud: missing"),
    "oidc: for another API": ("oidc", "at+jwt", {"aud": ["https://other.example"]}, "aud: mismatch"),
    "auth0: an ID token": ("auth0", "JWT", {"aud": CLIENT, "nonce": "n"}, "aud: mismatch"),
    "auth0: without a client": ("auth0", "JWT", {"azp": ABSENT}, "client_id: missing"),
    "auth0: a logout token": ("auth0", "logout+jwt", {}, "typ: mismatch"),
    "okta: without cid": ("okta", None, {"cid": ABSENT}, "cid: missing"),
    "okta: of the org server": ("okta", "application/okta-internal-at+jwt", {}, "typ: mismatch"),
    "okta: an ID token": ("okta", None, {"cid": ABSENT, "aud": CLIENT}, "aud: mismatch"),
    "cognito: an ID token": (
        "cognito",
        None,
        {"token_use": "id", "aud": "app-client"},
        "token_use: mismatch",
    ),
    "cognito: of no stated use": ("cognito", None, {"token_use": ABSENT}, "token_use: missing"),
    "cognito: another client's": ("cognito", None, {"client_id": "other"}, "client_id: mismatch"),
    "cognito: bound to another API": ("cognito", None, {"aud": "https://other.example"}, "aud: mismatch"),
    "entra: another tenant": (
        "entra",
        "JWT",
        {"tid": "11111111-2222-4333-8444-555555555555"},
        "tid: mismatch",
    ),
    "entra: version 1 of the tenant": (
        "entra",
        "JWT",
        {"iss": "https://sts.windows.net/9f2a1c34-6d1b-4c8e-8a35-0f6d8f1f7b11/", "ver": "1.0"},
        "iss: mismatch",
    ),
    "entra: an ID token": ("entra", "JWT", {"azp": ABSENT, "scp": ABSENT}, "azp: missing"),
    "entra: an app without any grant": ("entra", "JWT", {"scp": ABSENT, "roles": ABSENT}, "scp: missing"),
    "keycloak: an ID token": ("keycloak", "JWT", {"typ": "ID"}, "typ: mismatch"),
    "keycloak: a refresh token": ("keycloak", "JWT", {"typ": "Refresh"}, "typ: mismatch"),
    "keycloak: for its account page": ("keycloak", "JWT", {"aud": "account"}, "aud: mismatch"),
    "keycloak: of a lightweight kind": ("keycloak", "JWT", {"sub": ABSENT}, "sub: missing"),
}


@pytest.mark.parametrize(("preset", "typ", "changes", "reason"), BAD.values(), ids=BAD)
def test_another_kind_of_token_is_refused(
    preset: str, typ: str | None, changes: dict[str, Any], reason: str
) -> None:
    """An ID token, a logout token, one for another client or API (RFC 9068 §4, RFC 8725 §3.11)."""
    assert outcome(preset, typ, SAMPLES[preset].changed(**changes)) == reason


GOOD: dict[str, tuple[str, str | None, dict[str, Any], dict[str, Any]]] = {
    "oidc: the long form of typ": ("oidc", "Application/AT+JWT", {}, {}),
    "oidc: no scope": ("oidc", "at+jwt", {"scope": ABSENT}, {"scopes": frozenset()}),
    "auth0: in the RFC 9068 dialect": (
        "auth0",
        "at+jwt",
        {"client_id": CLIENT, "jti": "t"},
        {"token_id": "t"},
    ),
    "okta: a machine": ("okta", None, {"uid": ABSENT, "sub": CLIENT}, {"subject": CLIENT}),
    "cognito: bound to a client of ours": ("cognito", None, {"aud": "app-client"}, {}),
    "entra: an app": ("entra", "JWT", {"scp": ABSENT, "idtyp": "app"}, {"scopes": frozenset()}),
    "entra: no roles": ("entra", "JWT", {"roles": ABSENT}, {"roles": frozenset()}),
    "entra: appid": ("entra", "JWT", {"azp": ABSENT, "appid": CLIENT}, {"token_id": "u1"}),
}


@pytest.mark.parametrize(("preset", "typ", "changes", "expected"), GOOD.values(), ids=GOOD)
def test_documented_variants_are_accepted(
    preset: str, typ: str | None, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Dialects, machines, and what may be left out."""
    caller = outcome(preset, typ, SAMPLES[preset].changed(**changes))
    assert isinstance(caller, Principal)
    assert {name: getattr(caller, name) for name in expected} == expected


def test_roles_are_mapped_and_scopes_that_are_none_left_out() -> None:
    """A map drops what it does not know, and nobody becomes an operator by a provider's word."""
    claims = SAMPLES["oidc"].changed(roles=["theirs", "editor"], scope='read  "x" write')
    caller = outcome("oidc", "at+jwt", claims, role_map={"theirs": "ours", "editor": "watchword-admin"})
    assert isinstance(caller, Principal)
    assert caller.roles == frozenset({"ours"})
    assert caller.scopes == frozenset({"read", "write"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [({}, "hd: missing"), ({"hd": "other.test"}, "hd: mismatch"), ({"hd": "a.test"}, None)],
)
def test_a_restriction_to_domains_counts_here_too(changes: dict[str, Any], said: str | None) -> None:
    """Whom a sign-in would refuse, no access token lets in."""
    claims = SAMPLES["oidc"].changed(**changes)
    told = outcome("oidc", "at+jwt", claims, hosted_domains=frozenset({"a.test"}))
    assert told == said if said else isinstance(told, Principal)


def test_a_key_of_another_issuer_does_not_count() -> None:
    """Entra limits keys to an issuer; only the signature tells the key, so the text alone passes."""
    policy, claims = policy_of("entra"), SAMPLES["entra"].changed()
    signed = verified(claims, typ="JWT")
    limited = replace(signed.key, issuer="https://login.microsoftonline.com/other/v2.0")
    screen_provider_token("JWT", claims, policy, now_seconds=NOW)
    with pytest.raises(ClaimError, match="another issuer's"):
        check_provider_token(replace(signed, key=limited), policy, now_seconds=NOW)


def test_a_shorter_life_may_be_asked_for() -> None:
    """``MAX_TOKEN_SECONDS``, and the leeway that every comparison has."""
    claims = SAMPLES["oidc"].changed()
    assert outcome("oidc", "at+jwt", claims, max_life_seconds=3599) == "exp: life_too_long"
    assert outcome("oidc", "at+jwt", SAMPLES["oidc"].changed(nbf=NOW + 1), leeway_seconds=0) == (
        "nbf: not_yet_valid"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([NOW, API, CLIENT]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = sorted({"nbf", "cnf", *(name for sample in SAMPLES.values() for name in sample.changed())})


@bounded
@given(st.sampled_from(sorted(SAMPLES)), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_any_claims_make_a_safe_caller_or_a_refusal(preset: str, changes: dict[str, Any]) -> None:
    """No other error, and nobody comes out whose name could be two people's or none's."""
    sample = SAMPLES[preset]
    policy = policy_of(preset)
    said = sample.changed(**changes)
    try:
        screen_provider_token(sample.typ, said, policy, now_seconds=NOW)
    except ClaimError:
        return
    header = {} if sample.typ is None else {"typ": sample.typ}
    caller = check_provider_token(verified(said, **header), policy, now_seconds=NOW)
    assert is_safe_text(caller.subject)
    assert is_safe_text(caller.client_id)
    assert (caller.issuer, caller.user_id, caller.session_id) == (sample.issuer, None, None)
    assert all(ROLE_PATTERN.fullmatch(role) for role in caller.roles)


BAD_SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "no audience": ({}, "needs audience"),
    "our client id": ({"audience": [API, "signs-in"]}, "must not be our client_id"),
    "google": ({"preset": "google", "audience": API}, "opaque"),
    "github": ({"preset": "github", "audience": API}, "opaque"),
    "an Okta org server": ({"preset": "okta", "audience": API}, "org server"),
}


@pytest.mark.parametrize(("changes", "said"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_what_cannot_be_accepted_safely_is_refused_at_the_start(changes: dict[str, Any], said: str) -> None:
    """With the cause in the message."""
    given = {"issuer": "https://op.example", "client_id": "signs-in", "client_secret": "s3cret-s3cret"}
    with pytest.raises(ValueError, match=said):
        ProviderSettings.model_validate({**given, "accept_access_tokens": True, **changes})


def test_cognito_s_audience_is_a_list_of_clients() -> None:
    """Ours may be one of them: its ID tokens say what they are."""
    ProviderSettings.model_validate(
        {
            "preset": "cognito",
            "issuer": SAMPLES["cognito"].issuer,
            "client_id": "app-client",
            "client_secret": "s3cret-s3cret",
            "accept_access_tokens": True,
            "audience": ["app-client"],
        }
    )
