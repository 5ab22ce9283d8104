"""Keycloak: roles nested by realm and client, and a ``typ`` inside the claims."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.conftest import StartService
from tests.flows.refusals import Refusals
from tests.presets.conftest import settings_of
from tests.presets.vendor import Desk, Vendor
from watchword.dev_provider import DevProviderServer

ISSUER = "https://sso.example.test/realms/main"


def claims(given: dict[str, Any]) -> dict[str, Any]:
    """With the mappers of the ``roles`` scope switched on for ID tokens."""
    kept = {name: value for name, value in given.items() if name != "roles"}
    of_clients = {given["aud"]: {"roles": ["writer"]}, "account": {"roles": ["manage-account"]}}
    realm = {"roles": [*given["roles"], "offline_access", "default-roles-main"]}
    own = {"realm_access": realm, "resource_access": of_clients, "typ": "ID", "azp": given["aud"], "acr": "1"}
    return {**kept, **own, "jti": "5d9c", "session_state": given["sid"]}


VENDOR = Vendor(
    issuer=ISSUER,
    settings={"preset": "keycloak"},
    claims=claims,
    metadata={"scopes_supported": ["openid", "profile", "email", "roles", "offline_access", "acr"]},
)


def test_roles_of_the_realm_and_of_our_client_count(desk: Desk) -> None:
    """Those of another client, such as ``account``, do not."""
    assert desk.caller("alice")["roles"] == ["admin", "default-roles-main", "offline_access", "writer"]


def test_the_refresh_token_outlives_the_browsers_session(desk: Desk) -> None:
    """By ``offline_access``: an ordinary one ends with the realm's idle time, half an hour."""
    assert desk.asked()["scope"] == "openid profile email offline_access"


@pytest.mark.parametrize(
    "change",
    [
        {"realm_access": ["admin"], "resource_access": None},
        {"realm_access": {"roles": {"admin": True}}, "resource_access": {"watchword-dev": ["writer"]}},
        {"realm_access": "admin", "resource_access": {"watchword-dev": {"roles": [["writer"], 7, None]}}},
        {"realm_access": {"admin": ["roles"]}, "realm_access.roles": ["admin"], "resource_access": {}},
    ],
)
def test_other_shapes_are_no_roles(desk: Desk, change: dict[str, Any]) -> None:
    """A path is followed through objects only, and what is no name is dropped."""
    desk.say(**change)
    assert desk.caller("alice")["roles"] == []


def test_a_mapper_may_write_a_literal_dot(
    desk: Desk, vendor_server: DevProviderServer, start_for_vendor: StartService
) -> None:
    """``realm_access.roles`` in one name and the nested one are two paths, and both can be said."""
    both = {
        "role_claims": ["realm_access.roles", ["realm_access", "roles"]],
        "role_map": {"r1": "a", "r2": "b"},
    }
    settings = {**settings_of(VENDOR, vendor_server), **both}
    mapped = Desk(VENDOR, start_for_vendor(providers={"dev": settings}))
    mapped.say(**{"realm_access.roles": ["r1"], "realm_access": {"roles": ["r2", "r3"]}})
    assert mapped.caller()["roles"] == ["a", "b"]


@pytest.mark.parametrize("typ", ["Bearer", "Refresh", "Logout", "id", None, 1])
def test_another_kind_of_token_is_refused(desk: Desk, refusals: Refusals, typ: Any) -> None:
    """Keycloak says inside what a token is: all kinds are signed by the same key."""
    desk.say(typ=typ)
    desk.refused(refusals, "typ: ")


def test_a_token_of_another_client_is_refused(desk: Desk, refusals: Refusals) -> None:
    """``azp`` names whom it was made for, whatever an audience mapper added."""
    desk.say(azp="another", aud=[desk.client_id, "another"])
    desk.refused(refusals, "azp: mismatch")
