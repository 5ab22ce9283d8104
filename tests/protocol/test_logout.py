"""Addresses to sign out at: OpenID Connect RP-Initiated Logout 1.0 §2, and what two vendors have instead."""

from __future__ import annotations

from watchword.protocol.logout import (
    MAX_HINT_CHARS,
    auth0_logout,
    cognito_logout,
    is_usable_hint,
    rp_initiated_logout,
)

BACK = "https://app.example/auth/signed-out"
ENCODED = "https%3A%2F%2Fapp.example%2Fauth%2Fsigned-out"


def test_rp_35_the_standard_address_says_who_where_and_what_for() -> None:
    """Hint, client, the exact address to come back to, state; a query of the endpoint stays."""
    given = {"client_id": "a b&c", "return_to": BACK, "state": "s"}
    asked = f"client_id=a%20b%26c&post_logout_redirect_uri={ENCODED}&state=s"
    end = "https://op.example/end"
    assert rp_initiated_logout(end, id_token_hint=None, **given) == f"{end}?{asked}"
    assert rp_initiated_logout(f"{end}?realm=1", id_token_hint="a.b.c", **given) == (
        f"{end}?realm=1&id_token_hint=a.b.c&{asked}"
    )


def test_rp_35_auth0_has_an_endpoint_of_its_own() -> None:
    """On the host of the issuer, whose slash is not doubled."""
    found = auth0_logout("https://tenant.eu.auth0.example/", client_id="us", return_to=BACK)
    assert found == f"https://tenant.eu.auth0.example/v2/logout?client_id=us&returnTo={ENCODED}"


def test_rp_35_cognito_has_it_where_people_sign_in() -> None:
    """Not on the host of the issuer."""
    login = "https://pool.auth.example:8443/oauth2/authorize"
    found = cognito_logout(login, client_id="us", return_to=BACK)
    assert found == f"https://pool.auth.example:8443/logout?client_id=us&logout_uri={ENCODED}"


def test_an_over_long_hint_is_not_usable() -> None:
    """Nor is an empty one."""
    assert is_usable_hint("x" * MAX_HINT_CHARS)
    assert not is_usable_hint("x" * (MAX_HINT_CHARS + 1))
    assert not is_usable_hint("")
