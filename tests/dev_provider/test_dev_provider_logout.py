"""Signing out at the provider (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from watchword.dev_provider import DevProvider

if TYPE_CHECKING:
    from tests.dev_provider.conftest import FakeClock, RelyingParty


def test_rp_35_logout_returns_to_the_registered_address_with_state(
    rp: RelyingParty, clock: FakeClock
) -> None:
    """An expired ID token is a good hint; the session's access tokens end with it."""
    tokens, other = rp.tokens(), rp.tokens("bob")
    clock.now += 299
    answer = rp.end_session(
        id_token_hint=tokens["id_token"], post_logout_redirect_uri=rp.signed_out, state="s & t"
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{rp.signed_out}?")
    assert rp.query_of(answer.headers["location"]) == {"state": "s & t"}
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert rp.userinfo(other["access_token"]).status_code == 200
    clock.now += 1000
    again = rp.end_session(id_token_hint=tokens["id_token"], post_logout_redirect_uri=rp.signed_out)
    assert again.headers["location"] == rp.signed_out


def test_a_refresh_token_with_offline_access_survives_logout(rp: RelyingParty) -> None:
    """offline_access asks for tokens beyond the session (OpenID Connect Core §11)."""
    tokens = rp.tokens()
    assert rp.end_session(id_token_hint=tokens["id_token"]).status_code == 200
    assert rp.refresh(tokens["refresh_token"]).status_code == 200


def test_logout_by_post_and_by_client_id(rp: RelyingParty) -> None:
    """Both methods work (§2), and a client id identifies where no hint is at hand."""
    form = {"client_id": "web app", "post_logout_redirect_uri": rp.signed_out}
    assert rp.end_session(**form).headers["location"] == rp.signed_out
    assert rp.http.post(f"{rp.issuer}/end-session", data=form).headers["location"] == rp.signed_out


def test_logout_without_anything_ends_on_a_page(rp: RelyingParty) -> None:
    """No client, no address: the provider's own page."""
    answer = rp.end_session()
    assert answer.status_code == 200
    assert "You are signed out" in answer.text


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.test/auth/signed-out/",
        "https://app.example.test/auth/signed-out?x=1",
        "https://app.example.test/auth/signed-ou",
        "https://app.example.test:443/auth/signed-out",
        "http://app.example.test/auth/signed-out",
        "https://evil.test/",
        "http://127.0.0.1:5000/",
    ],
)
def test_rp_36_logout_is_no_open_redirect(rp: RelyingParty, uri: str) -> None:
    """Only the registered address, to the letter; a refused logout ends nothing."""
    tokens = rp.tokens()
    answer = rp.end_session(id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert rp.userinfo(tokens["access_token"]).status_code == 200


def test_an_address_without_a_client_is_refused(rp: RelyingParty) -> None:
    """Nobody vouches for it."""
    assert rp.end_session(post_logout_redirect_uri=rp.signed_out).status_code == 400


def test_any_loopback_covers_where_a_logout_ends(rp: RelyingParty) -> None:
    """The standalone provider's client ends anywhere on this machine."""
    for uri, status in (("http://127.0.0.1:8000/auth/signed-out", 303), (rp.signed_out, 400)):
        answer = rp.end_session(client_id="anywhere", post_logout_redirect_uri=uri)
        assert answer.status_code == status


def test_hints_are_checked(provider: DevProvider, rp: RelyingParty) -> None:
    """A hint of another signer, issuer, client or shape is refused."""
    id_token = rp.tokens()["id_token"]
    claims = dict(rp.verified(id_token).claims)
    good = provider.sign_id_token(claims)
    assert rp.end_session(id_token_hint=good).status_code == 200
    assert (
        rp.end_session(id_token_hint=provider.sign_id_token({**claims, "aud": ["web app"]})).status_code
        == 200
    )
    header, payload, signature = id_token.split(".")
    bad = [
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}.",
        f"{payload}.{payload}.{signature}",
        "x",
        "..",
        provider.keys.sign(claims, provider.keys.header(), unknown_key=True),
        provider.keys.sign(claims, {"alg": "none"}),
        provider.sign_id_token(claims, {"crit": [1]}),
        provider.sign_id_token(claims, {"crit": None}),
        provider.sign_id_token({**claims, "iss": "https://evil.test"}),
        provider.sign_id_token({**claims, "aud": "unknown"}),
        provider.sign_id_token({**claims, "aud": ["web app", "native"]}),
        provider.sign_id_token({**claims, "aud": None}),
    ]
    for hint in bad[:-1]:
        assert rp.end_session(id_token_hint=hint).status_code == 400, hint
    redirect = rp.end_session(id_token_hint=bad[-1], post_logout_redirect_uri=rp.signed_out)
    assert redirect.status_code == 400
    assert rp.end_session(id_token_hint=good, client_id="native").status_code == 400
    assert rp.end_session(client_id="unknown").status_code == 400
    doubled = rp.http.get(f"{rp.issuer}/end-session?client_id=native&client_id=native")
    assert doubled.status_code == 400


def test_a_hint_outlives_its_key(provider: DevProvider, rp: RelyingParty) -> None:
    """Logging out works after the key that signed the hint has left the JWKS."""
    id_token = rp.tokens()["id_token"]
    provider.rotate_keys(keep_previous=False)
    assert rp.end_session(id_token_hint=id_token).status_code == 200
