"""Which first sign-ins join an account by its e-mail address: only where an operator asked for it."""

from __future__ import annotations

from collections.abc import Mapping

from watchword.auth.account_ports import EmailLink
from watchword.auth.ports import ProviderIdentity
from watchword.config.provider import ProviderSettings
from watchword.protocol.email_address import EmailAddress, read_believed_address


class EmailLinking:
    """Both identities have to come from a provider that is believed for the address's domain: the new one,
    or an attacker's provider names the victim's address, and the one the account has, or an attacker
    opens an account under that address and waits for the victim to join it."""

    def __init__(self, providers: Mapping[str, ProviderSettings]) -> None:
        self._providers = providers

    def link_for(self, identity: ProviderIdentity) -> EmailLink | None:
        """What ``identity`` may be linked by; None almost always."""
        provider = self._providers.get(identity.provider_id)
        if provider is None or not provider.link_verified_email or not identity.email_verified:
            return None
        address = read_believed_address(identity.email, domains=provider.email_domains)
        if address is None:
            return None
        return EmailLink(
            str(address),
            lambda provider_id, issuer, email: self._is_believed(address, provider_id, issuer, email),
        )

    def _is_believed(self, address: EmailAddress, provider_id: str, issuer: str, email: str | None) -> bool:
        """Whether an identity on record says the same address, in the word of a provider that is still
        configured and believed for it."""
        provider = self._providers.get(provider_id)
        if provider is None or not provider.about.verifies_email:
            return False
        if provider.issuer_rule.canonical(issuer) != issuer:
            return False
        return read_believed_address(email, domains=provider.email_domains) == address
