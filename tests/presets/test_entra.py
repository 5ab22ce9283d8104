"""Microsoft Entra: one issuer for many tenants, keys limited to an issuer, groups that are left out."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest

from tests.flows.conftest import StartService
from tests.flows.refusals import Refusals, verified_addresses
from tests.presets.conftest import settings_of
from tests.presets.vendor import Desk, Vendor
from watchword.dev_provider import DevProviderServer

HOST = "https://login.microsoftonline.com"
OURS, OTHERS = "9f2a1c34-6d1b-4c8e-8a35-0f6d8f1f7b11", "11111111-2222-4333-8444-555555555555"
TEMPLATE = f"{HOST}/{{tenantid}}/v2.0"


def claims(given: dict[str, Any]) -> dict[str, Any]:
    """Version 2.0, with app roles; ``email`` is whatever a tenant's administrator typed."""
    person = {"sub": f"AAAA{given['sub']}", "oid": str(uuid5(NAMESPACE_OID, given["sub"])), "tid": OURS}
    names = ("aud", "iat", "exp", "nonce", "auth_time", "name", "email")
    kept = {name: given[name] for name in names if name in given}
    return {
        **kept,
        **person,
        "iss": f"{HOST}/{OURS}/v2.0",
        "nbf": given["iat"],
        "ver": "2.0",
        "roles": ["admin"],
    }


def limited(issuer: str = TEMPLATE) -> Any:
    """The key set as Entra publishes it: every key says for which issuer it signs."""
    return lambda given: {"keys": [{**each, "issuer": issuer} for each in given["keys"]]}


VENDOR = Vendor(
    issuer=f"{HOST}/common/v2.0",
    published=TEMPLATE,
    settings={
        "preset": "entra",
        "allowed_tenants": [OURS],
        "role_claims": ["roles", "groups"],
        "userinfo": "never",
    },
    claims=claims,
    jwks=limited(),
    metadata={"scopes_supported": ["openid", "profile", "email", "offline_access"]},
)


def test_a_person_of_an_allowed_tenant_signs_in(desk: Desk) -> None:
    """The issuer on record is the tenant's, so that a ``sub`` means the same for ever."""
    assert desk.caller()["roles"] == ["admin"]
    assert f"{HOST}/{OURS}/v2.0" in desk.issuers()
    assert VENDOR.issuer not in desk.issuers()
    assert desk.asked()["scope"] == "openid profile email offline_access"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a person without an object id": ({"oid": ""}, "oid: unsafe_text"),
    "another tenant": ({"iss": f"{HOST}/{OTHERS}/v2.0", "tid": OTHERS}, "tid: mismatch"),
    "another tenant's issuer": ({"iss": f"{HOST}/{OTHERS}/v2.0"}, "tid: mismatch"),
    "another tenant's id": ({"tid": OTHERS}, "tid: mismatch"),
    "the template itself": ({"iss": TEMPLATE, "tid": "{tenantid}"}, "iss: mismatch"),
    "common": ({"iss": f"{HOST}/common/v2.0", "tid": "common"}, "iss: mismatch"),
    "a tenant by name": ({"iss": f"{HOST}/contoso.test/v2.0", "tid": "contoso.test"}, "iss: mismatch"),
    "capitals": ({"iss": f"{HOST}/{OURS.upper()}/v2.0", "tid": OURS.upper()}, "iss: mismatch"),
    "capitals in tid": ({"tid": OURS.upper()}, "tid: malformed"),
    "version 1.0": ({"iss": f"https://sts.windows.net/{OURS}/"}, "iss: mismatch"),
    "a path more": ({"iss": f"{HOST}/{OURS}/v2.0/"}, "iss: mismatch"),
    "a path less": ({"iss": f"{HOST}/{OURS}"}, "iss: mismatch"),
    "another host": ({"iss": f"https://evil.test/{OURS}/v2.0"}, "iss: mismatch"),
    "a tenant that climbs": ({"iss": f"{HOST}/{OURS}/../{OTHERS}/v2.0"}, "iss: mismatch"),
    "tid a list": ({"tid": [OURS]}, "tid: wrong_type"),
    "tid null": ({"tid": None}, "tid: wrong_type"),
    "iss a number": ({"iss": 7}, "iss: wrong_type"),
}


