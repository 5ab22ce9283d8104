"""One sign-in provider, as registered there."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from watchword.config.secrets import Secret, SecretSetting
from watchword.config.values import ClaimPaths, TextMap, Words
from watchword.errors import ProviderMetadataInvalid
from watchword.protocol.authorization import RESERVED_PARAMETERS
from watchword.protocol.endpoint_url import check_issuer

_NEVER_SAY_AUTH_TIME: frozenset[str] = frozenset()
"""Presets of providers whose ID tokens cannot hold ``auth_time``: step-up is refused at these."""

ClientAuth = Literal["client_secret_basic", "client_secret_post", "none"]


class ProviderSettings(BaseModel):
    """``WATCHWORD_PROVIDERS__<ID>__…``: where people sign in.

    ``role_claims`` lists paths into the provider's claims, each a claim name or a list of keys;
    ``role_map`` turns their role names into ours and drops the rest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    preset: Literal["oidc"] = "oidc"
    issuer: str = Field(max_length=2048)
    client_id: str = Field(min_length=1, max_length=512)
    client_secret: SecretSetting | None = None
    client_auth: ClientAuth = "client_secret_basic"
    scopes: Words = ("openid", "profile", "email")
    display_name: str | None = Field(default=None, min_length=1, max_length=80)
    authorize_params: TextMap = Field(default_factory=dict)
    role_claims: ClaimPaths = (("roles",),)
    role_map: TextMap | None = None
    userinfo: Literal["auto", "always", "never"] = "auto"

    @model_validator(mode="after")
    def _fits_together(self) -> ProviderSettings:
        try:
            check_issuer(self.issuer, allow_loopback_http=True)
        except ProviderMetadataInvalid as error:
            raise ValueError(f"issuer: {error.detail}") from None
        if self.client_auth == "none" and self.client_secret is not None:
            raise ValueError("client_secret is set, so client_auth cannot be none")
        if self.client_auth != "none" and self.client_secret is None:
            raise ValueError("client_secret is missing; a client without one says client_auth=none")
        if "openid" not in self.scopes:
            raise ValueError("scopes must contain openid, or there is no ID token to check")
        if reserved := sorted(RESERVED_PARAMETERS & self.authorize_params.keys()):
            raise ValueError(f"authorize_params must not set {', '.join(reserved)}: watchword sets them")
        return self

    @property
    def asserts_auth_time(self) -> bool:
        """Whether the provider can be asked for a recent sign-in and vouch for it (RFC 9470)."""
        return self.preset not in _NEVER_SAY_AUTH_TIME

    @property
    def secret(self) -> str | None:
        return self.client_secret.reveal() if isinstance(self.client_secret, Secret) else None
