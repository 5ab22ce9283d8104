"""Sessions: opened at sign-in, carried on by rotating refresh tokens, ended for good."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from watchword.auth.account_ports import EmailLink, OpeningTerms
from watchword.auth.admission_check import AdmissionCheck
from watchword.auth.grants import BROWSER, ClientContext, Grant, SessionLimits
from watchword.auth.logout_ports import NewProviderGrant
from watchword.auth.ports import (
    Clock,
    EndReason,
    LiveSession,
    NewSession,
    ProviderIdentity,
    SessionStore,
)
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.sealing import Sealer
from watchword.auth.session_refresh import Recheck, SessionRefresh
from watchword.auth.spans import traced
from watchword.auth.token_issuer import IssuedToken, TokenIssuer
from watchword.errors import RefreshRefused, StepUpRequired
from watchword.protocol.max_age import is_recent
from watchword.protocol.rotation import Away, Current, Overlap, classify
from watchword.protocol.uuid7 import uuid7


class SessionManager:
    """Opens, carries on, looks up and ends sessions. ``away`` tells when the database was: those seconds
    are none of the overlap. ``is_ended`` knows of endings that a row may not show yet."""

    def __init__(
        self,
        *,
        store: SessionStore,
        issuer: TokenIssuer,
        sealer: Sealer,
        clock: Clock,
        limits: SessionLimits,
        tokens_live_seconds: int,
        on_ended: Callable[[UUID, datetime], None],
        recheck: Recheck,
        before_refresh: Callable[[UUID], Awaitable[None]] | None = None,
        email_link: Callable[[ProviderIdentity], EmailLink | None] = lambda _: None,
        away: Callable[[], Sequence[Away]] = tuple,
        is_ended: Callable[[UUID], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._issuer = issuer
        self._tokens = RefreshTokens(sealer)
        self._clock = clock
        self._limits = limits
        self._tokens_live = timedelta(seconds=tokens_live_seconds)
        self._on_ended = on_ended
        self._refreshing = SessionRefresh(
            store=store,
            issuer=issuer,
            tokens=self._tokens,
            clock=clock,
            limits=limits,
            end=self.end,
            recheck=recheck,
            before=before_refresh,
            away=away,
            is_ended=is_ended,
        )
        self._is_ended = is_ended
        self._away = away
        self._email_link = email_link

    @traced("watchword.session.open")
    async def open(
        self,
        identity: ProviderIdentity,
        *,
        client_id: str,
        scopes: frozenset[str],
        auth_time: datetime,
        auth_time_asserted: bool = False,
        provider_sid: str | None,
        client: ClientContext,
        replaces: UUID | None = None,
        admit: Callable[[IssuedToken], None] | None = None,
        link: bool = False,
        grant: NewProviderGrant | None = None,
        opening: Callable[[NewSession], Awaitable[LiveSession]] | None = None,
    ) -> Grant:
        """Open a session for whoever the provider says signed in.

        ``auth_time_asserted``: the provider said ``auth_time``, so that a step-up may rely on it.
        ``replaces`` is a session that ends with it; ``admit`` may refuse the access token that would
        come out, and then nothing has happened. ``link``: the identity goes to the account of the session
        it replaces. ``grant`` is kept with it. ``opening``: another store opens it, together with a
        change of its own. Raises UserDisabled, SessionLimitReached, LinkSessionEnded,
        IdentityLinkedElsewhere.
        """
        now = self._clock.now()
        self._issuer.require_key()
        session_id = uuid7(int(now.timestamp() * 1000), secrets.token_bytes(10))
        token = self._tokens.mint(session_id, 1)
        absolute_end = now + timedelta(seconds=self._limits.absolute_seconds)
        check = None if admit is None else AdmissionCheck(self._issuer, admit, now=now)
        terms = OpeningTerms(self._limits.cap, replaces, check, link, self._email_link(identity))
        new = NewSession(
            session_id=session_id,
            client_id=client_id,
            scopes=scopes,
            refresh_digest=token.digest,
            created_at=now,
            idle_ends_at=min(now + timedelta(seconds=self._limits.idle_seconds), absolute_end),
            absolute_ends_at=absolute_end,
            auth_time=auth_time,
            auth_time_asserted=auth_time_asserted,
            device=client.device,
            ip=client.ip,
            provider_sid=provider_sid,
            terms=terms,
            grant=grant,
            recheck_due_at=self._due_at(grant, now),
        )
        session = await (self._store.open(identity, new) if opening is None else opening(new))
        if replaces is not None:
            self._on_ended(replaces, now + self._tokens_live)
        shown = None if check is None else check.token_of(session)
        return Grant(session, shown or self._issuer.issue(session, now=now), now, token.text)

    def _due_at(self, grant: NewProviderGrant | None, now: datetime) -> datetime | None:
        """When the provider is asked again, where it gave something to ask with."""
        if grant is None or grant.sealed_tokens is None or self._limits.recheck_seconds == 0:
            return None
        return now + timedelta(seconds=self._limits.recheck_seconds)

    @traced("watchword.session.refresh")
    async def refresh(
        self,
        presented: str,
        *,
        client_id: str | None = None,
        scopes: frozenset[str] | None = None,
        admit: Callable[[IssuedToken], None] | None = None,
    ) -> Grant:
        """Rotate a refresh token, or say what its second use means (RFC 9700 §4.14.2).

        ``scopes`` narrows the access token only; the session keeps what was granted (RFC 6749 §6).
        ``admit`` may refuse, before anything is rotated, the access token that would come out.
        Raises RateLimited, InvalidScope for a scope that was not granted, RefreshRefused,
        RefreshReplayed after having ended the session, Contended, DatabaseUnavailable, and what asking
        the provider again raises, which is only the newest token's business.
        """
        return await self._refreshing.refresh(presented, client_id=client_id, scopes=scopes, admit=admit)

    async def holder(self, presented: str) -> LiveSession | None:
        """The live session a refresh cookie belongs to, without rotating it: the current token,
        or the previous one inside the overlap; None for everything else."""
        try:
            token = self._tokens.read(presented)
        except RefreshRefused:
            return None
        if self._is_ended(token.session_id):
            return None
        facts = await self._store.facts(token.session_id)
        now = self._clock.now()
        decision = classify(
            token,
            facts,
            now=now,
            overlap_seconds=self._limits.overlap_seconds,
            client_id=BROWSER,
            away=self._away(),
        )
        if isinstance(decision, Overlap | Current):
            return await self._store.find(token.session_id, now=now)
        return None

    def require_recent(self, session: LiveSession, *, max_age_seconds: int) -> None:
        """Raises StepUpRequired unless the provider vouches for a sign-in that recent."""
        if not is_recent(
            int(session.auth_time.timestamp()),
            asserted=session.auth_time_asserted,
            max_age_seconds=max_age_seconds,
            now_seconds=self._clock.now_seconds(),
        ):
            raise StepUpRequired(
                f"this needs a sign-in of the last {max_age_seconds} s", max_age_seconds=max_age_seconds
            )

    async def find(self, session_id: UUID) -> LiveSession | None:
        return await self._store.find(session_id, now=self._clock.now())

    @traced("watchword.session.end")
    async def end(self, session_id: UUID, *, reason: EndReason) -> bool:
        """End a session, even when the caller leaves meanwhile; its access tokens are refused here
        at once, elsewhere by the feed."""
        return await asyncio.shield(self._end(session_id, reason))

    async def _end(self, session_id: UUID, reason: EndReason) -> bool:
        now = self._clock.now()
        tokens_expire_at = now + self._tokens_live
        ended = await self._store.end(session_id, reason=reason, now=now, tokens_expire_at=tokens_expire_at)
        self._on_ended(session_id, tokens_expire_at)
        return ended

    async def owner(self, presented: str) -> tuple[UUID, str] | None:
        """The session and the client an authentic refresh token belongs to, whatever became of
        them; None for every other text."""
        try:
            token = self._tokens.read(presented)
        except RefreshRefused:
            return None
        facts = await self._store.facts(token.session_id)
        return None if facts is None else (facts.session_id, facts.client_id)