@pytest.mark.parametrize(("change", "detail"), BAD.values(), ids=BAD)
def test_any_other_tenant_or_issuer_is_refused(
    desk: Desk, refusals: Refusals, change: dict[str, Any], detail: str
) -> None:
    """The token's tenant has to be in its issuer and in the list."""
    desk.say(**change)
    desk.refused(refusals, detail)


def test_a_token_without_a_tenant_is_refused(desk: Desk, refusals: Refusals) -> None:
    """Without ``tid`` nothing could be compared."""
    desk.say("tid")
    desk.refused(refusals, "tid: missing")


@pytest.mark.parametrize(
    ("issuer", "fits"),
    [(TEMPLATE, True), (f"{HOST}/{OURS}/v2.0", True), (f"{HOST}/{OTHERS}/v2.0", False), (HOST, False)],
)
def test_a_key_signs_for_its_own_issuer_only(desk: Desk, issuer: str, fits: bool) -> None:
    """The key set holds keys of other tenants and clouds: ``issuer`` of the key limits it."""
    desk.service.provider.behaviour.jwks = limited(issuer)
    desk.service.clock.advance(700)
    assert desk.try_sign_in()[1].status_code == (303 if fits else 400)
    desk.service.provider.behaviour.jwks = limited()
    desk.service.clock.advance(700)
    desk.caller()


@pytest.mark.parametrize(
    "marks",
    [
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.test"}}},
        {"hasgroups": True},
        {"hasgroups": "true"},
        {"_claim_names": "groups"},
    ],
)
def test_groups_that_are_left_out_are_unknown(desk: Desk, marks: dict[str, Any]) -> None:
    """Above 200 groups a token refers to elsewhere: roles stay as they were, and a person who is
    new gets none. That is never read as a person without groups."""
    desk.say(groups=["auditors"])
    assert sorted(desk.caller("bob")["roles"]) == ["admin", "auditors"]
    desk.say(roles=[], **marks)
    assert sorted(desk.caller("bob")["roles"]) == ["admin", "auditors"]
    desk.say(oid=str(uuid5(NAMESPACE_OID, str(marks))), **marks)
    assert desk.caller()["roles"] == []
    desk.say(roles=[])
    assert desk.caller("bob")["roles"] == []


def test_an_address_is_never_taken_for_verified(desk: Desk) -> None:
    """A tenant's administrator writes addresses as they like, and can write the claim as well."""
    desk.say(email="boss@example.org", email_verified=True)
    desk.caller()
    assert set(verified_addresses(desk.service)) == {None}


def test_everybody_is_let_in_only_by_saying_so(
    desk: Desk, vendor_server: DevProviderServer, start_for_vendor: StartService
) -> None:
    """``any_tenant`` opens an issuer of many tenants to all of them, each under an issuer of its own."""
    settings = {**settings_of(VENDOR, vendor_server), "allowed_tenants": ["any_tenant"]}
    wide = Desk(VENDOR, start_for_vendor(providers={"dev": settings}))
    wide.say(iss=f"{HOST}/{OTHERS}/v2.0", tid=OTHERS)
    wide.caller()
    assert f"{HOST}/{OTHERS}/v2.0" in wide.issuers()


@pytest.mark.parametrize("issuer", [f"{HOST}/{OURS}/v2.0", f"https://sts.windows.net/{OURS}/"])
def test_one_tenant_has_an_issuer_like_any_other(
    desk: Desk, vendor_server: DevProviderServer, start_for_vendor: StartService, issuer: str
) -> None:
    """Equal to the character, with version 1.0 where that is configured; no list is needed."""
    vendor = Vendor(
        issuer,
        {"preset": "entra", "userinfo": "never"},
        claims=lambda given: {**claims(given), "iss": issuer},
        jwks=limited(issuer),
    )
    single = Desk(vendor, start_for_vendor(providers={"dev": settings_of(vendor, vendor_server)}))
    single.dress()
    single.service.clock.advance(700)
    single.caller()
    assert issuer in single.issuers()
    single.say(iss=f"{HOST}/{OTHERS}/v2.0", tid=OTHERS)
    assert single.try_sign_in()[1].status_code == 400


def test_a_person_is_known_by_their_object_id(desk: Desk) -> None:
    """``sub`` is another one for every client, so that an access token for the API has another than the
    ID token of the sign-in; ``oid`` is the same in both."""
    first = desk.caller()
    desk.say(sub="AAAA-of-another-client")
    assert desk.caller()["user_id"] == first["user_id"]
