"""Our side of one provider: where to send people, and what their code is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from watchword.auth.attempt import Attempt, registration_digest
from watchword.auth.client_assertion import ClientCredentials
from watchword.auth.client_proof import ClientProofs, client_proofs
from watchword.auth.deadline import OPERATION_SECONDS, operation, time_left_seconds
from watchword.auth.fetch import Sender
from watchword.auth.github_user import GitHubUser
from watchword.auth.id_token_check import IdTokenCheck
from watchword.auth.identity_reader import IdentityReader
from watchword.auth.ports import Clock, ProviderHttp, ProviderIdentity
from watchword.auth.provider_guard import BeforeSending, ProviderGuard
from watchword.auth.provider_health import ProviderHealth
from watchword.auth.provider_keys import ProviderKeys
from watchword.auth.provider_metadata import MetadataSource
from watchword.auth.provider_refresh import ProviderRefresh
from watchword.auth.provider_watch import ProviderLookout
from watchword.auth.recheck_ports import Refreshed
from watchword.auth.token_endpoint import TokenEndpoint
from watchword.auth.userinfo import Userinfo
from watchword.config.provider import ProviderSettings
from watchword.errors import IdTokenRejected, ProviderUnavailable
from watchword.protocol.authorization import authorization_request, authorization_url
from watchword.protocol.client_auth import AuthenticatedForm, ClientAuthentication, authenticated_form
from watchword.protocol.discovery import ProviderMetadata
from watchword.protocol.github import github_metadata
from watchword.protocol.id_token import IdToken
from watchword.protocol.pkce import challenge_s256
from watchword.protocol.provider_answer import MAX_ANSWER_BYTES
from watchword.protocol.pushed_authorization import check_pushed_response, pushed_request_endpoint
from watchword.protocol.token_exchange import TokenResponse, check_token_response, code_grant

LEAST_SECONDS: Final = OPERATION_SECONDS / 2
"""With less left of a callback its code is not sent: the callback can be repeated, the code cannot."""


@dataclass(frozen=True, slots=True)
class VerifiedSignIn:
    """A sign-in whose every part was checked. ``auth_time`` is now where the provider said none, and
    then it is not ``auth_time_asserted``."""

    identity: ProviderIdentity
    auth_time: datetime
    auth_time_asserted: bool
    provider_sid: str | None
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


class OAuthClient:
    """The relying party of one provider (OpenID Connect Core 1.0 §3.1). With ``rechecks`` sign-ins ask
    for a refresh token, so that the provider can be asked again later; ``proofs`` are our credentials where
    they may be replaced while we run."""

    def __init__(
        self,
        provider_id: str,
        settings: ProviderSettings,
        *,
        http: ProviderHttp,
        clock: Clock,
        redirect_uri: str,
        leeway_seconds: int,
        allow_loopback_http: bool,
        rechecks: bool = False,
        proofs: ClientProofs | None = None,
    ) -> None:
        self.provider_id = provider_id
        self.display_name = settings.button_text(provider_id)
        self.issuer = settings.issuer
        self.issuer_rule = settings.issuer_rule
        self.client_id = settings.client_id
        self.logout_style = settings.effective_logout
        self.asserts_auth_time = settings.asserts_auth_time
        self.knows_people_by_sub = settings.about.subject_claim == "sub"
        self.redirect_uri = redirect_uri
        self.registration = registration_digest(
            issuer=self.issuer, client_id=self.client_id, redirect_uri=redirect_uri
        )
        self._settings = settings
        self._http = http
        self._clock = clock
        self._rechecks = rechecks
        self._identities = IdentityReader(provider_id, settings)
        self.guard = ProviderGuard(provider_id, clock)
        self.keys = ProviderKeys(http, clock, self.guard)
        self._metadata = MetadataSource(
            http,
            clock,
            self.guard,
            issuer=self.issuer_rule,
            allow_loopback_http=allow_loopback_http,
            url=settings.metadata_url,
            published=github_metadata(self.issuer) if settings.preset == "github" else None,
            signs=settings.about.id_token,
        )
        self.lookout = ProviderLookout(self.guard, http, self._metadata, self.keys)
        self._github = GitHubUser(http, clock, self.guard, issuer=self.issuer, asked=settings.userinfo)
        self._tokens = TokenEndpoint(http, clock, self.guard)
        self._userinfo = Userinfo(
            http,
            self.guard,
            provider_id=provider_id,
            asked=settings.userinfo,
            role_names=self._identities.role_names,
        )
        self._credentials = ClientCredentials(
            settings, clock, proofs or client_proofs(provider_id, settings, clock)
        )
        self._id_tokens = IdTokenCheck(self.keys, settings, clock, leeway_seconds=leeway_seconds)
        self._refresh = ProviderRefresh(
            provider_id,
            settings,
            clock,
            self.metadata,
            credentials=self._credentials,
            tokens=self._tokens,
            id_tokens=self._id_tokens,
            userinfo=self._userinfo,
            github=self._github,
            identities=self._identities,
        )

    async def metadata(self, sender: Sender = "provider") -> ProviderMetadata:
        """Raises ProviderUnavailable, ProviderResponseInvalid."""
        return await self._metadata.get(sender)

    def require_answering(self) -> None:
        """Raises ProviderCircuitOpen where it is known that a sign-in could not be finished now."""
        self.guard.require("token")
        if self._settings.about.id_token and self.keys.age_seconds is None:
            self.guard.require("jwks")

    def forget_metadata(self) -> None:
        """Send nobody anywhere by what was fetched until now."""
        self._metadata.forget()

    def health(self) -> ProviderHealth:
        """How the provider does, as seen from this process."""
        return ProviderHealth(
            provider_id=self.provider_id,
            display_name=self.display_name,
            state=self.guard.state,
            endpoints=self.guard.health(),
            calls=self.guard.calls,
            transitions=self.guard.transitions,
            metadata_age_seconds=self._metadata.age_seconds,
            keys_age_seconds=self.keys.age_seconds,
            clock_skew_seconds=self._tokens.clock_skew_seconds,
        )

    async def authorization_url(
        self, attempt: Attempt, *, prompt: str | None = None, login_hint: str | None = None
    ) -> str:
        """Where to send the browser (OpenID Connect Core §3.1.2.1, RFC 7636 §4.3), the request sent
        ahead where settings or provider want that (RFC 9126). Nobody is sent away while no code could be
        redeemed. Raises ProviderUnavailable, ProviderResponseInvalid."""
        with operation():
            return await self._authorization_url(attempt, prompt, login_hint)

    async def _authorization_url(self, attempt: Attempt, prompt: str | None, login_hint: str | None) -> str:
        self.require_answering()
        metadata = await self.metadata()
        self._credentials.check(metadata)
        asked = authorization_request(
            client_id=self.client_id,
            redirect_uri=self.redirect_uri,
            scopes=self._scopes(metadata),
            state=attempt.state,
            nonce=attempt.nonce if self._settings.about.id_token else None,
            code_challenge=challenge_s256(attempt.verifier),
            extra=self._authorize_params(),
            max_age=attempt.max_age_seconds,
            prompt=prompt,
            login_hint=login_hint,
        )
        endpoint = pushed_request_endpoint(metadata, self._settings.par)
        sent = asked if endpoint is None else await self._push(metadata, endpoint, asked)
        return authorization_url(metadata.authorization_endpoint, sent)

    def _scopes(self, metadata: ProviderMetadata) -> tuple[str, ...]:
        scopes, offline = self._settings.effective_scopes, self._settings.offline_scope
        listed = offline is not None and offline in (metadata.scopes_supported or ())
        return (*scopes, offline) if offline and listed and self._rechecks else scopes

    def _authorize_params(self) -> Mapping[str, str]:
        given = self._settings.effective_authorize_params
        return {**given, **self._settings.offline_params} if self._rechecks else given

    async def _push(
        self, metadata: ProviderMetadata, endpoint: str, asked: Mapping[str, str]
    ) -> dict[str, str]:
        """Send the request ahead, once; the browser carries what it is called there (RFC 9126 §2, §4)."""

        async def send(client: ClientAuthentication) -> str:
            request = authenticated_form(endpoint, client=client, fields=asked)
            return await self.guard.run("par", lambda: self._pushed(request))

        request_uri = await self._credentials.prove(metadata, send)
        return {"client_id": self.client_id, "request_uri": request_uri}

    async def _pushed(self, request: AuthenticatedForm) -> str:
        answer = await self._http.post_form(
            request.url, request.form, max_bytes=MAX_ANSWER_BYTES, authorization=request.authorization
        )
        return check_pushed_response(answer.status, answer.headers, answer.body)

    async def require_all(self) -> None:
        """Have at hand what checking an answer takes before a code is spent on it. Raises
        ProviderUnavailable, ProviderResponseInvalid."""
        metadata = await self.metadata()
        self.require_answering()
        if self._settings.about.id_token and self.keys.age_seconds is None:
            await self.keys.current(metadata.jwks_uri, "provider")
        left_seconds = time_left_seconds()
        if left_seconds is not None and left_seconds < LEAST_SECONDS:
            raise ProviderUnavailable("too little time was left to send the code", retry_after_seconds=1)

    async def redeem(
        self, attempt: Attempt, code: str, *, before: BeforeSending | None = None
    ) -> VerifiedSignIn:
        """Exchange the code, once, and check all that comes back; ``before`` is done where the code is
        then sent.

        Raises what ``before`` does, CodeRefused, IdTokenRejected, SignInNotRecent, UserinfoRejected,
        ProviderUnavailable, ProviderResponseInvalid.
        """
        metadata = await self.metadata()
        tokens, skew_seconds = await self._exchange(metadata, attempt, code, before)
        if not self._settings.about.id_token:
            return self._verified(await self._github.of(tokens.access_token, metadata), {}, tokens)
        if tokens.id_token is None:
            raise IdTokenRejected("the token response holds no ID token")
        person = await self._id_tokens.of_sign_in(
            tokens.id_token,
            metadata,
            attempt,
            access_token=tokens.access_token,
            skew_seconds=skew_seconds,
        )
        userinfo = await self._userinfo.of(person, tokens.access_token, metadata)
        return self._verified(person, userinfo, tokens)

    async def refresh(self, refresh_token: str, *, issuer: str, subject: str) -> Refreshed:
        """Whether the provider still stands by somebody who signed in here: ask once, in five seconds
        altogether; every outcome is returned, none raised."""
        return await self._refresh.ask(refresh_token, issuer=issuer, subject=subject)

    async def _exchange(
        self, metadata: ProviderMetadata, attempt: Attempt, code: str, before: BeforeSending | None
    ) -> tuple[TokenResponse, int | None]:
        """The tokens, and by how much the provider's clock was ahead of ours, where it said. ``before`` is
        done once, however many of our credentials are tried."""
        required = self._settings.about.id_token
        check = partial(check_token_response, id_token_required=required)
        claims = iter([before])

        async def send(client: ClientAuthentication) -> tuple[TokenResponse, int | None]:
            request = code_grant(
                metadata.token_endpoint,
                client=client,
                code=code,
                redirect_uri=self.redirect_uri,
                code_verifier=attempt.verifier,
            )
            return await self._tokens.ask(request, check, before=next(claims, None))

        return await self._credentials.prove(metadata, send)

    def _verified(
        self, person: IdToken, userinfo: Mapping[str, Any] | None, tokens: TokenResponse
    ) -> VerifiedSignIn:
        now = self._clock.now()
        auth_time = now if person.auth_time is None else datetime.fromtimestamp(person.auth_time, UTC)
        return VerifiedSignIn(
            identity=self._identities.read(person, userinfo),
            auth_time=min(auth_time, now),
            auth_time_asserted=person.auth_time is not None,
            provider_sid=person.sid,
            id_token=tokens.id_token,
            refresh_token=tokens.refresh_token,
        )
