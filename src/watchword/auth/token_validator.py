"""From the text of an access token to its caller, in memory (RFC 9068 §4)."""

from __future__ import annotations

from typing import Final

from watchword.auth.keyring import Keyring
from watchword.auth.ports import Clock
from watchword.auth.verified_tokens import VerifiedTokens
from watchword.errors import TokenInvalid
from watchword.protocol import jws
from watchword.protocol.access_token import check_access_token
from watchword.protocol.claims import ClaimError, seconds_that_fit
from watchword.protocol.principal import Principal

LEEWAY_SECONDS: Final = 5
"""For our own tokens, whose clock is ours."""


class TokenValidator:
    """Checks signature and claims of our own access tokens; knows nothing of revocation."""

    def __init__(
        self,
        keyring: Keyring,
        clock: Clock,
        *,
        issuer: str,
        audience: str,
        max_life_seconds: int,
        verified: VerifiedTokens | None = None,
    ) -> None:
        self._keyring = keyring
        self._verified = VerifiedTokens() if verified is None else verified
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._max_life_seconds = max_life_seconds
        self._algorithms = frozenset({"ES256", "RS256", "Ed25519"})

    def validate(self, token: str, *, expired_seconds: int = 0) -> Principal:
        """The caller a token was issued to; with ``expired_seconds`` also one that expired at most
        so long ago, which is good for nothing but ending its session. Raises TokenInvalid with the
        cause in its detail.
        """
        return self.remembered(token) or self.verify(token, expired_seconds=expired_seconds)

    def remembered(self, token: str) -> Principal | None:
        """The caller of a token that was verified before and would be accepted now."""
        return self._verified.find(token, now_seconds=self._clock.now_seconds(), keys=self._keyring.verifying)

    async def validated(self, token: str) -> Principal:
        """Like ``validate``, and with a look whether another replica has made the key meanwhile."""
        known = self.remembered(token)
        if known is not None:
            return known
        try:
            return self.verify(token)
        except TokenInvalid as refused:
            return await self.verify_again(token, refused)

    async def verify_again(self, token: str, refused: TokenInvalid) -> Principal:
        """For a token that was ``refused``: where it names a key that is not held, the ring is read anew,
        as far as that is allowed. Raises TokenInvalid."""
        try:
            kid = jws.parse(token).kid
        except jws.JwsError:
            raise refused from None
        if kid is None or self._keyring.verifying.knows(kid) or not await self._keyring.look_for(kid):
            raise refused
        return self.verify(token)

    def verify(self, token: str, *, expired_seconds: int = 0) -> Principal:
        """Like ``validate``, without looking whether it is remembered."""
        now_seconds, keys = self._clock.now_seconds(), self._keyring.verifying
        try:
            verified = jws.verify_with(jws.parse(token), keys, algorithms=self._algorithms)
            caller = check_access_token(
                verified,
                issuer=self._issuer,
                audience=self._audience,
                now_seconds=now_seconds,
                leeway_seconds=LEEWAY_SECONDS + expired_seconds,
                max_life_seconds=self._max_life_seconds,
            )
        except (jws.JwsError, ClaimError) as error:
            raise TokenInvalid(str(error)) from None
        seconds = seconds_that_fit(caller.claims, leeway_seconds=LEEWAY_SECONDS)
        if now_seconds in seconds:
            self._verified.keep(token, caller, key=verified.key, keys=keys, seconds=seconds)
        self._keyring.uses.verified(verified.key.kid or "", self._clock.now())
        return caller
