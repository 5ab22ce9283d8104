"""A provider's refresh grant: does it still stand by somebody who signed in there?"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final

from watchword.auth.client_assertion import ClientCredentials
from watchword.auth.deadline import operation
from watchword.auth.github_user import GitHubUser
from watchword.auth.id_token_check import IdTokenCheck
from watchword.auth.identity_reader import IdentityReader
from watchword.auth.logs import tell
from watchword.auth.ports import Clock, ProviderIdentity
from watchword.auth.recheck_ports import Confirmed, Refreshed, Unanswered, Withdrawn
from watchword.auth.token_endpoint import TokenEndpoint
from watchword.auth.userinfo import Userinfo
from watchword.config.provider import ProviderSettings
from watchword.errors import (
    CodeRefused,
    IdTokenRejected,
    ProviderUnavailable,
    UserinfoOfAnother,
    WatchwordError,
)
from watchword.protocol.claims import ClaimError
from watchword.protocol.client_auth import ClientAuthentication
from watchword.protocol.discovery import ProviderMetadata
from watchword.protocol.id_token import IdToken
from watchword.protocol.jws import JwsError
from watchword.protocol.refreshed_identity import withdrawal
from watchword.protocol.token_exchange import TokenResponse, check_refresh_response, refresh_grant

TELL_AGAIN_SECONDS: Final = 60.0
"""After a fault was told, others of its kind are not: every session that is due meets it."""


class _NoLonger(Exception):
    """The answer is not about the person, or not the provider's."""

    def __init__(self, withdrawn: Withdrawn) -> None:
        super().__init__(withdrawn.cause)
        self.withdrawn = withdrawn


class ProviderRefresh:
    """Asks one provider again, once and never twice with the same token (RFC 6749 §6), and checks what
    comes back as strictly as at the sign-in (OpenID Connect Core §12.2)."""

    def __init__(
        self,
        provider_id: str,
        settings: ProviderSettings,
        clock: Clock,
        metadata: Callable[[], Coroutine[Any, Any, ProviderMetadata]],
        *,
        credentials: ClientCredentials,
        tokens: TokenEndpoint,
        id_tokens: IdTokenCheck,
        userinfo: Userinfo,
        github: GitHubUser,
        identities: IdentityReader,
    ) -> None:
        self._provider_id = provider_id
        self._settings = settings
        self._clock = clock
        self._told_at: dict[str, float] = {}
        self._metadata = metadata
        self._credentials = credentials
        self._tokens = tokens
        self._id_tokens = id_tokens
        self._userinfo = userinfo
        self._github = github
        self._identities = identities

    async def ask(self, refresh_token: str, *, issuer: str, subject: str) -> Refreshed:
        """What became of the grant of (``issuer``, ``subject``), in five seconds altogether."""
        with operation():
            try:
                metadata = await self._metadata()
                tokens = await self._exchange(refresh_token, metadata)
            except CodeRefused as error:
                return Withdrawn("invalid_grant", error.detail)
            except WatchwordError as error:
                return self._unanswered(error, None)
            try:
                identity = await self._person(tokens, metadata, issuer, subject)
            except _NoLonger as no_longer:
                return no_longer.withdrawn
            except UserinfoOfAnother as error:
                return Withdrawn("wrong_identity", error.detail)
            except WatchwordError as error:
                return self._unanswered(error, tokens.refresh_token)
        return Confirmed(identity, tokens.refresh_token, tokens.id_token)

    def _unanswered(self, error: WatchwordError, refresh_token: str | None) -> Unanswered:
        """An outage has a log line of its own; everything else waits for an operator."""
        now, told_at = self._clock.monotonic(), self._told_at.get(error.code)
        told = told_at is not None and now - told_at < TELL_AGAIN_SECONDS
        if not told and not isinstance(error, ProviderUnavailable):
            self._told_at[error.code] = now
            message, provider = "%s could not be asked again about somebody: %s", self._provider_id
            tell("recheck_unanswered", message, provider, error=error, provider=provider)
        return Unanswered(error, refresh_token)

    async def _exchange(self, refresh_token: str, metadata: ProviderMetadata) -> TokenResponse:
        async def send(client: ClientAuthentication) -> TokenResponse:
            request = refresh_grant(metadata.token_endpoint, client=client, refresh_token=refresh_token)
            tokens, _ = await self._tokens.ask(request, check_refresh_response)
            return tokens

        return await self._credentials.prove(metadata, send)

    async def _person(
        self, tokens: TokenResponse, metadata: ProviderMetadata, issuer: str, subject: str
    ) -> ProviderIdentity:
        """Raises _NoLonger, UserinfoOfAnother, IdTokenRejected, ProviderUnavailable,
        ProviderResponseInvalid."""
        if not self._settings.about.id_token:
            found = await self._github.of(tokens.access_token, metadata)
        elif tokens.id_token is not None:
            found = await self._by_id_token(tokens.id_token, metadata, tokens.access_token)
        else:
            return await self._by_access_token(tokens.access_token, metadata, issuer, subject)
        if (found.issuer, self._identities.subject(found)) != (issuer, subject):
            raise _NoLonger(Withdrawn("wrong_identity", "the answer is about another issuer or subject"))
        if not self._settings.about.id_token:
            return self._identities.read(found, {})
        userinfo = await self._userinfo.of(found, tokens.access_token, metadata)
        return self._identities.read(found, userinfo)

    async def _by_id_token(self, id_token: str, metadata: ProviderMetadata, access_token: str) -> IdToken:
        try:
            return await self._id_tokens.of_refresh(id_token, metadata, access_token=access_token)
        except (JwsError, ClaimError) as fault:
            said = f"refreshed ID token: {fault}"
            cause = withdrawal(fault, subject_claim=self._settings.about.subject_claim)
            if cause is None:
                raise IdTokenRejected(said) from None
            raise _NoLonger(Withdrawn(cause, said)) from None

    async def _by_access_token(
        self, access_token: str, metadata: ProviderMetadata, issuer: str, subject: str
    ) -> ProviderIdentity:
        """Without an ID token the provider stands by the person it gave the refresh token for; userinfo
        says more of them, where people are known by ``sub``. Roles that it does not say are unknown."""
        if self._settings.hosted_domains or self._settings.issuer_rule.tenants:
            raise IdTokenRejected(
                "no ID token came with the refresh, and HOSTED_DOMAINS and ALLOWED_TENANTS are checked in one"
            )
        about = self._settings.about
        person = _known(issuer, subject, about.subject_claim)
        userinfo = None
        if about.subject_claim == "sub":
            userinfo = await self._userinfo.of(person, access_token, metadata)
        identity = self._identities.read(person, userinfo)
        if self._identities.role_names <= (userinfo or {}).keys():
            return identity
        return replace(identity, roles=None)


def _known(issuer: str, subject: str, subject_claim: str) -> IdToken:
    """What an ID token would say at least."""
    return IdToken(
        issuer=issuer,
        subject=subject,
        claims={subject_claim: subject},
        issued_at=0,
        expires_at=0,
        auth_time=None,
        sid=None,
    )
