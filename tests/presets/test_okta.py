"""Okta: two kinds of server with two kinds of issuer, and groups that have to be configured."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.refusals import Refusals
from tests.presets.vendor import Desk, Vendor

ISSUER = "https://example.okta.test/oauth2/default"


def claims(given: dict[str, Any]) -> dict[str, Any]:
    """With a groups claim as the custom server was told to write it."""
    kept = {name: value for name, value in given.items() if name not in ("roles", "sid")}
    own = {"sub": f"00u{given['sub']}", "ver": 1, "jti": "ID.a1b2", "amr": ["pwd"], "idp": "00o1"}
    return {**kept, **own, "groups": ["Everyone", *given["roles"]]}


def header(given: dict[str, Any]) -> dict[str, Any]:
    """No ``typ``."""
    return {"kid": given["kid"], "alg": given["alg"]}


VENDOR = Vendor(
    issuer=ISSUER,
    settings={"preset": "okta"},
    claims=claims,
    header=header,
    metadata={"scopes_supported": ["openid", "profile", "email", "address", "phone", "offline_access"]},
)


def test_groups_become_roles(desk: Desk) -> None:
    """By their names; offline access is asked for by scope."""
    assert desk.caller("bob")["roles"] == ["Everyone", "editor"]
    assert desk.asked()["scope"] == "openid profile email offline_access"


def test_a_group_that_is_no_role_name_is_dropped(desk: Desk) -> None:
    """Blanks and other letters are no role names; the rest of the groups stay."""
    desk.say(groups=["Team Blue", "Größe", "ops", 7, None, {"name": "admin"}, "x" * 65])
    assert desk.caller("bob")["roles"] == ["ops"]


@pytest.mark.parametrize(
    "iss",
    [
        *("https://example.okta.test", "https://example.okta.test/oauth2/aus1", ISSUER + "/"),
        *("https://example-admin.okta.test/oauth2/default", "https://example.okta.test/oauth2/Default"),
    ],
)
def test_another_server_of_the_same_organisation_is_refused(desk: Desk, refusals: Refusals, iss: str) -> None:
    """The organisation's own server and every custom one are issuers of their own."""
    desk.say(iss=iss)
    desk.refused(refusals, "iss: mismatch")
