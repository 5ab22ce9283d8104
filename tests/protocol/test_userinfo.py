"""Userinfo answers (OpenID Connect Core §5.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from watchword.errors import ProviderResponseInvalid, ProviderUnavailable, UserinfoOfAnother, UserinfoRejected
from watchword.protocol.userinfo import check_userinfo

HEADERS = {"content-type": "application/json"}


def body(claims: Any) -> bytes:
    return json.dumps(claims).encode()


def test_claims_of_the_right_subject_are_returned() -> None:
    """Everything the provider says about this subject."""
    claims = {"sub": "alice", "email": "a@x.test", "nested": {"roles": ["x"]}}
    assert check_userinfo(200, HEADERS, body(claims), subject="alice") == claims


@pytest.mark.parametrize("claims", [{"sub": "bob"}, {"sub": "Alice"}, {"sub": "alice "}])
def test_rp_16_another_subject_is_rejected(claims: dict[str, Any]) -> None:
    """§5.3.2: equal to the ID token's sub, or not used at all; the claims are not repeated."""
    with pytest.raises(UserinfoOfAnother) as caught:
        check_userinfo(200, HEADERS, body(claims), subject="alice")
    assert "bob" not in caught.value.detail


@pytest.mark.parametrize(
    "claims", [{}, {"error": "server_error"}, {"sub": ""}, {"sub": None}, {"sub": ["alice"]}, {"sub": 1}]
)
def test_rp_16_an_answer_about_nobody_is_rejected(claims: dict[str, Any]) -> None:
    """Not used, and not taken for somebody else either: a fault may give it for everybody."""
    with pytest.raises(UserinfoRejected, match="nobody") as caught:
        check_userinfo(200, HEADERS, body(claims), subject="alice")
    assert not isinstance(caught.value, UserinfoOfAnother)


@pytest.mark.parametrize("content_type", ["application/jwt", "Application/JWT; charset=utf-8"])
def test_rp_32_a_signed_answer_is_never_read_unverified(content_type: str) -> None:
    """Signed userinfo is not offered, so it is refused."""
    with pytest.raises(UserinfoRejected, match="JWT") as caught:
        check_userinfo(200, {"content-type": content_type}, body({"sub": "alice"}), subject="alice")
    assert not isinstance(caught.value, UserinfoOfAnother)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_outage_is_told_from_a_refusal(status: int) -> None:
    """The caller may do without userinfo when the provider is away."""
    with pytest.raises(ProviderUnavailable):
        check_userinfo(status, HEADERS, b"", subject="alice")


@pytest.mark.parametrize("status", [201, 204, 301, 302, 401, 403, 404])
def test_net_20_other_statuses_are_no_answer(status: int) -> None:
    """Only 200 counts; redirects are not followed."""
    with pytest.raises(ProviderResponseInvalid, match=str(status)):
        check_userinfo(status, HEADERS, body({"sub": "alice"}), subject="alice")


@pytest.mark.parametrize(
    ("headers", "raw"),
    [
        ({}, body({"sub": "alice"})),
        ({"content-type": "text/html"}, b"<html>"),
        (HEADERS, b""),
        (HEADERS, b"[]"),
        (HEADERS, b'{"sub":"alice","sub":"alice"}'),
        (HEADERS, b'{"sub":"alice"}' + b" " * 65536),
    ],
)
def test_net_6_an_answer_that_is_no_json_object_is_refused(headers: dict[str, str], raw: bytes) -> None:
    """Other types, ambiguous members, more than 64 KB."""
    with pytest.raises(ProviderResponseInvalid):
        check_userinfo(200, headers, raw, subject="alice")
