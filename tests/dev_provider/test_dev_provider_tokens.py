"""The token and userinfo endpoints (RFC 6749 §4.1.3, §5, §6; RFC 7636 §4.6; OpenID Connect Core §3.1.3)."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from watchword.dev_provider import DevProvider

if TYPE_CHECKING:
    from tests.dev_provider.conftest import FakeClock, RelyingParty


def test_the_happy_path(rp: RelyingParty, clock: FakeClock) -> None:
    """Sign-in with PKCE gives tokens and an ID token that verifies and says who and when."""
    answer = rp.redeem(rp.sign_in("alice"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 300
    assert body["scope"] == "openid profile email offline_access"
    token = rp.verified(body["id_token"])
    assert token.header.keys() == {"alg", "kid", "typ"}
    sid = token.claims.pop("sid")
    assert sid
    digest = hashlib.sha256(body["access_token"].encode()).digest()[:16]
    assert token.claims == {
        "iss": rp.issuer,
        "sub": "dev-alice",
        "aud": "web app",
        "iat": int(clock.now),
        "exp": int(clock.now) + 300,
        "auth_time": int(clock.now),
        "nonce": "the-nonce",
        "at_hash": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "name": "Alice Example",
        "preferred_username": "alice",
        "email": "alice@example.test",
        "email_verified": True,
        "roles": ["admin"],
    }


@pytest.mark.parametrize(("person", "roles"), [("alice", ["admin"]), ("bob", ["editor"]), ("carol", [])])
def test_people_have_stable_subjects_and_roles(rp: RelyingParty, person: str, roles: list[str]) -> None:
    """The three people are who the demo says they are, whatever the scope."""
    claims = rp.verified(rp.tokens(person, scope="openid")["id_token"]).claims
    assert (claims["sub"], claims["roles"]) == (f"dev-{person}", roles)
    assert not {"name", "email", "email_verified", "preferred_username"} & claims.keys()


def test_a_request_without_nonce_gets_no_nonce(rp: RelyingParty) -> None:
    """The nonce is the request's or absent."""
    assert "nonce" not in rp.verified(rp.tokens(nonce=None)["id_token"]).claims


def test_unknown_scopes_are_not_granted(rp: RelyingParty) -> None:
    """The response says what was granted (RFC 6749 §3.3)."""
    body = rp.tokens(scope="openid phone email everything")
    assert body["scope"] == "openid email"
    assert "refresh_token" not in body


# --- PKCE and codes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verifier", "error"),
    [
        ("wrong-verifier-of-the-tests-0123456789.ABCDEFGH", "invalid_grant"),
        ("short", "invalid_grant"),
        ("v" * 129, "invalid_grant"),
        ("ü" * 50, "invalid_grant"),
        (None, "invalid_request"),
    ],
)
def test_pkce_is_enforced_and_a_failed_try_uses_the_code_up(
    rp: RelyingParty, verifier: str | None, error: str
) -> None:
    """PK-3, PK-4: without the right verifier a code is worth nothing, not even a second try."""
    code = rp.sign_in()
    assert rp.oauth_error(rp.redeem(code, code_verifier=verifier)) == error
    assert rp.oauth_error(rp.redeem(code)) == "invalid_grant"


def test_the_challenge_itself_is_no_verifier(rp: RelyingParty) -> None:
    """There is no way back to plain PKCE."""
    code = rp.sign_in()
    assert rp.oauth_error(rp.redeem(code, code_verifier=rp.challenge(rp.verifier))) == "invalid_grant"


