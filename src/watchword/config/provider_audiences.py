"""Which audiences access tokens cannot have: those that ID tokens of ours have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from watchword.config.provider import ProviderSettings
from watchword.protocol.web_url import parse_web_url


def audience_problems(providers: Mapping[str, ProviderSettings]) -> Iterator[str]:
    """An accepted audience that is our client id at another entry for the same host; the entry's own
    client id is refused with the entry. A vendor without ``aud`` tells its tokens apart by other means."""
    for provider_id, provider in providers.items():
        if not provider.accept_access_tokens or provider.preset == "cognito":
            continue
        for other_id, other in providers.items():
            if other.client_id in provider.audience and _host(other) == _host(provider):
                yield (
                    f"WATCHWORD_PROVIDERS__{provider_id.upper()}__AUDIENCE: holds the client id of provider "
                    f"{other_id!r}, whose ID tokens could pass for access tokens; register the API under an "
                    "identifier of its own"
                )


def _host(provider: ProviderSettings) -> str:
    return parse_web_url(provider.issuer_rule.discoverable).host
