"""Where GitHub's endpoints are; what its API says is read in the flows as well."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from watchword.errors import ProviderPersonLimited, ProviderResponseInvalid, ProviderThrottled
from watchword.protocol.github import check_emails, check_user, emails_endpoint, github_metadata

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("issuer", "site", "api"),
    [
        ("https://github.com", "https://github.com", "https://api.github.com"),
        ("https://github.com/", "https://github.com", "https://api.github.com"),
        ("https://github.com/login/oauth", "https://github.com", "https://api.github.com"),
        ("https://octo.ghe.com", "https://octo.ghe.com", "https://api.octo.ghe.com"),
        ("https://git.example.test", "https://git.example.test", "https://git.example.test/api/v3"),
        ("http://127.0.0.1:9400", "http://127.0.0.1:9400", "http://127.0.0.1:9400/api/v3"),
        ("https://evilghe.com", "https://evilghe.com", "https://evilghe.com/api/v3"),
    ],
)
def test_endpoints_follow_the_issuer(issuer: str, site: str, api: str) -> None:
    """GitHub itself, an enterprise's subdomain, a server of one's own."""
    said = json.loads(github_metadata(issuer))
    assert said["issuer"] == issuer
    assert said["authorization_endpoint"] == f"{site}/login/oauth/authorize"
    assert said["token_endpoint"] == f"{site}/login/oauth/access_token"
    assert emails_endpoint(said["userinfo_endpoint"]) == f"{api}/user/emails"


def test_what_a_profile_says_of_an_address_is_left_out() -> None:
    """It may be any text; the addresses' own endpoint says which one is verified."""
    body = {"id": 7, "login": "a", "name": "", "email": "x@example.test", "email_verified": True, "plan": {}}
    assert check_user(200, JSON, json.dumps(body).encode()) == {
        "id": 7,
        "login": "a",
        "name": "a",
        "plan": {},
        "sub": "7",
    }
    assert check_user(200, JSON, b'{"id": 7}') == {"id": 7, "sub": "7"}


def test_the_verified_primary_address_is_read() -> None:
    """And only that."""
    entry = {"email": "a@example.test", "primary": True, "verified": True}
    read = check_emails(200, JSON, json.dumps([entry]).encode())
    assert read == {"email": "a@example.test", "email_verified": True}
    assert check_emails(200, JSON, json.dumps([{**entry, "verified": False}]).encode()) == {}
    assert check_emails(200, JSON, json.dumps([entry, entry]).encode()) == {}
    for bad in (b"{}", b"[1]", b"no"):
        with pytest.raises(ProviderResponseInvalid):
            check_emails(200, JSON, bad)


@pytest.mark.parametrize("number", ["true", "0", "-7", "7.0", '"7"', "null", str(2**63)])
def test_only_a_positive_number_is_an_account(number: str) -> None:
    """Up to what the documentation calls an integer of 64 bits."""
    with pytest.raises(ProviderResponseInvalid, match="not a positive number"):
        check_user(200, JSON, f'{{"id": {number}, "login": "octocat"}}'.encode())


def test_a_limit_that_is_used_up_is_an_outage() -> None:
    """Told by 403 or 429 with nothing remaining, and it is the person's; another 403 is a refusal, another
    429 is meant for all of us."""
    for status in (403, 429):
        with pytest.raises(ProviderPersonLimited) as caught:
            check_user(status, {"X-RateLimit-Remaining": "0", "Retry-After": "30"}, b"")
        assert caught.value.retry_after_seconds == 30
    with pytest.raises(ProviderThrottled):
        check_user(429, {"X-RateLimit-Remaining": "1"}, b"")
    with pytest.raises(ProviderResponseInvalid):
        check_user(403, {"X-RateLimit-Remaining": "1"}, b"")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "email", "primary", "verified"]), inner)
    ),
    max_leaves=8,
)


@settings(derandomize=True, deadline=None, max_examples=examples(60))
@given(VALUES)
def test_any_answer_ends_in_claims_or_in_our_error(answer: Any) -> None:
    """No shape escapes as another exception."""
    body = json.dumps(answer).encode()
    for check in (check_user, check_emails):
        try:
            claims = check(200, JSON, body)
        except ProviderResponseInvalid:
            continue
        assert claims.get("email_verified", True) is True
