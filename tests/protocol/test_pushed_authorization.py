"""Requests that are sent ahead: whether, and what may come back (RFC 9126)."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from watchword.errors import ProviderResponseInvalid, ProviderSettingsMismatch, ProviderUnavailable
from watchword.protocol.authorization import authorization_url
from watchword.protocol.discovery import ProviderMetadata, check_metadata
from watchword.protocol.issuer_rule import IssuerRule
from watchword.protocol.pushed_authorization import check_pushed_response, pushed_request_endpoint

ISSUER = "https://idp.test"
PAR = f"{ISSUER}/par"
URN = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"
GOOD: dict[str, Any] = {"request_uri": URN, "expires_in": 60}


def metadata(endpoint: str | None, required: bool) -> ProviderMetadata:
    document = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
    }
    read = check_metadata(json.dumps(document).encode(), issuer=IssuerRule(ISSUER), allow_loopback_http=False)
    return dataclasses.replace(
        read,
        pushed_authorization_request_endpoint=endpoint,
        pushed_authorization_requests_required=required,
    )


@pytest.mark.parametrize(
    ("wanted", "endpoint", "required", "expected"),
    [
        (None, PAR, False, None),
        (None, None, False, None),
        (None, PAR, True, PAR),
        (True, PAR, False, PAR),
        (True, PAR, True, PAR),
        (False, PAR, False, None),
        (False, None, False, None),
    ],
)
def test_a_request_is_sent_ahead_where_wanted_or_required(
    wanted: bool | None, endpoint: str | None, required: bool, expected: str | None
) -> None:
    """Unset follows the metadata; true and false are the operator's word."""
    assert pushed_request_endpoint(metadata(endpoint, required), wanted) == expected


@pytest.mark.parametrize(
    ("wanted", "endpoint", "required", "says"),
    [
        (False, PAR, True, "PAR is false"),
        (True, None, False, "PAR is true"),
        (None, None, True, "the provider requires pushed requests"),
    ],
)
def test_setting_and_metadata_that_rule_each_other_out(
    wanted: bool | None, endpoint: str | None, required: bool, says: str
) -> None:
    """The operator is told which of both; nothing is sent another way."""
    with pytest.raises(ProviderSettingsMismatch, match=says):
        pushed_request_endpoint(metadata(endpoint, required), wanted)


def test_the_browser_carries_the_client_and_the_reference_alone() -> None:
    """§4; a query of the endpoint stays, and can plant neither."""
    sent = {"client_id": "our client", "request_uri": URN}
    url = authorization_url(f"{ISSUER}/a?p=1&request_uri=evil&client%5Fid=evil&state=evil", sent)
    encoded = URN.replace(":", "%3A")
    assert url == f"{ISSUER}/a?p=1&client_id=our%20client&request_uri={encoded}"


def answered(answer: Any, status: int = 201, content_type: str = "application/json") -> str:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return check_pushed_response(status, {"content-type": content_type}, body)


@pytest.mark.parametrize("status", [200, 201])
def test_a_reference_is_read(status: int) -> None:
    """§2.2 says 201; 200 is what some send. Further members are ignored."""
    assert answered(GOOD | {"new": 1}, status) == URN
    assert answered(GOOD | {"request_uri": "x" * 2048}, status) == "x" * 2048


@pytest.mark.parametrize(
    "changes",
    [
        *({"request_uri": value} for value in (None, "", 5, ["x"], "a b", "a\nb", "ü", "x" * 2049)),
        *({"expires_in": value} for value in (None, 0, -1, True, "60", 60.5, [60])),
    ],
)
def test_a_malformed_answer_is_refused(changes: dict[str, Any]) -> None:
    """Missing, of another type, empty, unprintable, over 2 KB, or good for no time."""
    with pytest.raises(ProviderResponseInvalid, match="pushed authorization request endpoint"):
        answered(GOOD | changes)


@pytest.mark.parametrize(
    ("status", "answer", "told"),
    [
        (
            400,
            {"error": "invalid_request", "error_description": "canary"},
            "answered 400 error=invalid_request",
        ),
        (401, {"error": "invalid_client"}, "error=invalid_client"),
        (400, {"error": "x\n" * 99}, "error=x?x?"),
        (400, {}, "without an error code"),
        (201, GOOD | {"error": "invalid_request"}, "error=invalid_request"),
        (201, b"<html>", "status 201"),
        (201, b"[]", "not an object"),
        (413, b"", "status 413"),
        (204, b"", "answered 204"),
        (302, GOOD, "answered 302"),
    ],
)
def test_a_refusal_is_told_to_the_operator(status: int, answer: Any, told: str) -> None:
    """By its code, on one line; what the provider says beside it may repeat what we sent."""
    with pytest.raises(ProviderResponseInvalid) as caught:
        answered(answer, status)
    assert told in caught.value.detail
    assert caught.value.detail.isprintable()
    assert "canary" not in caught.value.detail


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_outage_is_no_refusal(status: int) -> None:
    """The provider's trouble says nothing about our request."""
    with pytest.raises(ProviderUnavailable):
        answered(b"<html>", status)


def test_only_json_is_read() -> None:
    """A right body under a wrong type is refused."""
    with pytest.raises(ProviderResponseInvalid, match="application/json"):
        answered(GOOD, content_type="text/html")
