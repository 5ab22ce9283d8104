"""What is known of each kind of provider before anything is configured (vendors' documentation, 2026).

Everything here is a default: a setting of the provider always wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from watchword.protocol.issuer_rule import IssuerForms

PresetName = Literal["oidc", "auth0", "okta", "cognito", "entra", "google", "keycloak", "github"]
LogoutStyle = Literal["rp_initiated", "auth0_v2", "cognito", "local_only"]
AccessTokenShape = Literal["rfc9068", "auth0", "okta", "cognito", "entra", "keycloak"]

CLIENT_ID_KEY: Final = "{client_id}"
"""In a preset's claim path: the key is our own client id at that provider."""
OFFLINE_ACCESS: Final = "offline_access"
"""Asked for, unless scopes are configured, only of providers whose metadata list it."""

_IDENTITY: Final = ("openid", "profile", "email")


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of provider.

    ``scopes`` ask for a sign-in, ``offline_scope`` or ``offline_params`` for the refresh token of a
    re-check; where both are empty it comes by itself, or, without ``refresh_tokens``, as a rule never.
    ``session_token_seconds`` is how long the one lives unused that comes without ``offline_scope``, as the
    vendor sets itself up; None where none comes.
    ``asserts_auth_time`` is whether ``auth_time`` can be had, ``id_token`` whether there is one at all.
    ``access_tokens`` is the shape of its access tokens, None where they are opaque.
    ``issuer_forms`` says how ``iss`` may be written: exactly as
    configured, also without its scheme or with GitHub's path, or with the tenant's id in a multi-tenant
    issuer. ``assertion_audience`` is what ``private_key_jwt`` is addressed to there.
    ``id_token_kind`` is a claim, and its value in ID tokens, by which a vendor tells its tokens apart.
    ``subject_claim`` is the claim by which ID and access tokens name the same person, where ``sub`` is
    another for every client. ``verifies_email`` is whether its ``email_verified`` may ever join accounts.
    ``mailbox_domains`` are the domains whose mailboxes the vendor runs, where it verifies addresses of
    others once and keeps them; for those only ``hd`` says that they are still theirs.
    ``sends_audience`` is whether ``AUDIENCE`` goes with the authorization request.
    """

    display_name: str = ""
    scopes: tuple[str, ...] = _IDENTITY
    offline_scope: str | None = None
    offline_params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    refresh_tokens: bool = True
    session_token_seconds: int | None = None
    client_auth: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    assertion_audience: Literal["issuer", "token_endpoint"] = "issuer"
    role_claims: tuple[tuple[str, ...], ...] = ()
    logout: LogoutStyle = "rp_initiated"
    access_tokens: AccessTokenShape | None = None
    issuer_forms: IssuerForms = "exact"
    asserts_auth_time: bool = True
    id_token: bool = True
    id_token_kind: tuple[str, str] | None = None
    subject_claim: str = "sub"
    verifies_email: bool = True
    mailbox_domains: frozenset[str] = frozenset()
    sends_audience: bool = False


PRESETS: Final[Mapping[PresetName, Preset]] = MappingProxyType(
    {
        "oidc": Preset(offline_scope=OFFLINE_ACCESS, role_claims=(("roles",),), access_tokens="rfc9068"),
        "auth0": Preset(
            display_name="Auth0",
            offline_scope=OFFLINE_ACCESS,
            logout="auth0_v2",
            access_tokens="auth0",
            sends_audience=True,
        ),
        "okta": Preset(
            display_name="Okta",
            offline_scope=OFFLINE_ACCESS,
            assertion_audience="token_endpoint",
            role_claims=(("groups",),),
            access_tokens="okta",
        ),
        "cognito": Preset(
            display_name="Amazon Cognito",
            role_claims=(("cognito:groups",),),
            logout="cognito",
            access_tokens="cognito",
            id_token_kind=("token_use", "id"),
        ),
        "entra": Preset(
            display_name="Microsoft",
            offline_scope=OFFLINE_ACCESS,
            assertion_audience="token_endpoint",
            role_claims=(("roles",),),
            access_tokens="entra",
            issuer_forms="per_tenant",
            subject_claim="oid",
            verifies_email=False,
        ),
        "google": Preset(
            display_name="Google",
            offline_params=MappingProxyType({"access_type": "offline", "prompt": "consent"}),
            logout="local_only",
            issuer_forms="with_or_without_scheme",
            asserts_auth_time=False,
            mailbox_domains=frozenset({"gmail.com"}),
        ),
        "keycloak": Preset(
            display_name="Keycloak",
            offline_scope=OFFLINE_ACCESS,
            session_token_seconds=1800,
            role_claims=(("realm_access", "roles"), ("resource_access", CLIENT_ID_KEY, "roles")),
            access_tokens="keycloak",
            id_token_kind=("typ", "ID"),
        ),
        "github": Preset(
            display_name="GitHub",
            scopes=("read:user", "user:email"),
            refresh_tokens=False,
            client_auth="client_secret_post",
            logout="local_only",
            issuer_forms="with_or_without_oauth_path",
            asserts_auth_time=False,
            id_token=False,
        ),
    }
)
