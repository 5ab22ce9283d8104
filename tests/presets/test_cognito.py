"""Amazon Cognito: metadata and endpoints on two hosts, ``token_use``, groups under a name with a colon."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.refusals import Refusals
from tests.presets.vendor import Desk, Vendor

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.test/eu-central-1_AbCdEfGhI"


def claims(given: dict[str, Any]) -> dict[str, Any]:
    """As the user pool writes them: ``email_verified`` is a boolean here, a string in userinfo."""
    kept = {name: value for name, value in given.items() if name not in ("roles", "sid")}
    groups = {"cognito:groups": given["roles"], "cognito:username": given["sub"]}
    return {**kept, **groups, "token_use": "id", "origin_jti": "7a1f", "event_id": "0b2c", "jti": "9c3d"}


def header(given: dict[str, Any]) -> dict[str, Any]:
    """Nothing but ``kid`` and ``alg``."""
    return {"kid": given["kid"], "alg": given["alg"]}


VENDOR = Vendor(
    issuer=ISSUER,
    settings={"preset": "cognito"},
    claims=claims,
    header=header,
    metadata={"scopes_supported": ["openid", "email", "phone", "profile"]},
)


def test_groups_become_roles(desk: Desk) -> None:
    """``cognito:groups`` is one key. The endpoints are not on the issuer's host, and that is fine."""
    assert desk.caller("alice")["roles"] == ["admin"]
    assert desk.caller("carol")["roles"] == []


def test_no_offline_scope_is_asked_for(desk: Desk) -> None:
    """A user pool knows none, refuses unknown ones, and gives refresh tokens without."""
    assert desk.asked()["scope"] == "openid profile email"


@pytest.mark.parametrize("use", ["access", "ID", "", None, ["id"], True])
def test_a_token_for_another_use_is_no_id_token(desk: Desk, refusals: Refusals, use: Any) -> None:
    """Whatever else it says."""
    desk.say(token_use=use)
    desk.refused(refusals, "token_use: ")


def test_an_access_token_in_place_of_the_id_token_is_refused(desk: Desk, refusals: Refusals) -> None:
    """It has no ``aud`` at all, and is told by its use before."""
    desk.say("aud", "nonce", token_use="access", client_id=desk.client_id, scope="openid", version=2)
    desk.refused(refusals, "token_use: mismatch")
    desk.say("aud", "token_use")
    desk.refused(refusals, "aud: missing")


@pytest.mark.parametrize("iss", [ISSUER + "/", ISSUER.replace("GhI", "GhJ"), "https://evil.test/pool"])
def test_another_pool_is_refused(desk: Desk, refusals: Refusals, iss: str) -> None:
    """Pools of one region share a host: the path counts."""
    desk.say(iss=iss)
    desk.refused(refusals, "iss: mismatch")
