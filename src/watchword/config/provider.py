"""One sign-in provider, as registered there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from watchword.config.client_key import ClientKeySetting
from watchword.config.presets import CLIENT_ID_KEY, PRESETS, LogoutStyle, Preset, PresetName
from watchword.config.secrets import Secret, SecretSetting
from watchword.config.values import ClaimPaths, OneOrMore, TextMap, Words
from watchword.errors import ProviderMetadataInvalid
from watchword.protocol.authorization import RESERVED_PARAMETERS
from watchword.protocol.endpoint_url import check_endpoint, check_issuer
from watchword.protocol.issuer_rule import TENANT_ID, IssuerRule

ClientAuth = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
Name = Annotated[str, Field(min_length=1, max_length=512)]

ANY_TENANT: Final = "any_tenant"
"""In ``allowed_tenants``: people of every organisation, and of none, are let in."""

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class ProviderSettings(BaseModel):
    """``WATCHWORD_PROVIDERS__<ID>__…``: where people sign in.

    Fields say what was configured; what is in force, the preset's where nothing was, is at
    ``effective_…`` and the other properties. ``role_claims`` lists paths into the provider's claims, each
    a claim name or a list of keys; ``role_map`` turns their role names into ours and drops the rest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    preset: PresetName = "oidc"
    issuer: str = Field(max_length=2048)
    metadata_url: Annotated[str, Field(max_length=2048)] | None = None
    client_id: str = Field(min_length=1, max_length=512)
    client_secret: SecretSetting | None = None
    client_auth: ClientAuth = "client_secret_basic"
    client_key: ClientKeySetting | None = None
    scopes: Words | None = None
    display_name: str | None = Field(default=None, min_length=1, max_length=80)
    authorize_params: TextMap | None = None
    par: bool | None = None
    audience: Annotated[tuple[Name, ...], OneOrMore] = ()
    allowed_tenants: Words = ()
    hosted_domains: Words = ()
    role_claims: ClaimPaths | None = None
    role_map: TextMap | None = None
    userinfo: Literal["auto", "always", "never"] = "auto"
    logout: LogoutStyle | None = None
    link_verified_email: bool = False
    email_domains: Words = ()
    accept_access_tokens: bool = False
    max_token_seconds: Annotated[int, Field(ge=1, le=86400)] = 86400
    ca_file: Annotated[str, Field(min_length=1, max_length=4096)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> ProviderSettings:
        self._check_addresses()
        self._check_client()
        if self.about.id_token and "openid" not in self.effective_scopes:
            raise ValueError("scopes must contain openid, or there is no ID token to check")
        if reserved := sorted(RESERVED_PARAMETERS & self.effective_authorize_params.keys()):
            raise ValueError(f"authorize_params must not set {', '.join(reserved)}: watchword sets them")
        self._check_restrictions()
        self._check_tenants()
        self._check_domains()
        self._check_access_tokens()
        return self

    def _check_client(self) -> None:
        method = self.effective_client_auth
        if self.client_secret is not None and not method.startswith("client_secret"):
            raise ValueError(f"client_secret is set, so client_auth cannot be {method}")
        if self.client_key is not None and method != "private_key_jwt":
            raise ValueError(f"client_key is set, so client_auth cannot be {method}, but private_key_jwt")
        if self.client_secret is None and method.startswith("client_secret"):
            raise ValueError("client_secret is missing; a client without one says client_auth=none")
        if self.client_key is None and method == "private_key_jwt":
            raise ValueError("client_key is missing; private_key_jwt signs with it")

    def _check_addresses(self) -> None:
        try:
            check_issuer(self.issuer_rule.discoverable, allow_loopback_http=True)
        except ProviderMetadataInvalid as error:
            raise ValueError(f"issuer: {error.detail}") from None
        if self.metadata_url is None:
            return
        try:
            check_endpoint(self.metadata_url, allow_loopback_http=True)
        except ProviderMetadataInvalid as error:
            raise ValueError(f"metadata_url: {error.detail}") from None

    def _check_restrictions(self) -> None:
        """A list that is empty, or held against a token that never comes, would let everybody in."""
        for name in ("allowed_tenants", "hosted_domains"):
            given = getattr(self, name)
            if name in self.model_fields_set and not given:
                raise ValueError(f"{name} is set, but empty; leave it out where everybody may sign in")
            if given and not self.about.id_token:
                raise ValueError(f"{name} is checked in ID tokens, and {self.preset} has none")

    def _check_tenants(self) -> None:
        if ANY_TENANT in self.allowed_tenants:
            if len(self.allowed_tenants) > 1:
                raise ValueError(f"allowed_tenants: {ANY_TENANT} stands alone, or the others mean nothing")
        elif wrong := [each for each in self.allowed_tenants if not TENANT_ID.fullmatch(each)]:
            raise ValueError(f"allowed_tenants: {wrong[0]!r} is not a tenant's id, a GUID in lower case")
        elif self.issuer_rule.template is not None and not self.allowed_tenants:
            raise ValueError(
                "allowed_tenants is missing: at this issuer anybody of any organisation could sign in; list "
                f"the ids of yours, or say {ANY_TENANT}"
            )

    def _check_domains(self) -> None:
        for name, given in (("hosted_domains", self.hosted_domains), ("email_domains", self.email_domains)):
            if wrong := [each for each in given if not _DOMAIN.fullmatch(each)]:
                raise ValueError(f"{name}: {wrong[0]!r} is not a domain in lower case, such as example.org")
        if self.link_verified_email and not self.about.verifies_email:
            raise ValueError(f"link_verified_email: an address says nothing about a person at {self.preset}")
        if self.link_verified_email and not self.email_domains:
            raise ValueError("link_verified_email needs email_domains, for which this provider is believed")
        self._check_mailboxes()

    def _check_mailboxes(self) -> None:
        known = self.about.mailbox_domains | frozenset(self.hosted_domains)
        if self.about.mailbox_domains and (
            foreign := [each for each in self.email_domains if each not in known]
        ):
            raise ValueError(
                f"email_domains: at {self.preset} anybody keeps a private account under an address of "
                f"{foreign[0]} that was theirs once; list the domain in hosted_domains too, or leave it out"
            )

    def _check_access_tokens(self) -> None:
        if not self.accept_access_tokens:
            return
        if self.about.access_tokens is None:
            raise ValueError(
                f"accept_access_tokens: access tokens of {self.preset} are opaque; use watchword's own"
            )
        if not self.audience:
            raise ValueError("accept_access_tokens needs audience, the API's identifier at the provider")
        if self.preset == "okta" and "/oauth2/" not in self.issuer:
            raise ValueError(
                "accept_access_tokens: tokens of an Okta org server are for Okta's own APIs; use a custom "
                "authorization server, whose issuer ends in /oauth2/default or /oauth2/{id}"
            )
        if self.preset != "cognito" and self.client_id in self.audience:
            raise ValueError(
                "audience must not be our client_id where access tokens are accepted: every ID token is for "
                "that audience; register the API under an identifier of its own"
            )

    @property
    def about(self) -> Preset:
        """What the preset knows."""
        return PRESETS[self.preset]

    @property
    def issuer_rule(self) -> IssuerRule:
        """Which ``iss`` is this provider's."""
        tenants = frozenset(self.allowed_tenants) - {ANY_TENANT}
        return IssuerRule(self.issuer, self.about.issuer_forms, tenants)

    @property
    def asserts_auth_time(self) -> bool:
        """Whether the provider can be asked for a recent sign-in and vouch for it (RFC 9470)."""
        return self.about.asserts_auth_time

    @property
    def effective_scopes(self) -> tuple[str, ...]:
        """Those configured, else the preset's for a sign-in."""
        return self.about.scopes if self.scopes is None else self.scopes

    @property
    def offline_scope(self) -> str | None:
        """The preset's further scope for a refresh token, where no scopes are configured; it only
        counts where the provider lists it."""
        return self.about.offline_scope if self.scopes is None else None

    @property
    def effective_authorize_params(self) -> Mapping[str, str]:
        """Those configured, and the audience where the preset sends one."""
        audience = {"audience": self.audience[0]} if self.about.sends_audience and self.audience else {}
        return {**audience, **(self.authorize_params or {})}

    @property
    def offline_params(self) -> Mapping[str, str]:
        """The preset's further parameters for a refresh token, where none are configured."""
        return self.about.offline_params if self.authorize_params is None else {}

    @property
    def effective_role_claims(self) -> tuple[tuple[str, ...], ...]:
        if self.role_claims is not None:
            return self.role_claims
        return tuple(
            tuple(self.client_id if key == CLIENT_ID_KEY else key for key in path)
            for path in self.about.role_claims
        )

    @property
    def effective_client_auth(self) -> ClientAuth:
        return self.client_auth if "client_auth" in self.model_fields_set else self.about.client_auth

    @property
    def effective_logout(self) -> LogoutStyle:
        return self.logout or self.about.logout

    def button_text(self, provider_id: str) -> str:
        """The name people see: the configured one, the preset's, else the id."""
        return self.display_name or self.about.display_name or provider_id.capitalize()

    @property
    def secret(self) -> str | None:
        return self.client_secret.reveal() if isinstance(self.client_secret, Secret) else None
