"""Presets: what is in force where nothing was configured, and that settings win."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from watchword.config.auth import Settings
from watchword.config.presets import PRESETS, PresetName
from watchword.config.provider import ProviderSettings
from watchword.errors import ConfigurationError

TENANT = "9f2a1c34-6d1b-4c8e-8a35-0f6d8f1f7b11"
GIVEN = {"issuer": "http://127.0.0.1:9400", "client_id": "app", "client_secret": "from-the-provider"}


def provider(preset: str, **changes: Any) -> ProviderSettings:
    return Settings(providers={"main": {**GIVEN, "preset": preset, **changes}}).providers["main"]


def problem(preset: str, **changes: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        provider(preset, **changes)
    (only,) = caught.value.problems
    assert only.startswith("WATCHWORD_PROVIDERS__MAIN")
    return only


def test_every_preset_of_the_contract_is_known() -> None:
    """Eight names, each with a preset."""
    assert set(PRESETS) == set(get_args(PresetName))
    assert len(PRESETS) == 8


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_presets_work_with_any_issuer(preset: str) -> None:
    """On loopback in development too, with nothing but a registration."""
    given = provider(preset)
    assert given.issuer_rule.canonical(GIVEN["issuer"]) == given.issuer_rule.published == GIVEN["issuer"]
    assert given.about is PRESETS[given.preset]
    assert given.effective_scopes == given.about.scopes
    assert given.effective_logout == given.about.logout
    assert given.effective_client_auth == given.about.client_auth
    assert given.asserts_auth_time == (preset not in ("google", "github"))


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_settings_win_over_every_preset(preset: str) -> None:
    """Each rule can be said otherwise."""
    said = provider(
        preset,
        scopes="openid custom",
        display_name="Ours",
        authorize_params={},
        role_claims=[["a", "b.c"]],
        logout="local_only",
        client_auth="client_secret_basic",
    )
    assert said.effective_scopes == ("openid", "custom")
    assert said.effective_authorize_params == {}
    assert (said.offline_scope, said.offline_params) == (None, {})
    assert said.effective_role_claims == (("a", "b.c"),)
    assert (said.effective_logout, said.effective_client_auth) == ("local_only", "client_secret_basic")
    assert said.button_text("main") == "Ours"
    assert provider(preset, role_claims=[]).effective_role_claims == ()


def test_names_on_buttons() -> None:
    """The vendor's, and the id's where no vendor is known."""
    assert provider("oidc").button_text("main") == "Main"
    assert provider("keycloak").button_text("main") == "Keycloak"


def test_a_path_of_a_preset_names_our_client() -> None:
    """Keycloak keeps a client's roles below the client's id, dots and all."""
    paths = provider("keycloak", client_id="my.app").effective_role_claims
    assert paths == (("realm_access", "roles"), ("resource_access", "my.app", "roles"))


def test_only_auth0_is_told_the_audience() -> None:
    """The first, when there are several; a configured parameter of that name wins."""
    audience = ["https://api.example.test", "second"]
    asked = provider("auth0", audience=audience).effective_authorize_params
    assert asked == {"audience": "https://api.example.test"}
    assert "audience" not in provider("cognito", audience="abc").effective_authorize_params
    own = provider("auth0", audience=audience, authorize_params={"audience": "other"})
    assert own.effective_authorize_params == {"audience": "other"}


@pytest.mark.parametrize("segment", ["common", "organizations", "{tenantid}"])
def test_an_issuer_of_many_tenants_needs_a_list(segment: str) -> None:
    """Or the word that lets everybody in, which can be searched for."""
    issuer = f"https://login.microsoftonline.com/{segment}/v2.0"
    assert "anybody of any organisation could sign in" in problem("entra", issuer=issuer)
    assert provider("entra", issuer=issuer, allowed_tenants=TENANT).issuer_rule.tenants == {TENANT}
    wide = provider("entra", issuer=issuer, allowed_tenants=["any_tenant"])
    assert wide.issuer_rule.tenants == frozenset()
    assert "stands alone" in problem("entra", issuer=issuer, allowed_tenants=["any_tenant", TENANT])


@pytest.mark.parametrize("tenant", ["contoso.test", "*", TENANT.upper(), "common", TENANT + "0"])
def test_a_tenant_is_written_as_its_id(tenant: str) -> None:
    """Names of tenants are not in tokens."""
    assert "a GUID in lower case" in problem("entra", allowed_tenants=[tenant])


@pytest.mark.parametrize("domain", ["Example.org", "@example.org", "example", "*.example.org", "-a.test"])
@pytest.mark.parametrize("name", ["hosted_domains", "email_domains"])
def test_domains_are_whole_names_in_lower_case(name: str, domain: str) -> None:
    """Nothing that looks like a pattern, because none is matched."""
    assert "is not a domain in lower case" in problem("oidc", **{name: [domain]})


FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "linking by address at entra": (
        "entra",
        {"link_verified_email": True, "email_domains": ["example.org"]},
        "says nothing about a person",
    ),
    "a company's addresses of private accounts": (
        "google",
        {"email_domains": ["example.org"], "hosted_domains": ["other.test"]},
        "list the domain in hosted_domains too",
    ),
    "linking for every domain": ("oidc", {"link_verified_email": True}, "needs email_domains"),
    "opaque access tokens": ("google", {"accept_access_tokens": True, "audience": "a"}, "are opaque"),
    "access tokens for anybody": ("okta", {"accept_access_tokens": True}, "needs audience"),
    "metadata over plain http": ("oidc", {"metadata_url": "http://idp.test/x"}, "metadata_url: "),
    "an issuer with a query": ("entra", {"issuer": "https://ms.test/common/v2.0?x"}, "issuer: "),
    "a list of nobody's domains": ("google", {"hosted_domains": ""}, "hosted_domains is set, but empty"),
    "a list of no tenants": ("entra", {"allowed_tenants": []}, "allowed_tenants is set, but empty"),
    "domains without a token": ("github", {"hosted_domains": ["example.org"]}, "github has none"),
    "tenants without a token": ("github", {"allowed_tenants": [TENANT]}, "github has none"),
    "an unknown preset": ("okto", {}, "PRESET"),
    "an ID token without its scope": ("google", {"scopes": ["email"]}, "must contain openid"),
}


@pytest.mark.parametrize(("preset", "changes", "said"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_work_is_refused_at_the_start(preset: str, changes: dict[str, Any], said: str) -> None:
    """Each names its setting and the cause."""
    assert said in problem(preset, **changes)


def test_google_is_believed_for_the_mailboxes_it_runs() -> None:
    """Its own, and those of the Workspace domains that ``hd`` has to name."""
    hosted = provider("google", hosted_domains=["example.org"], email_domains=["example.org"])
    assert hosted.email_domains == ("example.org",)
    assert provider("google", email_domains=["gmail.com"]).email_domains == ("gmail.com",)


def test_production_wants_metadata_over_https() -> None:
    """As it wants the issuer."""
    given = {**GIVEN, "issuer": "https://idp.test", "metadata_url": "http://127.0.0.1:9/x"}
    with pytest.raises(ConfigurationError, match="METADATA_URL: must be https in production"):
        Settings(environment="production", base_url="https://app.test", providers={"main": given})


@pytest.mark.parametrize(
    ("issuer", "refused"), [("https://ms.test/common/v2.0", True), ("https://b.test", False)]
)
def test_an_audience_is_no_client_id_of_ours_at_that_host(issuer: str, refused: bool) -> None:
    """ID tokens of a second registration there have it as their audience."""
    api = {
        **GIVEN,
        "issuer": f"https://ms.test/{TENANT}/v2.0",
        "accept_access_tokens": True,
        "audience": "web",
    }
    web = {**GIVEN, "issuer": issuer, "client_id": "web", "allowed_tenants": [TENANT]}
    given = {"api": {**api, "preset": "entra"}, "web": {**web, "preset": "entra"}}
    if not refused:
        assert Settings(providers=given).providers["api"].audience == ("web",)
        return
    with pytest.raises(ConfigurationError, match="__API__AUDIENCE: holds the client id of provider 'web'"):
        Settings(providers=given)
