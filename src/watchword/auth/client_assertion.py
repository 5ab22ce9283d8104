"""What we prove who we are with at one provider, request by request."""

from __future__ import annotations

import secrets

from watchword.auth.ports import Clock
from watchword.config.provider import ProviderSettings
from watchword.errors import ProviderSettingsMismatch
from watchword.protocol.assertion_key import AssertionKey, client_assertion
from watchword.protocol.client_auth import ClientAuthentication, check_method_offered
from watchword.protocol.discovery import ProviderMetadata
from watchword.protocol.printable import printable


class ClientCredentials:
    """Our client's credentials at one provider (OpenID Connect Core §9)."""

    def __init__(self, settings: ProviderSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._key = None if settings.client_key is None else settings.client_key.key

    def check(self, metadata: ProviderMetadata) -> None:
        """Whether the provider accepts what we have, and it can be sent at all. Raises
        ProviderSettingsMismatch."""
        if not (self._settings.client_id + (self._settings.secret or "")).isprintable():
            raise ProviderSettingsMismatch(
                "CLIENT_ID or CLIENT_SECRET holds a character that cannot be printed, which no provider "
                "registers: paste both again"
            )
        check_method_offered(self._settings.effective_client_auth, metadata.token_endpoint_auth_methods)
        if self._key is not None:
            _algorithm(self._key, metadata)

    def for_request(self, metadata: ProviderMetadata) -> ClientAuthentication:
        """What authenticates one request: an assertion is good for one only. Raises
        ProviderSettingsMismatch."""
        self.check(metadata)
        settings = self._settings
        assertion = None if self._key is None else self._assertion(self._key, metadata)
        return ClientAuthentication(
            settings.effective_client_auth, settings.client_id, settings.secret, assertion
        )

    def _assertion(self, key: AssertionKey, metadata: ProviderMetadata) -> str:
        """For the issuer, so that no endpoint of another's metadata can be its audience, but for
        vendors that only take their token endpoint."""
        names_endpoint = self._settings.about.assertion_audience == "token_endpoint"
        return client_assertion(
            key,
            algorithm=_algorithm(key, metadata),
            client_id=self._settings.client_id,
            audience=metadata.token_endpoint if names_endpoint else metadata.issuer,
            jti=secrets.token_urlsafe(32),
            now_seconds=int(self._clock.now().timestamp()),
        )


def _algorithm(key: AssertionKey, metadata: ProviderMetadata) -> str:
    offered = metadata.token_endpoint_auth_algorithms
    found = key.algorithm_among(offered)
    if found is None:
        listed = printable(", ".join(sorted(offered or ())) or "nothing", max_chars=200)
        raise ProviderSettingsMismatch(
            f"CLIENT_KEY signs with {' or '.join(key.algorithms)}, while the provider accepts {listed} "
            "(token_endpoint_auth_signing_alg_values_supported): use a key of another kind"
        )
    return found
