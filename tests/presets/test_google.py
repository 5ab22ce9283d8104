"""Google: two spellings of one issuer, hosted domains, offline access by parameters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.refusals import Refusals, rows
from tests.presets.vendor import Desk, Vendor


def claims(given: dict[str, Any]) -> dict[str, Any]:
    """As Google's reference lists them: ``azp`` always, no ``auth_time`` unless asked for by ``claims``."""
    names = ("iss", "aud", "iat", "exp", "nonce", "at_hash")
    kept = {name: given[name] for name in names if name in given}
    person = {"sub": f"1043{given['sub']}", "email": given["email"], "email_verified": True}
    return {**kept, **person, "name": given["name"], "azp": given["aud"], "hd": "example.org"}


VENDOR = Vendor(
    issuer="https://accounts.google.com",
    settings={"preset": "google", "hosted_domains": ["example.org", "example.net"]},
    claims=claims,
    metadata={"scopes_supported": ["openid", "email", "profile"], "end_session_endpoint": None},
)


def test_the_request_asks_for_offline_access_by_parameters(desk: Desk) -> None:
    """There is no ``offline_access`` scope; a refresh token comes again only with consent."""
    asked = desk.asked()
    assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")
    assert asked["scope"] == "openid profile email"


def test_both_spellings_of_the_issuer_are_one_person(desk: Desk) -> None:
    """``iss`` with and without its scheme; the account is under the configured one."""
    first = desk.caller()
    before = rows(desk.service)
    desk.say(iss="accounts.google.com")
    second = desk.caller()
    assert desk.issuers() == {"https://accounts.google.com"}
    assert first["user_id"] == second["user_id"]
    assert rows(desk.service).users == before.users


@pytest.mark.parametrize(
    "iss",
    [
        *("http://accounts.google.com", "https://accounts.google.com/", "accounts.google.com/", ""),
        *("//accounts.google.com", "Accounts.google.com", "accounts.google.com.evil.test", "google.com"),
    ],
)
def test_every_other_spelling_is_refused(desk: Desk, refusals: Refusals, iss: str) -> None:
    """Two spellings are documented, not a way to compare."""
    desk.say(iss=iss)
    desk.refused(refusals, "iss: mismatch")


def test_the_response_may_name_either_spelling(desk: Desk) -> None:
    """``iss`` of the authorization response (RFC 9207) follows the same rule."""
    behaviour = desk.service.provider.behaviour
    for iss in ("accounts.google.com", "https://accounts.google.com"):
        behaviour.authorization_response = lambda given, iss=iss: {**given, "iss": iss}
        assert desk.try_sign_in()[1].status_code == 303
    behaviour.authorization_response = lambda given: {**given, "iss": "https://evil.test"}
    assert desk.try_sign_in()[1].status_code == 400


@pytest.mark.parametrize("domain", ["evil.test", "EXAMPLE.ORG", "example.org.evil.test", "sub.example.org"])
def test_the_hosted_domain_is_checked_in_the_token(desk: Desk, refusals: Refusals, domain: str) -> None:
    """The request's parameter is a hint that anybody may change; the whole name counts."""
    desk.say(hd=domain)
    desk.refused(refusals, "hd: mismatch")


def test_an_account_without_a_hosted_domain_is_refused(desk: Desk, refusals: Refusals) -> None:
    """A private account has no ``hd``, whatever its address says."""
    desk.say("hd", email="alice@example.org")
    desk.refused(refusals, "hd: missing")
    desk.say(hd=["example.org"])
    desk.refused(refusals, "hd: wrong_type")


def test_no_roles_come_from_google_and_no_step_up_goes_there(desk: Desk) -> None:
    """It says neither; the second sign-in is refused before anybody leaves."""
    desk.say(roles=["admin"])
    assert desk.caller()["roles"] == []
    assert desk.service.browser().get("/auth/login/dev?max_age=60").status_code == 400
