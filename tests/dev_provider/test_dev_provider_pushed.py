"""Pushed authorization requests at the development provider (RFC 9126)."""

from __future__ import annotations

from typing import Any

import pytest

from watchword.dev_provider import DevClient, DevProvider
from watchword.errors import InvalidRequest


def push(rp: Any, *, authorization: str | None = "", **overrides: str | None) -> Any:
    """The request of ``rp``, sent ahead."""
    header = rp.authorization if authorization == "" else authorization
    asked = rp.query_of(rp.authorization_url()) | overrides
    form = {name: each for name, each in asked.items() if each is not None}
    return rp.http.post(f"{rp.issuer}/par", data=form, headers={"authorization": header} if header else {})


def pushed(rp: Any, **overrides: str | None) -> str:
    answer = push(rp, **overrides)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["expires_in"] == 60
    request_uri: str = answer.json()["request_uri"]
    return request_uri


def page_of(rp: Any, request_uri: str, **more: str) -> Any:
    query = {"client_id": rp.client_id, "request_uri": request_uri, **more}
    return rp.http.get(f"{rp.issuer}/authorize", params=query)


def test_a_pushed_request_opens_the_page_once(rp: Any) -> None:
    """And the code that comes of it is bound to what was pushed."""
    request_uri = pushed(rp)
    answer = rp.press(page_of(rp, request_uri), person="alice")
    assert rp.redeem(rp.query_of(answer.headers["location"])["code"]).status_code == 200
    assert page_of(rp, request_uri).status_code == 400


def test_nothing_else_may_be_beside_it(rp: Any, clock: Any) -> None:
    """Another parameter, another client, a minute later, a made-up name: a page of refusal."""
    assert page_of(rp, pushed(rp), state="x").status_code == 400
    assert page_of(rp, pushed(rp), client_id="poster").status_code == 400
    assert page_of(rp, pushed(rp) + "x").status_code == 400
    late = pushed(rp)
    clock.now += 60
    assert page_of(rp, late).status_code == 400


@pytest.mark.parametrize(
    ("overrides", "error", "status"),
    [
        ({"authorization": None}, "invalid_client", 401),
        ({"client_id": "poster"}, "invalid_client", 401),
        ({"client_id": None}, "invalid_request", 400),
        ({"redirect_uri": "https://elsewhere.test"}, "invalid_request", 400),
        ({"request_uri": "urn:x"}, "invalid_request", 400),
        ({"code_challenge": None}, "invalid_request", 400),
        ({"scope": "email"}, "invalid_scope", 400),
    ],
)
def test_what_the_page_would_refuse_is_refused_ahead(
    rp: Any, overrides: dict[str, Any], error: str, status: int
) -> None:
    """§2.3: an error of the token endpoint's form; the client is authenticated first."""
    assert rp.oauth_error(push(rp, **overrides), status) == error


def test_a_form_that_is_none_is_an_invalid_request(rp: Any) -> None:
    """Any other body, and a parameter twice."""
    answer = rp.http.post(f"{rp.issuer}/par", content=b"{}", headers={"content-type": "application/json"})
    assert rp.oauth_error(answer) == "invalid_request"
    body = b"client_id=web+app&client_id=web+app"
    answer = rp.http.post(
        f"{rp.issuer}/par", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert rp.oauth_error(answer) == "invalid_request"


def test_a_provider_that_requires_it_takes_no_other_request(rp: Any, provider: DevProvider) -> None:
    """§5: the switch is in the metadata, too; public clients push without a credential."""
    provider.behaviour.require_pushed_requests = True
    metadata = rp.http.get(f"{rp.issuer}/.well-known/openid-configuration").json()
    assert metadata["require_pushed_authorization_requests"] is True
    with pytest.raises(InvalidRequest, match="pushed"):
        provider.approve(rp.authorization_url(), "alice")
    provider.add_client(DevClient("native", None, [rp.callback], auth_method="none"))
    assert push(rp, authorization=None, client_id="native").status_code == 201
