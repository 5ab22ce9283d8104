"""Which ``iss`` is a provider's own: equality, and the two documented ways around it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.claims import ClaimError
from watchword.protocol.issuer_rule import IssuerForms, IssuerRule, check_token_issuer

TENANT_A, TENANT_B = "9f2a1c34-6d1b-4c8e-8a35-0f6d8f1f7b11", "11111111-2222-4333-8444-555555555555"
COMMON = IssuerRule("https://ms.test/common/v2.0", "per_tenant", frozenset({TENANT_A}))


def of(tenant: str) -> str:
    return f"https://ms.test/{tenant}/v2.0"


def refuse(found: dict[str, Any], rule: IssuerRule, key_issuer: str | None = None) -> tuple[str, str]:
    with pytest.raises(ClaimError) as caught:
        check_token_issuer(found, rule, key_issuer=key_issuer)
    return caught.value.claim, caught.value.reason


@given(iss=st.text(max_size=40))
@settings(derandomize=True, deadline=None)
def test_rp_02_an_exact_issuer_is_nothing_but_itself(iss: str) -> None:
    """Also with a slash more or less, as Auth0 has one."""
    rule = IssuerRule("https://tenant.auth0.test/")
    assert rule.canonical(iss) is None
    assert rule.canonical("https://tenant.auth0.test") is None
    assert rule.canonical("tenant.auth0.test/") is None
    assert rule.canonical(rule.issuer) == rule.issuer == rule.published == rule.discoverable


@pytest.mark.parametrize("segment", ["common", "organizations", "{tenantid}"])
def test_an_issuer_of_many_tenants_publishes_a_template(segment: str) -> None:
    """However it was configured; its metadata are below an address, not below a template."""
    rule = IssuerRule(of(segment), "per_tenant")
    assert rule.published == rule.template == of("{tenantid}")
    assert rule.discoverable == of("common" if segment == "{tenantid}" else segment)
    assert rule.canonical(of(TENANT_B)) == of(TENANT_B)
    assert IssuerRule("https://ms.test/common", "per_tenant").template == "https://ms.test/{tenantid}"


@pytest.mark.parametrize(
    ("issuer", "forms"),
    [(of("common"), "exact"), (of(TENANT_A), "per_tenant"), ("http://127.0.0.1:9000", "per_tenant")],
)
def test_other_issuers_have_no_template(issuer: str, forms: IssuerForms) -> None:
    """One tenant's issuer, another preset's, or a provider on loopback."""
    rule = IssuerRule(issuer, forms)
    assert rule.template is None
    assert rule.canonical(issuer) == rule.published == issuer
    assert rule.canonical(of(TENANT_B)) is None


@given(tenant=st.text(max_size=45))
@settings(derandomize=True, deadline=None)
def test_a_tenant_is_a_guid_or_nobody(tenant: str) -> None:
    """No text between the two halves of the template passes otherwise."""
    assert COMMON.canonical(of(tenant)) is None


def test_tenant_and_issuer_have_to_agree() -> None:
    """And the tenant has to be listed, where a list is."""
    fine = {"iss": of(TENANT_A), "tid": TENANT_A}
    assert check_token_issuer(fine, COMMON, key_issuer=of("{tenantid}")) == of(TENANT_A)
    assert refuse({**fine, "tid": TENANT_B}, COMMON) == ("tid", "mismatch")
    assert refuse({**fine, "tid": "{tenantid}"}, COMMON) == ("tid", "malformed")
    assert refuse({"iss": of(TENANT_B), "tid": TENANT_B}, COMMON) == ("tid", "mismatch")
    assert refuse({"iss": of(TENANT_B), "tid": TENANT_A}, COMMON) == ("tid", "mismatch")
    assert refuse({"iss": of(TENANT_A)}, COMMON) == ("tid", "missing")
    everybody = IssuerRule(of("common"), "per_tenant")
    assert check_token_issuer({"iss": of(TENANT_B), "tid": TENANT_B}, everybody, key_issuer=None)


def test_a_list_of_tenants_counts_at_every_issuer() -> None:
    """Also where the issuer alone would do."""
    rule = IssuerRule(of(TENANT_A), "per_tenant", frozenset({TENANT_B}))
    assert refuse({"iss": of(TENANT_A), "tid": TENANT_A}, rule) == ("tid", "mismatch")
    assert refuse({"iss": of(TENANT_A)}, rule) == ("tid", "missing")


@pytest.mark.parametrize("tenant", [TENANT_A, 7, None])
def test_a_key_of_another_issuer_does_not_count(tenant: Any) -> None:
    """Where keys say whose they are; elsewhere the member means nothing."""
    rule = IssuerRule(of(TENANT_A), "per_tenant")
    found = {"iss": of(TENANT_A), "tid": tenant}
    assert refuse(found, rule, of(TENANT_B)) == ("iss", "mismatch")
    assert check_token_issuer(found, rule, key_issuer=of(TENANT_A)) == of(TENANT_A)
    assert check_token_issuer(found, IssuerRule(of(TENANT_A)), key_issuer="anything") == of(TENANT_A)
    if tenant != TENANT_A:
        assert refuse(found, rule, of("{tenantid}")) == ("iss", "mismatch")


@pytest.mark.parametrize(("found", "reason"), [({}, "missing"), ({"iss": None}, "wrong_type")])
def test_rp_49_no_issuer_is_refused(found: dict[str, Any], reason: str) -> None:
    """Absent and null are told apart, and neither is anybody's."""
    assert refuse(found, COMMON) == ("iss", reason)
