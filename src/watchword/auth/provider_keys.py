"""A provider's signing keys: fetched once for everybody and ahead of time, kept when a refetch fails."""

from __future__ import annotations

from typing import Final

from watchword.auth.cached_document import CachedDocument, Fetched
from watchword.auth.fetch import Sender
from watchword.auth.ports import Clock, ProviderHttp
from watchword.auth.provider_guard import ProviderGuard
from watchword.errors import IdTokenRejected, ProviderResponseInvalid, WatchwordError
from watchword.protocol import jws
from watchword.protocol.freshness import fresh_seconds
from watchword.protocol.jwk import MAX_KEY_SET_BYTES, KeySet, KeySetError, parse_key_set
from watchword.protocol.provider_answer import check_document

FRESH_SECONDS: Final = 600
MIN_FRESH_SECONDS: Final = 60
"""At most and at least, whatever the provider's cache headers say."""
UNKNOWN_KID_COOLDOWN_SECONDS: Final = 30
STALE_SECONDS: Final = 86_400
_RENAMED: Final = ("provider", "bad_signature")


class ProviderKeys:
    """The key set of one issuer: fresh for ten minutes or as long as its answer says, one flight at a
    time, one extra fetch for an unknown key id within the cooldown, the last good set on any failure
    for a day.

    The cooldown counts apart for tokens that anybody may send, or a stranger could use up the fetch
    that a sign-in needs after a rotation.
    """

    def __init__(self, http: ProviderHttp, clock: Clock, guard: ProviderGuard) -> None:
        self._http = http
        self._clock = clock
        self._guard = guard
        self._cached: CachedDocument[KeySet] = CachedDocument(clock, stale_seconds=STALE_SECONDS)
        self._forced_at: dict[Sender, float] = {}

    @property
    def age_seconds(self) -> float | None:
        """How long ago the set that can be used was asked for; None where none can."""
        return self._cached.age_seconds

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
        """Any token of the provider's. A token straight from it that fails under its key may come from
        another key of the same name, so the set is fetched once more, too. Raises JwsError,
        ProviderUnavailable, ProviderResponseInvalid."""
        unverified = jws.parse(token, max_bytes=max_bytes)
        try:
            return jws.verify_with(unverified, await self.current(jwks_uri, sender), algorithms=algorithms)
        except jws.JwsError as fault:
            if not isinstance(fault, jws.UnknownKey) and (sender, fault.reason) != _RENAMED:
                raise
            keys = await self._refetched(jwks_uri, sender)
            return jws.verify_with(unverified, keys, algorithms=algorithms)

    async def current(self, jwks_uri: str, sender: Sender) -> KeySet:
        """The keys as they are, fetched where they are old; as they were for a day where that fails.

        Raises ProviderUnavailable, ProviderResponseInvalid.
        """
        return await self._cached.get(lambda: self._fetch(jwks_uri), sender=sender)

    def forget(self) -> None:
        """Verify nothing with what was fetched until now."""
        self._cached.forget()

    async def _refetched(self, jwks_uri: str, sender: Sender) -> KeySet:
        """One forced fetch, then none for the cooldown; meanwhile the set as it is."""
        if not self._cached.under_way:
            now = self._clock.monotonic()
            forced_at = self._forced_at.get(sender)
            known = self._cached.usable
            if known is not None and forced_at is not None and now - forced_at < UNKNOWN_KID_COOLDOWN_SECONDS:
                return known
        return await self._cached.anew(lambda: self._forced(jwks_uri, sender), sender=sender)

    async def _forced(self, jwks_uri: str, sender: Sender) -> Fetched[KeySet]:
        """A fetch that failed has told nothing, so the next unknown key may ask again: from before it
        lands, or whoever comes just then would be told of a forgery."""
        self._forced_at[sender] = self._clock.monotonic()
        try:
            return await self._fetch(jwks_uri)
        except WatchwordError:
            del self._forced_at[sender]
            raise

    async def look(self, jwks_uri: str) -> None:
        """Fetch the set whatever the breaker says. Raises ProviderUnavailable, ProviderResponseInvalid."""
        await self._cached.anew(lambda: self._read(jwks_uri), sender="provider")

    async def _fetch(self, jwks_uri: str) -> Fetched[KeySet]:
        return await self._guard.run("jwks", lambda: self._read(jwks_uri))

    async def _read(self, jwks_uri: str) -> Fetched[KeySet]:
        answer = await self._http.get(jwks_uri, max_bytes=MAX_KEY_SET_BYTES)
        check_document("the key set", answer.status, answer.headers)
        try:
            keys = parse_key_set(answer.body)
        except KeySetError as error:
            raise ProviderResponseInvalid(f"the key set cannot be used: {error}") from None
        if not keys.keys:
            raise ProviderResponseInvalid(f"the key set holds no usable key ({keys.skipped} skipped)")
        fresh = fresh_seconds(answer.headers, at_least=MIN_FRESH_SECONDS, at_most=FRESH_SECONDS)
        return Fetched(keys, fresh)
