"""Who is calling: one answer for a request, from memory wherever the feed is fresh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from watchword.auth.ports import Clock, LiveSession, SessionStore
from watchword.auth.provider_tokens import ProviderTokens
from watchword.auth.revocation import FRESH_SECONDS, RevocationFeed
from watchword.auth.spans import traced
from watchword.auth.terms import TermsKeeper
from watchword.auth.token_validator import TokenValidator
from watchword.errors import (
    CrossSiteRequest,
    DatabaseUnavailable,
    SessionEnded,
    TokenInvalid,
    TokenSuperseded,
    WatchwordError,
)
from watchword.protocol.bearer import read_authorization
from watchword.protocol.cookies import CookieNames, read_cookies
from watchword.protocol.origin import SAFE_METHODS, is_same_origin
from watchword.protocol.principal import Anonymous, Identity, Principal, Rejected


class Request(Protocol):
    """What identification may look at."""

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]: ...

    @property
    def method(self) -> str: ...

    @property
    def websocket(self) -> bool: ...


class Gatekeeper:
    """Identifies callers by bearer token or access cookie and re-reads sessions on demand."""

    def __init__(
        self,
        *,
        validator: TokenValidator,
        provider_tokens: ProviderTokens | None = None,
        feed: RevocationFeed,
        sessions: SessionStore,
        clock: Clock,
        cookie_names: CookieNames,
        base_url_origin: str,
        stale_seconds: int,
        terms: TermsKeeper | None = None,
    ) -> None:
        self._validator = validator
        self._provider_tokens = provider_tokens
        self._feed = feed
        self._sessions = sessions
        self._clock = clock
        self._cookie_names = cookie_names
        self._origin = base_url_origin
        self._stale_seconds = stale_seconds
        self._terms = terms

    def now_seconds(self) -> int:
        return self._clock.now_seconds()

    async def identify(self, request: Request) -> Identity:
        """The caller, nobody, or why the presented credential is refused.

        A bearer token that fails is never replaced by a cookie.
        """
        authorization, cookies = [], []
        for name, value in request.headers:
            if name == b"authorization":
                authorization.append(value)
            elif name == b"cookie":
                cookies.append(value)
        try:
            token, foreign = read_authorization(authorization), self._provider_tokens
            if token is None:
                token, foreign = self._cookie_token(request, cookies), None
            if token is None:
                return Anonymous()
            caller = self._validator.remembered(token) or await self._verified(token, foreign)
            if self._feed.age_seconds > FRESH_SECONDS:
                await self._catch_up()
                caller = self._validator.remembered(token) or await self._verified(token, foreign)
            if self._feed.is_revoked(caller):
                raise self._ended(caller)
            terms = self._terms
            return caller if terms is None or terms.remembers(caller) else await terms.admit(caller)
        except WatchwordError as error:
            return Rejected(error)

    def former(self, authorization: Sequence[bytes], *, expired_seconds: int) -> Principal | None:
        """Whose a bearer token was that may have expired meanwhile; None for every other text."""
        try:
            token = read_authorization(authorization)
            return None if token is None else self._validator.validate(token, expired_seconds=expired_seconds)
        except WatchwordError:
            return None

    @traced("watchword.session.confirm")
    async def confirm(self, caller: Principal) -> Principal:
        """The caller with roles, e-mail and name as the database has them now.

        Raises SessionEnded, DatabaseUnavailable.
        """
        session = await self._live(caller)
        return replace(caller, roles=session.roles, email=session.email, name=session.name)

    def _cookie_token(self, request: Request, cookie_headers: Sequence[bytes]) -> str | None:
        if not cookie_headers:
            return None
        token = read_cookies(cookie_headers).get(self._cookie_names.access)
        if token is None:
            return None
        if (request.websocket or request.method not in SAFE_METHODS) and not self._same_origin(request):
            raise CrossSiteRequest("an access cookie came with an unsafe request that is not same-origin")
        return token

    def _same_origin(self, request: Request) -> bool:
        return is_same_origin(
            base_url_origin=self._origin,
            sec_fetch_site=_values(request, b"sec-fetch-site"),
            origin=_values(request, b"origin"),
        )

    def _ended(self, caller: Principal) -> WatchwordError:
        whose = caller.session_id or caller.client_id
        if self._feed.is_superseded(caller):
            return TokenSuperseded(f"the roles of {whose} changed since the token was issued")
        return SessionEnded(f"the token of {whose} was ended")

    async def _verified(self, token: str, foreign: ProviderTokens | None) -> Principal:
        """Our own issuer first; a cookie holds no token of anybody else's."""
        known = None if foreign is None else await foreign.remembered(token)
        if known is not None:
            return known
        try:
            return self._validator.verify(token)
        except TokenInvalid as refused:
            caller = None if foreign is None else await foreign.verify(token)
            return caller or await self._validator.verify_again(token, refused)

    @traced("watchword.revocations.catch_up")
    async def _catch_up(self) -> None:
        """The view is too old to be trusted alone; a database that is away is waited for a while.
        What is read may take away the key that verified the token."""
        try:
            await self._feed.catch_up()
        except DatabaseUnavailable:
            if self._feed.age_seconds > self._stale_seconds:
                raise

    async def _live(self, caller: Principal) -> LiveSession:
        if caller.session_id is None:
            raise TokenInvalid("the caller has no session")
        try:
            session_id = UUID(caller.session_id)
        except ValueError:
            raise TokenInvalid("the token names no session of ours") from None
        session = await self._sessions.find(session_id, now=self._clock.now())
        if session is None:
            raise SessionEnded(f"session {caller.session_id} is not live")
        if str(session.user_id) != caller.user_id:
            raise TokenInvalid(f"session {caller.session_id} is not one of {caller.user_id}")
        return session


def _values(request: Request, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in request.headers if name == wanted]
