"""ID tokens of one provider: the signature by its keys, the claims by its settings."""

from __future__ import annotations

from typing import Final

from watchword.auth.attempt import Attempt
from watchword.auth.ports import Clock
from watchword.auth.provider_keys import ProviderKeys
from watchword.config.provider import ProviderSettings
from watchword.errors import IdTokenRejected, SignInNotRecent
from watchword.protocol.claims import ClaimError, required_text
from watchword.protocol.clock_skew import describe_clock_skew
from watchword.protocol.discovery import ProviderMetadata
from watchword.protocol.id_token import MAX_ID_TOKEN_BYTES, IdToken, IdTokenPolicy, check_id_token
from watchword.protocol.jws import VerifiedJws

_TIMES: Final = frozenset({"exp", "iat", "nbf"})


class IdTokenCheck:
    """Checks the ID token of a sign-in (OpenID Connect Core §3.1.3.7) and that of a refresh (§12.2)."""

    def __init__(
        self, keys: ProviderKeys, settings: ProviderSettings, clock: Clock, *, leeway_seconds: int
    ) -> None:
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._leeway_seconds = leeway_seconds

    async def of_sign_in(
        self,
        id_token: str,
        metadata: ProviderMetadata,
        attempt: Attempt,
        *,
        access_token: str,
        skew_seconds: int | None,
    ) -> IdToken:
        """``skew_seconds`` is how far the provider's clock is ahead of ours, where it said.

        Raises IdTokenRejected, SignInNotRecent, ProviderUnavailable, ProviderResponseInvalid.
        """
        verified = await self._keys.verify(
            id_token,
            jwks_uri=metadata.jwks_uri,
            algorithms=metadata.id_token_algorithms,
            max_bytes=MAX_ID_TOKEN_BYTES,
        )
        try:
            return self._checked(verified, access_token, attempt)
        except ClaimError as error:
            said = f"ID token: {error}"
            if error.claim == "auth_time" and attempt.max_age_seconds is not None:
                raise SignInNotRecent(f"max_age={attempt.max_age_seconds}; {said}") from None
            if error.claim in _TIMES and skew_seconds is not None:
                said = f"{said}; by the Date of the provider {describe_clock_skew(skew_seconds)}"
            raise IdTokenRejected(said) from None

    async def of_refresh(self, id_token: str, metadata: ProviderMetadata, *, access_token: str) -> IdToken:
        """Raises JwsError, ClaimError, ProviderUnavailable, ProviderResponseInvalid."""
        verified = await self._keys.verify_sent_by(
            "provider",
            id_token,
            jwks_uri=metadata.jwks_uri,
            algorithms=metadata.id_token_algorithms,
            max_bytes=MAX_ID_TOKEN_BYTES,
        )
        return self._checked(verified, access_token, None)

    def _checked(self, verified: VerifiedJws, access_token: str, attempt: Attempt | None) -> IdToken:
        policy = IdTokenPolicy(
            issuer=self._settings.issuer_rule,
            client_id=self._settings.client_id,
            nonce=None if attempt is None else attempt.nonce,
            hosted_domains=frozenset(self._settings.hosted_domains),
            kind=self._settings.about.id_token_kind,
            leeway_seconds=self._leeway_seconds,
            max_age_seconds=None if attempt is None else attempt.max_age_seconds,
            asked_at=None if attempt is None else attempt.started_at,
        )
        now_seconds = self._clock.now_seconds()
        checked = check_id_token(verified, policy, now_seconds=now_seconds, access_token=access_token)
        required_text(checked.claims, self._settings.about.subject_claim)
        return checked
