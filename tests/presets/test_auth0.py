"""Auth0: a slash at the end of the issuer, an audience, roles under a name with dots and slashes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.conftest import StartService
from tests.flows.refusals import Refusals
from tests.presets.conftest import settings_of
from tests.presets.vendor import Desk, Vendor
from watchword.dev_provider import DevProviderServer

ISSUER = "https://example.eu.auth0.test/"
ROLES = "https://app.example.test/roles"


def claims(given: dict[str, Any]) -> dict[str, Any]:
    """Roles are where an Action put them; ``roles`` without a namespace is no name for an Action."""
    kept = {name: value for name, value in given.items() if name not in ("roles", "auth_time")}
    return {**kept, "sub": f"auth0|{given['sub']}", ROLES: given["roles"]}


VENDOR = Vendor(
    issuer=ISSUER,
    settings={
        "preset": "auth0",
        "audience": "https://api.example.test",
        "role_claims": [ROLES],
        "userinfo": "never",
    },
    claims=claims,
    metadata={"scopes_supported": ["openid", "profile", "offline_access", "email"]},
)


def test_the_request_names_the_api(desk: Desk) -> None:
    """``audience`` decides which access token comes; offline access is asked for by scope."""
    asked = desk.asked()
    assert asked["audience"] == "https://api.example.test"
    assert asked["scope"] == "openid profile email offline_access"


def test_roles_are_read_under_a_namespaced_name(desk: Desk) -> None:
    """The name is one key, dots and slashes in it; roles elsewhere do not count."""
    assert desk.caller("bob")["roles"] == ["editor"]
    desk.say(ROLES, roles=["admin"], https={"//app": {"example": {"test/roles": ["admin"]}}})
    assert desk.caller("bob")["roles"] == []


@pytest.mark.parametrize("iss", [ISSUER.rstrip("/"), ISSUER + "/", ISSUER.upper(), "https://auth0.test/"])
def test_the_slash_belongs_to_the_issuer(desk: Desk, refusals: Refusals, iss: str) -> None:
    """Tokens are compared to the character."""
    desk.say(iss=iss)
    desk.refused(refusals, "iss: mismatch")


def test_a_missing_slash_in_the_settings_is_told(
    desk: Desk,
    vendor_server: DevProviderServer,
    start_for_vendor: StartService,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The commonest mistake: both spellings are in the log, and what to do."""
    settings = {**settings_of(VENDOR, vendor_server), "issuer": ISSUER.rstrip("/")}
    service = start_for_vendor(providers={"dev": settings})
    with caplog.at_level("INFO", logger="watchword"):
        assert service.browser().get("/auth/login/dev").status_code == 502
    assert "only the slash at the end differs" in caplog.text
    assert f"'{ISSUER}'" in caplog.text
