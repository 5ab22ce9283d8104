"""From a provider's own access token to its caller: checked in memory, looked up once.

What a token can cause is bounded: nobody is asked about one that would be refused whoever signed it,
and however many come, a provider is asked for its metadata and keys once in a while. An unknown key
that cannot be fetched is an outage (503), not a forgery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from watchword.auth.caller_ports import CallerStore
from watchword.auth.fetch import Sender
from watchword.auth.flight import Flight
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.ports import Clock
from watchword.auth.verified_tokens import VerifiedTokens
from watchword.config.provider import ProviderSettings
from watchword.errors import AccountErased, ProviderResponseInvalid, ProviderUnavailable, TokenInvalid
from watchword.protocol import jws
from watchword.protocol.algorithms import ID_TOKEN_ALGORITHMS
from watchword.protocol.claims import ClaimError, read_unverified_claims, seconds_that_fit
from watchword.protocol.jwk import KeySet
from watchword.protocol.principal import Principal
from watchword.protocol.provider_access_token import (
    SHAPES,
    AccessTokenPolicy,
    check_provider_token,
    screen_provider_token,
)

_ANYBODY: Final[Sender] = "anybody"


def access_token_policy(provider: ProviderSettings, leeway_seconds: int) -> AccessTokenPolicy:
    """What a provider that ``accept_access_tokens`` says its access tokens are."""
    return AccessTokenPolicy(
        shape=SHAPES[provider.about.access_tokens or "rfc9068"],
        issuer=provider.issuer_rule,
        audiences=frozenset(provider.audience),
        role_claims=provider.effective_role_claims,
        role_map=provider.role_map,
        leeway_seconds=leeway_seconds,
        max_life_seconds=provider.max_token_seconds,
        hosted_domains=frozenset(provider.hosted_domains),
    )


class AcceptedProvider:
    """One provider whose access tokens are accepted, and those of them that were verified."""

    def __init__(self, client: OAuthClient, policy: AccessTokenPolicy) -> None:
        self.client = client
        self.policy = policy
        self.verified = VerifiedTokens()

    async def keys(self) -> KeySet:
        """Raises ProviderUnavailable."""
        try:
            metadata = await self.client.metadata(_ANYBODY)
            return await self.client.keys.current(metadata.jwks_uri, _ANYBODY)
        except ProviderResponseInvalid as error:
            raise _no_keys(self, error) from None

    async def signature(self, token: str) -> jws.VerifiedJws:
        """Raises JwsError, ProviderUnavailable."""
        try:
            metadata = await self.client.metadata(_ANYBODY)
            return await self.client.keys.verify_sent_by(
                _ANYBODY,
                token,
                jwks_uri=metadata.jwks_uri,
                algorithms=ID_TOKEN_ALGORITHMS,
                max_bytes=jws.MAX_TOKEN_BYTES,
            )
        except ProviderResponseInvalid as error:
            raise _no_keys(self, error) from None


class ProviderTokens:
    """Access tokens that configured providers issued for this API."""

    def __init__(self, accepted: Sequence[AcceptedProvider], callers: CallerStore, clock: Clock) -> None:
        self._accepted = tuple(accepted)
        self._callers = callers
        self._clock = clock
        self._flights: dict[str, Flight[Principal]] = {}

    async def remembered(self, token: str) -> Principal | None:
        """The caller behind a token that was verified before. Raises ProviderUnavailable where its key
        is too old to be believed."""
        for provider in self._accepted:
            if token in provider.verified:
                keys = await provider.keys()
                return provider.verified.find(token, now_seconds=self._clock.now_seconds(), keys=keys)
        return None

    async def verify(self, token: str) -> Principal | None:
        """The caller behind a token; None for one that no accepted provider claims to have issued.

        Raises TokenInvalid, ProviderUnavailable, DatabaseUnavailable.
        """
        provider = self._issuer_of(token)
        if provider is None:
            return None
        flight = self._flights.setdefault(token, Flight())
        return await flight.join(lambda: self._admit_for_all(provider, token))

    def _issuer_of(self, token: str) -> AcceptedProvider | None:
        """Who may be asked about a token, by what it says of itself. Nothing of that is repeated in an
        error, since anybody may have written it. Raises TokenInvalid."""
        try:
            unverified = jws.parse(token)
            said = read_unverified_claims(unverified)
        except (jws.JwsError, ClaimError):
            return None
        refusal: ClaimError | None = None
        for provider in self._accepted:
            iss = said.get("iss")
            if not isinstance(iss, str) or provider.policy.issuer.canonical(iss) is None:
                continue
            try:
                if unverified.alg not in ID_TOKEN_ALGORITHMS:
                    raise ClaimError("alg", "mismatch")
                screen_provider_token(
                    unverified.typ, said, provider.policy, now_seconds=self._clock.now_seconds()
                )
            except ClaimError as error:
                refusal = error
            else:
                return provider
        if refusal is not None:
            raise TokenInvalid(f"a provider's access token: {refusal.claim}: {refusal.reason}")
        return None

    async def _admit_for_all(self, provider: AcceptedProvider, token: str) -> Principal:
        try:
            return await self._admit(provider, token)
        finally:
            self._flights.pop(token, None)

    async def _admit(self, provider: AcceptedProvider, token: str) -> Principal:
        """An account that changed while it was looked up is not remembered."""
        try:
            verified = await provider.signature(token)
            caller = check_provider_token(verified, provider.policy, now_seconds=self._clock.now_seconds())
        except (jws.JwsError, ClaimError) as error:
            raise TokenInvalid(f"access token of {provider.client.provider_id}: {error}") from None
        keys, evictions = await provider.keys(), provider.verified.evictions
        caller = await self._known(caller)
        if evictions == provider.verified.evictions:
            provider.verified.keep(
                token,
                caller,
                key=verified.key,
                keys=keys,
                seconds=seconds_that_fit(caller.claims, leeway_seconds=provider.policy.leeway_seconds),
            )
        return caller

    async def _known(self, caller: Principal) -> Principal:
        """With the account and the stored roles of a person we know. Nothing is written."""
        try:
            account = await self._callers.find(caller.issuer, caller.subject)
        except AccountErased as error:
            raise TokenInvalid(error.detail) from None
        if account is None:
            return caller
        if not account.active:
            raise TokenInvalid(f"account {account.user_id} is disabled")
        return replace(caller, user_id=str(account.user_id), roles=account.roles)


def _no_keys(provider: AcceptedProvider, error: ProviderResponseInvalid) -> ProviderUnavailable:
    return ProviderUnavailable(f"the keys of {provider.client.provider_id} cannot be had: {error.detail}")
