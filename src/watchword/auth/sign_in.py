"""Sign-in from the button to the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from watchword.auth.attempt import Attempt
from watchword.auth.attempts import AttemptCookie, Attempts
from watchword.auth.authorization_codes import AuthorizationCodes
from watchword.auth.client_requests import open_client_request, seal_client_request
from watchword.auth.deadline import operation
from watchword.auth.grant_keeper import GrantKeeper
from watchword.auth.grants import BROWSER, ClientContext, Grant
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.ports import Clock, SingleUseStore
from watchword.auth.sealing import Sealer
from watchword.auth.session_manager import SessionManager
from watchword.auth.spans import PROVIDER, note, traced
from watchword.auth.token_issuer import IssuedToken
from watchword.errors import LinkSessionEnded, StepUpUnsupported, UnknownProvider
from watchword.protocol.authorization import check_authorization_response
from watchword.protocol.client_request import ClientRequest
from watchword.protocol.issuer_rule import IssuerRule


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the attempt it must bring back."""

    location: str
    handle: str
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session of the browser itself."""

    grant: Grant
    return_to: str


@dataclass(frozen=True, slots=True)
class CodeGiven:
    """A code for the client that asked; its session opens when the client redeems it."""

    request: ClientRequest
    code: str = field(repr=False)


class SignIn:
    """The authorization code flow with PKCE at any of the configured providers."""

    def __init__(
        self,
        clients: Mapping[str, OAuthClient],
        *,
        sessions: SessionManager,
        codes: AuthorizationCodes,
        single_use: SingleUseStore,
        sealer: Sealer,
        clock: Clock,
        keeper: GrantKeeper,
    ) -> None:
        self.clients = clients
        self._sessions = sessions
        self._codes = codes
        self.attempts = Attempts(single_use=single_use, sealer=sealer, clock=clock)
        self._sealer = sealer
        self._clock = clock
        self._keeper = keeper

    def client(self, provider_id: str) -> OAuthClient:
        """Raises UnknownProvider."""
        client = self.clients.get(provider_id)
        if client is None:
            raise UnknownProvider("no provider is configured under the id in the address")
        note(PROVIDER, provider_id)
        return client

    def offered(self, max_age_seconds: int | None) -> dict[str, OAuthClient]:
        """The providers to choose from: all, or those that can vouch for a recent sign-in. Raises
        StepUpUnsupported when there are providers, but none that can."""
        able = {
            provider_id: client
            for provider_id, client in self.clients.items()
            if max_age_seconds is None or client.asserts_auth_time
        }
        if self.clients and not able:
            raise StepUpUnsupported("no provider of this service says when people signed in")
        return able

    @traced("watchword.sign_in.begin")
    async def begin(self, provider_id: str, *, return_to: str, max_age_seconds: int | None = None) -> Begun:
        """Start an attempt, with ``max_age_seconds`` for a sign-in that is recent (RFC 9470 §4).

        Raises UnknownProvider, StepUpUnsupported, ProviderUnavailable, ProviderResponseInvalid,
        InvalidRequest.
        """
        client = self._able(provider_id, max_age_seconds)
        attempt = self.attempts.start(client, return_to=return_to, max_age_seconds=max_age_seconds)
        return self._begun(attempt, await client.authorization_url(attempt))

    @traced("watchword.sign_in.begin")
    async def begin_link(self, provider_id: str, *, session_id: UUID, return_to: str) -> Begun:
        """Start an attempt whose identity goes to the account of a live session. Raises what ``begin``
        does."""
        client = self.client(provider_id)
        attempt = self.attempts.start(client, return_to=return_to, link_session_id=str(session_id))
        return self._begun(attempt, await client.authorization_url(attempt))

    @traced("watchword.sign_in.begin")
    async def begin_for(self, request: ClientRequest, provider_id: str) -> Begun:
        """Start an attempt for a first-party client; ``prompt``, ``max_age`` and ``login_hint`` are
        passed on. Raises what ``begin`` does."""
        client = self._able(provider_id, request.max_age_seconds)
        attempt = self.attempts.start(
            client,
            return_to="/",
            max_age_seconds=request.max_age_seconds,
            client_request=replace(request, prompt=None, login_hint=None),
        )
        location = await client.authorization_url(
            attempt, prompt=request.prompt, login_hint=request.login_hint
        )
        return self._begun(attempt, location)

    def seal(self, request: ClientRequest) -> str:
        """A client's request as our pages carry it."""
        return seal_client_request(request, self._sealer, now_seconds=self._now_seconds())

    def unseal(self, text: str) -> ClientRequest:
        """Raises AttemptMissing, AttemptExpired."""
        return open_client_request(text, self._sealer, now_seconds=self._now_seconds())

    def _able(self, provider_id: str, max_age_seconds: int | None) -> OAuthClient:
        client = self.client(provider_id)
        if max_age_seconds is not None and not client.asserts_auth_time:
            raise StepUpUnsupported(f"provider {provider_id!r} does not say when people signed in")
        return client

    def _begun(self, attempt: Attempt, location: str) -> Begun:
        return Begun(location, attempt.handle, self.attempts.cookie(attempt))

    @traced("watchword.sign_in.complete")
    async def complete(
        self,
        provider_id: str,
        params: Sequence[tuple[str, str]],
        *,
        attempt_cookie: AttemptCookie,
        client_context: ClientContext,
        former: str | None = None,
        admit: Callable[[IssuedToken], None] | None = None,
    ) -> SignedIn | CodeGiven:
        """Finish an attempt: everything is checked, the attempt is used up, then the code is sent.

        ``attempt_cookie`` gives the cookie of a handle, ``former`` is the browser's refresh token, whose
        session the new one replaces, and ``admit`` may refuse the access token. An attempt to link is
        finished in the browser of its session only, while that is live. Raises SignInRefused and its
        subclasses, UnknownProvider, ProviderUnavailable, ProviderResponseInvalid, DatabaseUnavailable.
        """
        client, held = self.client(provider_id), None
        attempt = self.attempts.find_at(client, params, attempt_cookie)
        code = _code(params, attempt, client.issuer_rule, iss_required=False)

        async def use_up() -> None:
            nonlocal held
            await self.attempts.use_up(attempt)
            held = await self._held(former, attempt.link_session_id)

        with operation():
            if (await client.metadata()).iss_parameter_supported:
                _code(params, attempt, client.issuer_rule, iss_required=True)
            await client.require_all()
            verified = await client.redeem(attempt, code, before=use_up)
        if attempt.client_request is not None:
            return CodeGiven(attempt.client_request, await self._codes.give(attempt.client_request, verified))
        grant = await self._sessions.open(
            verified.identity,
            client_id=BROWSER,
            scopes=frozenset(),
            auth_time=verified.auth_time,
            auth_time_asserted=verified.auth_time_asserted,
            provider_sid=verified.provider_sid,
            client=client_context,
            replaces=held,
            admit=admit,
            grant=self._keeper.keep(client, id_token=verified.id_token, refresh_token=verified.refresh_token),
            link=attempt.link_session_id is not None,
        )
        return SignedIn(grant, attempt.return_to)

    async def _held(self, former: str | None, required: str | None) -> UUID | None:
        """The live session of the browser. Raises LinkSessionEnded when another one is required."""
        holder = None if former is None else await self._sessions.holder(former)
        held = None if holder is None else holder.session_id
        if required is not None and held != UUID(required):
            raise LinkSessionEnded(f"linking began in session {required}, the browser has {held or 'none'}")
        return held

    def _now_seconds(self) -> int:
        return self._clock.now_seconds()


def _code(
    params: Sequence[tuple[str, str]], attempt: Attempt, issuer: IssuerRule, *, iss_required: bool
) -> str:
    return check_authorization_response(params, state=attempt.state, issuer=issuer, iss_required=iss_required)