def test_a_second_use_of_a_code_revokes_what_it_gave(rp: RelyingParty) -> None:
    """CO-1: access and refresh token of a code die when it comes again (RFC 6749 §4.1.2)."""
    code = rp.sign_in()
    tokens = rp.redeem(code).json()
    assert rp.userinfo(tokens["access_token"]).status_code == 200
    assert rp.oauth_error(rp.redeem(code)) == "invalid_grant"
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert rp.oauth_error(rp.refresh(tokens["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize(("age_seconds", "status"), [(59.9, 200), (60, 400), (61, 400)])
def test_a_code_lives_sixty_seconds(
    rp: RelyingParty, clock: FakeClock, age_seconds: float, status: int
) -> None:
    """One below, at and above the limit."""
    code = rp.sign_in()
    clock.now += age_seconds
    assert rp.redeem(code).status_code == status


def test_the_redirect_uri_is_compared_exactly(rp: RelyingParty) -> None:
    """Ports are free when asking, not when redeeming."""
    asked = "http://127.0.0.1:5000/callback"
    code = rp.sign_in(redirect_uri=asked)
    assert rp.redeem(code, redirect_uri=asked).status_code == 200
    for other in ("http://127.0.0.1:5001/callback", rp.loopback_callback, rp.callback):
        code = rp.sign_in(redirect_uri=asked)
        assert rp.oauth_error(rp.redeem(code, redirect_uri=other)) == "invalid_grant"


def test_a_code_belongs_to_its_client(rp: RelyingParty) -> None:
    """Another client gets nothing and does not spoil it."""
    code = rp.sign_in()
    other = rp.redeem(code, authorization=None, client_id="native")
    assert rp.oauth_error(other) == "invalid_grant"
    assert rp.redeem(code).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"code": "x"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x", "redirect_uri": "y"}, "invalid_grant"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x\0ü"}, "invalid_grant"),
    ],
)
def test_faulty_requests_have_their_own_errors(rp: RelyingParty, form: dict[str, Any], error: str) -> None:
    """Each fault has the code of RFC 6749 §5.2."""
    assert rp.oauth_error(rp.token(**form)) == error


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"a=\xff", "application/x-www-form-urlencoded", 400),
        (b"a=" + b"b" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"grant_type=a&grant_type=b", "application/x-www-form-urlencoded; charset=utf-8", 400),
        (b"", "", 400),
    ],
)
def test_bodies_that_are_no_form(rp: RelyingParty, body: bytes, content_type: str, status: int) -> None:
    """Any other body is an invalid request, never a crash."""
    headers = {"content-type": content_type, "authorization": rp.authorization or ""}
    answer = rp.http.post(f"{rp.issuer}/token", content=body, headers=headers)
    assert rp.oauth_error(answer, status) == "invalid_request"


def test_the_token_endpoint_is_post_only(rp: RelyingParty) -> None:
    """RFC 6749 §3.2."""
    assert rp.http.get(f"{rp.issuer}/token").status_code == 405


# --- client authentication --------------------------------------------------------------------


def test_rp_20_basic_halves_are_form_urldecoded(rp: RelyingParty) -> None:
    """Ids and secrets with spaces, percent, plus and slash survive (RFC 6749 §2.3.1)."""
    assert rp.redeem(rp.sign_in()).status_code == 200
    raw = base64.b64encode(f"web app:{rp.secret}".encode()).decode()
    answer = rp.redeem(rp.sign_in(), authorization=f"Basic {raw}")
    assert rp.oauth_error(answer, 401) == "invalid_client"


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        "Basic /w==",
        "Basic d2ViIGFwcA==",
        "Basic \u00fc",
        "Bearer abc",
        "Basic OmE=",
        "Basic JUZGOmE=",
    ],
)
def test_broken_credentials_are_refused(rp: RelyingParty, authorization: str) -> None:
    """Anything but two decodable halves of a known client is invalid_client with a challenge."""
    answer = rp.http.post(
        f"{rp.issuer}/token",
        data={"grant_type": "authorization_code"},
        headers=[(b"authorization", authorization.encode("latin-1"))],
    )
    assert rp.oauth_error(answer, 401) == "invalid_client"
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_wrong_secret_is_refused_and_the_code_survives(rp: RelyingParty) -> None:
    """The client is authenticated before its code is looked at."""
    code = rp.sign_in()
    for secret in ("", "wrong", rp.secret + " ", rp.secret.upper()):
        answer = rp.redeem(code, authorization=rp.basic("web app", secret))
        assert rp.oauth_error(answer, 401) == "invalid_client"
    assert rp.redeem(code).status_code == 200


def test_the_registered_method_is_the_only_one(rp: RelyingParty) -> None:
    """A secret in the wrong place, two places, or none where one is due, is refused."""
    code = rp.sign_in()
    posted = rp.redeem(code, authorization=None, client_id="web app", client_secret=rp.secret)
    assert rp.oauth_error(posted, 401) == "invalid_client"
    assert rp.oauth_error(rp.redeem(code, authorization=None, client_id="web app"), 401) == "invalid_client"
    assert rp.oauth_error(rp.redeem(code, authorization=None), 401) == "invalid_client"
    assert rp.oauth_error(rp.redeem(code, client_secret=rp.secret)) == "invalid_request"
    assert rp.oauth_error(rp.redeem(code, client_id="native"), 401) == "invalid_client"
    assert rp.redeem(code, client_id="web app").status_code == 200


def test_a_secret_in_the_body(rp: RelyingParty) -> None:
    """client_secret_post works where it is registered."""
    code = rp.sign_in(client_id="poster")
    wrong = rp.redeem(code, authorization=None, client_id="poster", client_secret="x")
    assert rp.oauth_error(wrong, 401) == "invalid_client"
    header = rp.redeem(code, authorization=rp.basic("poster", "other-secret"))
    assert rp.oauth_error(header, 401) == "invalid_client"
    right = rp.redeem(code, authorization=None, client_id="poster", client_secret="other-secret")
    assert right.status_code == 200


