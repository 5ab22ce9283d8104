"""Each switch does what it says, and reset undoes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.errors import BadSignatureError

from watchword.dev_provider import Behaviour, DevProvider, Endpoint

if TYPE_CHECKING:
    from tests.dev_provider.conftest import RelyingParty

ENDPOINTS: list[tuple[Endpoint, str, str]] = [
    ("discovery", "GET", "/.well-known/openid-configuration"),
    ("jwks", "GET", "/jwks"),
    ("authorize", "GET", "/authorize"),
    ("token", "POST", "/token"),
    ("userinfo", "GET", "/userinfo"),
    ("end_session", "GET", "/end-session"),
]


def without(*names: str) -> Any:
    return lambda given: {name: value for name, value in given.items() if name not in names}


def test_id_token_claims_change_before_signing(provider: DevProvider, rp: RelyingParty) -> None:
    """A tampered claim is properly signed; refreshes are tampered too."""
    provider.behaviour.id_token_claims = lambda claims: {**claims, "aud": "someone else"}
    tokens = rp.tokens()
    assert rp.verified(tokens["id_token"]).claims["aud"] == "someone else"
    refreshed = rp.refresh(tokens["refresh_token"]).json()
    assert rp.verified(refreshed["id_token"]).claims["aud"] == "someone else"


def test_id_token_header_changes_before_signing(provider: DevProvider, rp: RelyingParty) -> None:
    """RP-07: a header without kid, still verifiable; RP-10: alg none."""
    provider.behaviour.id_token_header = without("kid")
    assert "kid" not in rp.verified(rp.tokens()["id_token"]).header
    provider.behaviour.id_token_header = lambda header: {**header, "alg": "none"}
    assert rp.tokens()["id_token"].endswith(".")


def test_an_unknown_key_signs_under_the_current_kid(provider: DevProvider, rp: RelyingParty) -> None:
    """RP-13: the key is found and the signature fails."""
    provider.behaviour.sign_with_unknown_key = True
    with pytest.raises(BadSignatureError):
        rp.verified(rp.tokens()["id_token"])


def test_token_response_changes(provider: DevProvider, rp: RelyingParty) -> None:
    """NET-14: members may go missing; errors are left alone."""
    provider.behaviour.token_response = without("id_token")
    assert "id_token" not in rp.tokens()
    assert rp.oauth_error(rp.redeem("unknown")) == "invalid_grant"


def test_token_status_and_body_come_after_the_work(provider: DevProvider, rp: RelyingParty) -> None:
    """CO-2: the answer is lost, the code is used."""
    provider.behaviour.token_status = 500
    code = rp.sign_in()
    assert rp.redeem(code).status_code == 500
    provider.behaviour.token_body = b"<html>"
    assert (rp.redeem(code).status_code, rp.redeem(code).content) == (500, b"<html>")
    provider.behaviour.token_status = None
    assert (rp.redeem(code).status_code, rp.redeem(code).content) == (200, b"<html>")
    provider.behaviour.reset()
    assert rp.oauth_error(rp.redeem(code)) == "invalid_grant"


def test_userinfo_metadata_and_jwks_change(provider: DevProvider, rp: RelyingParty) -> None:
    """RP-16, RP-23, NET-8: each JSON document can say anything, of any type."""
    access_token = rp.tokens()["access_token"]
    provider.behaviour.userinfo = lambda claims: {**claims, "sub": "other"}
    provider.behaviour.metadata = lambda metadata: {**metadata, "issuer": "https://evil.test"}
    provider.behaviour.jwks = lambda jwks: [jwks]
    assert rp.userinfo(access_token).json()["sub"] == "other"
    metadata = rp.http.get(f"{rp.issuer}/.well-known/openid-configuration").json()
    assert metadata["issuer"] == "https://evil.test"
    assert isinstance(rp.http.get(f"{rp.issuer}/jwks").json(), list)


def test_the_authorization_response_changes(provider: DevProvider, rp: RelyingParty) -> None:
    """RP-43 to RP-45: iss, state and code can be dropped or altered, in errors too."""
    provider.behaviour.authorization_response = without("iss", "state")
    assert rp.query_of(provider.approve(rp.authorization_url(), "alice")).keys() == {"code"}
    assert rp.query_of(provider.cancel(rp.authorization_url())).keys() == {"error", "error_description"}
    provider.behaviour.authorization_response = lambda response: {}
    assert provider.approve(rp.authorization_url(), "alice") == rp.callback


@pytest.mark.parametrize(("endpoint", "method", "path"), ENDPOINTS)
def test_each_endpoint_can_fail_and_heal(
    provider: DevProvider, rp: RelyingParty, endpoint: Endpoint, method: str, path: str
) -> None:
    """A failing endpoint answers what it is told, the others their own."""
    neutral = rp.http.request(method, f"{rp.issuer}{path}").status_code
    provider.fail(endpoint, status=503, headers={"Retry-After": "7"}, body=b"down")
    answer = rp.http.request(method, f"{rp.issuer}{path}")
    assert (answer.status_code, answer.headers["retry-after"], answer.content) == (503, "7", b"down")
    for _, other_method, other in ENDPOINTS:
        if other != path:
            assert rp.http.request(other_method, f"{rp.issuer}{other}").status_code != 503
    provider.heal(endpoint)
    assert rp.http.request(method, f"{rp.issuer}{path}").status_code == neutral


def test_a_failure_may_look_like_success(provider: DevProvider, rp: RelyingParty) -> None:
    """NET-6: a 200 with a body of any type."""
    provider.fail("jwks", status=200, headers={"content-type": "text/html"}, body=b"<html>")
    answer = rp.http.get(f"{rp.issuer}/jwks")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")


def test_a_failing_token_endpoint_does_no_work(provider: DevProvider, rp: RelyingParty) -> None:
    """The code survives an outage in front of the provider."""
    code = rp.sign_in()
    provider.fail("token", status=502)
    assert rp.redeem(code).status_code == 502
    provider.heal()
    assert rp.redeem(code).status_code == 200


def test_a_delay_composes_with_a_failure(provider: DevProvider, rp: RelyingParty) -> None:
    """A late answer is the endpoint's own, or the failure's when both are set; bodies arrive."""
    provider.delay("token", 0.01)
    assert rp.redeem(rp.sign_in()).status_code == 200
    provider.fail("token", status=504)
    assert rp.redeem(rp.sign_in()).status_code == 504


def test_a_faulty_endpoint_still_caps_bodies(provider: DevProvider, rp: RelyingParty) -> None:
    """A delay opens no way around the size limit."""
    provider.delay("token", 0.01)
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = rp.http.post(f"{rp.issuer}/token", content=b"a=" + b"b" * 70_000, headers=form)
    assert rp.oauth_error(answer, 413) == "invalid_request"


def test_dropping_needs_a_connection(provider: DevProvider, rp: RelyingParty) -> None:
    """In process there is nothing to close, and the test is told."""
    provider.drop("jwks")
    with pytest.raises(RuntimeError, match="DevProviderServer"):
        rp.http.get(f"{rp.issuer}/jwks")


def test_requests_are_recorded_without_secrets(provider: DevProvider, rp: RelyingParty) -> None:
    """Tests can say that no token call happened; no query, header or body is kept."""
    code = rp.sign_in()
    assert ("POST", "/token") not in provider.requests
    tokens = rp.redeem(code).json()
    assert [(received.method, received.path) for received in provider.requests] == [
        ("GET", "/authorize"),
        ("POST", "/decision"),
        ("POST", "/token"),
    ]
    recorded = json.dumps(provider.requests)
    assert not any(secret in recorded for secret in (code, tokens["access_token"], "the-state"))


def test_reset_forgets_everything_but_keys_and_clients(provider: DevProvider, rp: RelyingParty) -> None:
    """A fixture can serve many tests."""
    tokens, code, page = rp.tokens(), rp.sign_in(), rp.open_page()
    provider.behaviour.sign_with_unknown_key = True
    provider.fail("jwks")
    provider.reset()
    assert provider.requests == []
    assert provider.behaviour == Behaviour()
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert rp.oauth_error(rp.redeem(code)) == "invalid_grant"
    assert rp.oauth_error(rp.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert rp.press(page, person="alice").status_code == 400
    assert rp.verified(tokens["id_token"]).claims["sub"] == "dev-alice"


@pytest.mark.parametrize(
    ("asked", "seconds_ago"),
    [
        ({}, 600),
        ({"max_age": "600"}, 600),
        ({"max_age": "599"}, 0),
        ({"max_age": "0"}, 0),
        ({"prompt": "login"}, 0),
        ({"prompt": "consent"}, 600),
    ],
)
def test_people_who_are_signed_in_already_are_asked_where_the_request_wants_it(
    provider: DevProvider, rp: RelyingParty, asked: dict[str, str], seconds_ago: int
) -> None:
    """RP-53: ``auth_time`` tells the truth, as OpenID Connect Core §3.1.2.1 has it."""
    provider.behaviour.signed_in_seconds_ago = 600
    claims = rp.verified(rp.tokens(**asked)["id_token"]).claims
    assert claims["auth_time"] == claims["iat"] - seconds_ago
    provider.behaviour.ignore_max_age = True
    claims = rp.verified(rp.tokens(**asked)["id_token"]).claims
    assert claims["auth_time"] == claims["iat"] - 600


def test_auth_time_can_be_left_out(provider: DevProvider, rp: RelyingParty) -> None:
    """RP-53: also where ``max_age`` makes it required."""
    provider.behaviour.omit_auth_time = True
    assert "auth_time" not in rp.verified(rp.tokens(max_age="0")["id_token"]).claims
