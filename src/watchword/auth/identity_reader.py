"""Who somebody is by a provider's claims: read the same way at a sign-in and at a re-check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchword.auth.logs import tell
from watchword.auth.ports import ProviderIdentity
from watchword.config.provider import ProviderSettings
from watchword.protocol.id_token import IdToken
from watchword.protocol.profile import read_profile
from watchword.protocol.roles import are_withheld, map_roles, roles_at


class IdentityReader:
    """Profile and roles as the settings of one provider say. ``role_names`` are the claims that roles
    are read from."""

    def __init__(self, provider_id: str, settings: ProviderSettings) -> None:
        self._provider_id = provider_id
        self._about = settings.about
        self._role_map = settings.role_map
        self._role_claims = settings.effective_role_claims
        self.role_names = frozenset(path[0] for path in self._role_claims)

    def subject(self, id_token: IdToken) -> str:
        """By what the person is known here, which is not ``sub`` at every provider."""
        subject: str = id_token.claims[self._about.subject_claim]
        return subject

    def read(self, id_token: IdToken, userinfo: Mapping[str, Any] | None) -> ProviderIdentity:
        """The person; roles are unknown where userinfo was asked for them in vain, None, and where the
        provider left them out for being too many."""
        profile = read_profile(id_token.claims, userinfo)
        claims = {**(userinfo or {}), **id_token.claims}
        reading = roles_at(claims, self._role_claims, mapping=self._role_map)
        unknown = userinfo is None and not self.role_names <= id_token.claims.keys()
        if are_withheld(claims, self._role_claims):
            message, provider = "%s left out roles of a person who has too many of them", self._provider_id
            tell("roles_withheld", message, provider, provider=provider)
            unknown = True
        return ProviderIdentity(
            provider_id=self._provider_id,
            issuer=id_token.issuer,
            subject=self.subject(id_token),
            email=profile.email,
            email_verified=profile.email_verified and self._about.verifies_email,
            name=profile.name,
            roles=None if unknown else map_roles(reading.roles, self._role_map),
        )
