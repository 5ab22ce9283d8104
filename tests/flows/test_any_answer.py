"""Whatever JSON a provider answers, wherever: a page or a session, never an error of ours."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.flows.changes import always, put
from tests.flows.conftest import Service
from tests.flows.refusals import change as write
from watchword.dev_provider.behaviour import Endpoint

A_WEEK_SECONDS = 8 * 86_400
fuzzed = settings(
    derandomize=True,
    deadline=None,
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["", "Bearer", "RS256", "https://op.example/x", "http://127.0.0.1:1/x", "\ud800", "a\x00b"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = {
    "token": ["access_token", "token_type", "id_token", "expires_in", "scope", "refresh_token", "error"],
    "userinfo": ["sub", "email", "email_verified", "name", "roles", "iss"],
    "jwks": ["keys"],
    "discovery": [
        *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"),
        *("id_token_signing_alg_values_supported", "authorization_response_iss_parameter_supported"),
        *("token_endpoint_auth_methods_supported", "scopes_supported", "end_session_endpoint"),
    ],
    "id_token": [
        *("iss", "sub", "aud", "azp", "exp", "iat", "nbf", "auth_time", "nonce", "at_hash", "sid"),
        *("email", "email_verified", "name", "roles"),
    ],
}


def sign_in_whatever(service: Service) -> None:
    """Both with and without userinfo; a session or a page, and no third thing."""
    for name in ("dev", "other"):
        browser = service.browser()
        started = browser.get(f"/auth/login/{name}")
        if started.status_code != 303:
            assert started.status_code in (502, 503)
            continue
        location = started.headers["location"]
        if not location.startswith(f"{service.provider.issuer}/authorize?"):
            continue
        response = browser.get(service.approve(location))
        assert response.status_code in (303, 400, 403, 502, 503)
        assert browser.signed_in is (response.status_code == 303)


@fuzzed
@given(data=st.data(), place=st.sampled_from(sorted(MEMBERS)))
def test_changed_members_are_survived(shared: Service, data: st.DataObject, place: str) -> None:
    """An honest answer with a few members of any type."""
    names = st.sampled_from(MEMBERS[place])
    changes = data.draw(st.dictionaries(names, VALUES, min_size=1, max_size=3))
    behaviour = shared.provider.behaviour
    behaviour.reset()

    def change(given: dict[str, Any]) -> dict[str, Any]:
        return {**given, **changes}

    switch = {"token": "token_response", "discovery": "metadata", "id_token": "id_token_claims"}
    setattr(behaviour, switch.get(place, place), change)
    if place in ("discovery", "jwks"):
        shared.clock.advance(A_WEEK_SECONDS)
    sign_in_whatever(shared)


@fuzzed
@given(answer=VALUES, place=st.sampled_from(["token", "userinfo", "jwks", "discovery"]))
def test_any_answer_is_survived(shared: Service, answer: Any, place: Endpoint) -> None:
    """Any JSON at all where a document is expected."""
    shared.provider.reset()
    headers = {"Content-Type": "application/json"}
    shared.provider.fail(place, status=200, headers=headers, body=json.dumps(answer).encode())
    shared.clock.advance(A_WEEK_SECONDS)
    sign_in_whatever(shared)


@fuzzed
@given(body=st.binary(max_size=200), status=st.integers(200, 599), place=st.sampled_from(["token", "jwks"]))
def test_any_bytes_are_survived(shared: Service, body: bytes, status: int, place: Endpoint) -> None:
    """Any bytes under any status."""
    shared.provider.reset()
    headers = {"Content-Type": "application/json"}
    shared.provider.fail(place, status=status, headers=headers, body=body)
    shared.clock.advance(A_WEEK_SECONDS)
    sign_in_whatever(shared)


def test_any_claims_set_is_survived(shared: Service) -> None:
    """JSON that is no claims set, signed."""
    values: list[Any] = [[], "x", 7, None, True, {}, {"": ""}, [{}]]
    for value in values:
        shared.provider.behaviour.id_token_claims = always(value)
        sign_in_whatever(shared)


@fuzzed
@given(data=st.data(), place=st.sampled_from(["token", "userinfo", "id_token"]))
def test_changed_members_of_a_refresh_are_survived(shared: Service, data: st.DataObject, place: str) -> None:
    """Somebody who is signed in goes on, is out, or is told to wait."""
    shared.provider.behaviour.reset()
    shared.forget_faults()
    browser = shared.signed_in()
    write(shared, "UPDATE ww_sessions SET recheck_due_at = created_at WHERE recheck_due_at IS NOT NULL")
    changes = data.draw(st.dictionaries(st.sampled_from(MEMBERS[place]), VALUES, min_size=1, max_size=3))
    name = {"token": "token_response", "id_token": "id_token_claims"}.get(place, place)
    setattr(shared.provider.behaviour, name, put(**changes))
    shared.provider.behaviour.omit_refreshed_id_token = place == "userinfo"
    before = len(shared.provider.requests)
    assert browser.post("/auth/refresh").status_code in (200, 401, 503)
    assert shared.provider.requests[before].path == "/token"
