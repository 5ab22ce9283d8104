"""A provider's signing keys: fetched once for everybody, kept when a refetch fails."""

from __future__ import annotations

from typing import Final

from watchword.auth.fetch import Fetch, Sender
from watchword.auth.ports import Clock, ProviderHttp
from watchword.errors import IdTokenRejected, ProviderResponseInvalid, WatchwordError
from watchword.protocol import jws
from watchword.protocol.jwk import MAX_KEY_SET_BYTES, KeySet, KeySetError, parse_key_set
from watchword.protocol.provider_answer import check_document

FRESH_SECONDS: Final = 600.0
UNKNOWN_KID_COOLDOWN_SECONDS: Final = 30.0
STALE_SECONDS: Final = 86400.0


class ProviderKeys:
    """The key set of one issuer: fresh for ten minutes, one flight at a time, one extra fetch for
    an unknown key id within the cooldown, the last good set on any failure for a day.

    The cooldown counts apart for tokens that anybody may send, or a stranger could use up the fetch
    that a sign-in needs after a rotation.
    """

    def __init__(self, http: ProviderHttp, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._forced_at: dict[Sender, float] = {}
        self._fetching: Fetch[KeySet] = Fetch(clock)

    async def verify(
        self, token: str, *, jwks_uri: str, algorithms: frozenset[str], max_bytes: int
    ) -> jws.VerifiedJws:
        """The token with its signature checked.

        Raises IdTokenRejected, ProviderUnavailable, ProviderResponseInvalid.
        """
        try:
            return await self.verify_sent_by(
                "provider", token, jwks_uri=jwks_uri, algorithms=algorithms, max_bytes=max_bytes
            )
        except jws.JwsError as error:
            raise IdTokenRejected(f"ID token: {error}") from None

    async def verify_sent_by(
        self, sender: Sender, token: str, *, jwks_uri: str, algorithms: frozenset[str], max_bytes: int
    ) -> jws.VerifiedJws:
        """Any token of the provider's. Raises JwsError, ProviderUnavailable, ProviderResponseInvalid."""
        unverified = jws.parse(token, max_bytes=max_bytes)
        try:
            return jws.verify_with(unverified, await self.current(jwks_uri, sender), algorithms=algorithms)
        except jws.UnknownKey:
            keys = await self._refetched(jwks_uri, sender)
            return jws.verify_with(unverified, keys, algorithms=algorithms)

    async def current(self, jwks_uri: str, sender: Sender) -> KeySet:
        """The keys as they are, fetched where they are old; as they were for a day where that fails.

        Raises ProviderUnavailable, ProviderResponseInvalid.
        """
        if self._keys is not None and self._age() < FRESH_SECONDS:
            return self._keys
        old = self._keys if self._age() < STALE_SECONDS else None
        if old is not None and self._fetching.goes_on_without(lambda: self._fetch(jwks_uri), sender=sender):
            return old
        try:
            return await self._fetching.join(lambda: self._fetch(jwks_uri), sender=sender)
        except WatchwordError:
            if old is None:
                raise
            return old

    async def _refetched(self, jwks_uri: str, sender: Sender) -> KeySet:
        """One forced fetch, then none for the cooldown; meanwhile the set as it is. A fetch that
        failed has told nothing, so the next unknown key may ask again."""
        if not self._fetching.under_way:
            now = self._clock.monotonic()
            forced_at = self._forced_at.get(sender)
            cooling = forced_at is not None and now - forced_at < UNKNOWN_KID_COOLDOWN_SECONDS
            if self._keys is not None and cooling:
                return self._keys
            self._forced_at[sender] = now
        try:
            return await self._fetching.join(lambda: self._fetch(jwks_uri), sender=sender)
        except WatchwordError:
            self._forced_at.pop(sender, None)
            raise

    async def _fetch(self, jwks_uri: str) -> KeySet:
        answer = await self._http.get(jwks_uri, max_bytes=MAX_KEY_SET_BYTES)
        check_document("the key set", answer.status, answer.headers)
        try:
            keys = parse_key_set(answer.body)
        except KeySetError as error:
            raise ProviderResponseInvalid(f"the key set cannot be used: {error}") from None
        if not keys.keys:
            raise ProviderResponseInvalid(f"the key set holds no usable key ({keys.skipped} skipped)")
        self._keys = keys
        self._fetched_at = self._clock.monotonic()
        return keys

    def _age(self) -> float:
        return self._clock.monotonic() - self._fetched_at