def test_a_public_client(rp: RelyingParty) -> None:
    """A public client names itself and has no secret to show."""
    code = rp.sign_in(client_id="native")
    for wrong in ({"authorization": rp.basic("native", "")}, {"client_secret": "x"}):
        answer = rp.redeem(code, **{"authorization": None, "client_id": "native"} | wrong)
        assert rp.oauth_error(answer, 401) == "invalid_client"
    assert rp.redeem(code, authorization=None, client_id="native").status_code == 200


# --- refresh ----------------------------------------------------------------------------------


def test_a_refresh_rotates(rp: RelyingParty, clock: FakeClock) -> None:
    """A new refresh token each time; the ID token keeps subject, session and auth_time, no nonce."""
    first = rp.tokens()
    before = rp.verified(first["id_token"]).claims
    clock.now += 100
    second = rp.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert rp.userinfo(second["access_token"]).status_code == 200
    after = rp.verified(second["id_token"]).claims
    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert after[name] == before[name]
    assert after["iat"] == before["iat"] + 100
    assert "nonce" not in after
    assert rp.refresh(second["refresh_token"]).status_code == 200


def test_reuse_revokes_the_family(rp: RelyingParty) -> None:
    """An old refresh token ends everything that came from the sign-in (RFC 9700 §4.14.2)."""
    first = rp.tokens()
    second = rp.refresh(first["refresh_token"]).json()
    other = rp.tokens("bob")
    assert rp.oauth_error(rp.refresh(first["refresh_token"])) == "invalid_grant"
    assert rp.oauth_error(rp.refresh(second["refresh_token"])) == "invalid_grant"
    assert rp.userinfo(second["access_token"]).status_code == 401
    assert rp.refresh(other["refresh_token"]).status_code == 200


def test_a_refresh_token_belongs_to_its_client(rp: RelyingParty) -> None:
    """Another client gets nothing and does not use it up."""
    tokens = rp.tokens()
    other = rp.refresh(tokens["refresh_token"], authorization=None, client_id="native")
    assert rp.oauth_error(other) == "invalid_grant"
    assert rp.refresh(tokens["refresh_token"]).status_code == 200


def test_scope_may_narrow_and_never_widens(rp: RelyingParty) -> None:
    """RFC 6749 §6: at most what was granted; a refusal uses nothing up."""
    tokens = rp.tokens(scope="openid email offline_access")
    wider = rp.refresh(tokens["refresh_token"], scope="openid profile")
    assert rp.oauth_error(wider) == "invalid_scope"
    narrow = rp.refresh(tokens["refresh_token"], scope="email").json()
    assert narrow["scope"] == "email"
    assert "id_token" not in narrow


def test_revoke_withdraws_a_persons_grants(provider: DevProvider, rp: RelyingParty) -> None:
    """An administrator at the provider can end what one person gave."""
    alice, bob = rp.tokens("alice"), rp.tokens("bob")
    unredeemed = rp.sign_in("alice")
    provider.revoke("alice")
    assert rp.oauth_error(rp.refresh(alice["refresh_token"])) == "invalid_grant"
    assert rp.oauth_error(rp.redeem(unredeemed)) == "invalid_grant"
    assert rp.userinfo(alice["access_token"]).status_code == 401
    assert rp.userinfo(bob["access_token"]).status_code == 200
    provider.revoke()
    assert rp.userinfo(bob["access_token"]).status_code == 401


# --- userinfo ---------------------------------------------------------------------------------


def test_userinfo_answers_by_scope(rp: RelyingParty) -> None:
    """The same person as the ID token, with the claims of the scope."""
    answer = rp.userinfo(rp.tokens("bob")["access_token"])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "sub": "dev-bob",
        "name": "Bob Example",
        "preferred_username": "bob",
        "email": "bob@example.test",
        "email_verified": True,
        "roles": ["editor"],
    }
    little = rp.userinfo(rp.tokens("bob", scope="openid")["access_token"]).json()
    assert little == {"sub": "dev-bob", "roles": ["editor"]}


def test_userinfo_refuses_as_rfc_6750_says(rp: RelyingParty, clock: FakeClock) -> None:
    """No token: a bare challenge. A bad, foreign or expired one: invalid_token."""
    bare = rp.http.get(f"{rp.issuer}/userinfo")
    assert bare.status_code == 401
    assert "error" not in bare.headers["www-authenticate"]
    tokens = rp.tokens()
    clock.now += 300
    for token in ("unknown", tokens["id_token"], tokens["access_token"]):
        answer = rp.userinfo(token)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
