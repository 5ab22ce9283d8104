"""Where vendors leave plain OpenID Connect: rules that only count where they are asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.protocol.test_authorization import FIXED
from tests.protocol.test_discovery import DOCUMENT
from tests.protocol.test_id_token import POLICY, accept, refuse
from watchword.errors import AuthorizationResponseInvalid, ProviderMetadataInvalid
from watchword.protocol.authorization import (
    authorization_request,
    authorization_url,
    check_authorization_response,
)
from watchword.protocol.discovery import check_metadata
from watchword.protocol.issuer_rule import IssuerRule
from watchword.protocol.roles import are_withheld

DOMAINS = replace(POLICY, hosted_domains=frozenset({"example.org"}))
KINDS = replace(POLICY, kind=("token_use", "id"))
GROUPS = (("groups",), ("roles",))


def test_a_hosted_domain_counts_where_some_are_named() -> None:
    """Whole and in lower case; elsewhere ``hd`` is a claim like any other."""
    assert accept(policy=DOMAINS, hd="example.org").claims["hd"] == "example.org"
    assert accept(hd=["anything"])
    assert refuse(None, DOMAINS) == ("hd", "missing")
    assert refuse(None, DOMAINS, hd=None) == ("hd", "wrong_type")
    for other in ("example.org.", "EXAMPLE.ORG", "a.example.org", "example.org\u0430"):
        assert refuse(None, DOMAINS, hd=other) == ("hd", "mismatch")


def test_a_kind_counts_where_the_token_says_one() -> None:
    """A provider of another make says none; one that does must say ID token."""
    assert accept(policy=KINDS)
    assert accept(policy=KINDS, token_use="id")
    assert accept(token_use="access")
    assert refuse(None, KINDS, token_use="access") == ("token_use", "mismatch")
    assert refuse(None, KINDS, token_use=["id"]) == ("token_use", "wrong_type")


@pytest.mark.parametrize(
    ("claims", "withheld"),
    [
        ({}, False),
        ({"groups": []}, False),
        ({"_claim_names": {}}, False),
        ({"_claim_names": {"address": "src1"}}, False),
        ({"hasgroups": False}, False),
        ({"hasgroups": "yes"}, False),
        ({"_claim_names": {"groups": "src1"}}, True),
        ({"_claim_names": {"roles": "src1"}, "groups": ["a"]}, True),
        ({"_claim_names": ["groups"]}, True),
        ({"_claim_names": None}, True),
        ({"hasgroups": True}, True),
        ({"hasgroups": "true"}, True),
    ],
)
def test_roles_elsewhere_are_not_no_roles(claims: dict[str, Any], withheld: bool) -> None:
    """OpenID Connect Core §5.6.2 and Entra's markers; only for claims that roles are read from."""
    assert are_withheld(claims, GROUPS) is withheld
    assert are_withheld(claims, ()) is False


def test_has_groups_is_about_groups() -> None:
    """App roles are in the token whatever the number of groups."""
    assert not are_withheld({"hasgroups": True}, (("roles",),))


@settings(derandomize=True, deadline=None, max_examples=examples(100))
@given(st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_any_marker_is_read(marker: Any) -> None:
    """No shape of it is an exception."""
    for name in ("_claim_names", "hasgroups"):
        assert are_withheld({name: marker}, GROUPS) in (True, False)


def test_no_nonce_is_sent_where_none_can_come_back() -> None:
    """An OAuth 2.0 provider has no ID token to hold it."""
    url = authorization_url("https://idp.test/a", authorization_request(**{**FIXED, "nonce": None}))
    sent = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
    assert "nonce" not in sent
    assert sent["code_challenge_method"] == "S256"


def test_the_response_names_the_issuer_by_the_same_rule() -> None:
    """RFC 9207 with an issuer that has two spellings, or many tenants."""
    google = IssuerRule("https://accounts.google.test", "with_or_without_scheme")
    entra = IssuerRule("https://ms.test/common/v2.0", "per_tenant")
    tenant = "https://ms.test/9f2a1c34-6d1b-4c8e-8a35-0f6d8f1f7b11/v2.0"
    for rule, fits, fails in (
        (google, "accounts.google.test", "http://accounts.google.test"),
        (entra, tenant, entra.issuer),
    ):
        params = [("state", "s" * 43), ("code", "c")]
        given: dict[str, Any] = {"state": "s" * 43, "issuer": rule, "iss_required": True}
        assert check_authorization_response([*params, ("iss", fits)], **given) == "c"
        with pytest.raises(AuthorizationResponseInvalid, match="another issuer"):
            check_authorization_response([*params, ("iss", fails)], **given)


def read(read_at: str | None, *, issuer: str, allow: bool = False, **changes: Any) -> str:
    body = json.dumps({**DOCUMENT, "issuer": issuer, **changes}).encode()
    rule = IssuerRule(issuer)
    return check_metadata(body, issuer=rule, allow_loopback_http=allow, read_at=read_at).token_endpoint


def test_metadata_may_be_elsewhere() -> None:
    """What they say of the issuer is still compared; addresses are measured by where they were read."""
    issuer = "https://cognito.test/pool"
    assert read("https://metadata.test/x.json?v=1", issuer=issuer) == "https://idp.test/token"
    local = {"token_endpoint": "http://127.0.0.1:9/token"}
    assert read("http://127.0.0.1:8/x", issuer=issuer, allow=True, **local) == "http://127.0.0.1:9/token"
    with pytest.raises(ProviderMetadataInvalid, match="must be https"):
        read("https://metadata.test/x", issuer=issuer, allow=True, **local)
    with pytest.raises(ProviderMetadataInvalid, match="metadata_url must be https"):
        read("http://127.0.0.1:8/x", issuer=issuer)
    body, rule = json.dumps(DOCUMENT).encode(), IssuerRule(issuer)
    with pytest.raises(ProviderMetadataInvalid, match="another issuer"):
        check_metadata(body, issuer=rule, allow_loopback_http=False, read_at="https://m.test/x")


def test_metadata_of_many_tenants_name_the_template() -> None:
    """And nothing else: not the address they were read at, and no tenant."""
    rule = IssuerRule("https://ms.test/common/v2.0", "per_tenant")
    template = "https://ms.test/{tenantid}/v2.0"
    told = json.dumps({**DOCUMENT, "issuer": template}).encode()
    assert check_metadata(told, issuer=rule, allow_loopback_http=False).issuer == template
    for other in (rule.issuer, template.replace("{tenantid}", "9f2a1c34-6d1b-4c8e-8a35-0f6d8f1f7b11")):
        body = json.dumps({**DOCUMENT, "issuer": other}).encode()
        with pytest.raises(ProviderMetadataInvalid, match="another issuer"):
            check_metadata(body, issuer=rule, allow_loopback_http=False)


@pytest.mark.parametrize("given", ["https://hub.test", "https://hub.test/", "https://hub.test/login/oauth"])
def test_github_says_its_issuer_with_the_path_of_its_endpoints(given: str) -> None:
    """Known by the configured spelling either way; nothing else passes."""
    rule = IssuerRule(given, "with_or_without_oauth_path")
    assert rule.canonical("https://hub.test/login/oauth") == rule.canonical(given) == rule.published == given
    for other in (
        "https://hub.test.evil/login/oauth",
        "https://hub.test/login",
        "https://hub.test/login/oauth/",
    ):
        assert rule.canonical(other) is None
