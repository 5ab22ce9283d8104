"""A refresh: rotate the token, or find out what its presentation means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from watchword.auth.grants import Grant, SessionLimits
from watchword.auth.ports import Clock, EndReason, LiveSession, Rotation, SessionStore
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.token_issuer import IssuedToken, TokenIssuer
from watchword.errors import Contended, InvalidScope, RefreshRefused, RefreshReplayed, TooManyRoles
from watchword.errors import RecheckUnderWay as UnderWay
from watchword.protocol.refresh_token import MAX_GENERATION, RefreshToken
from watchword.protocol.rotation import (
    Away,
    Contend,
    Decision,
    Overlap,
    RecheckDue,
    RecheckUnderWay,
    Reject,
    Replay,
    SessionFacts,
    classify,
)

_ROTATION_TRIES = 4

Admit = Callable[[IssuedToken], None]
Recheck = Callable[[UUID, RecheckDue], Awaitable[None]]
"""Asks the provider of a session that is due; raises what refuses the refresh."""


class EndSession(Protocol):
    async def __call__(self, session_id: UUID, *, reason: EndReason) -> bool: ...


class SessionRefresh:
    """See ``SessionManager.refresh``."""

    def __init__(
        self,
        *,
        store: SessionStore,
        issuer: TokenIssuer,
        tokens: RefreshTokens,
        clock: Clock,
        limits: SessionLimits,
        end: EndSession,
        recheck: Recheck,
        before: Callable[[UUID], Awaitable[None]] | None,
        away: Callable[[], Sequence[Away]],
        is_ended: Callable[[UUID], bool],
    ) -> None:
        self._store = store
        self._issuer = issuer
        self._tokens = tokens
        self._clock = clock
        self._limits = limits
        self._end = end
        self._recheck = recheck
        self._before = before
        self._away = away
        self._is_ended = is_ended

    async def refresh(
        self, presented: str, *, client_id: str | None, scopes: frozenset[str] | None, admit: Admit | None
    ) -> Grant:
        token = self._tokens.read(presented)
        if self._is_ended(token.session_id):
            raise RefreshRefused(f"session {token.session_id} ended with all that were open")
        self._issuer.require_key()
        if self._before is not None:
            await self._before(token.session_id)
        if token.generation >= MAX_GENERATION:
            raise RefreshRefused("the session has no generation left")
        asked = await self._prepare(token, client_id, scopes, admit)
        for _ in range(_ROTATION_TRIES):
            now = self._clock.now()
            successor = self._tokens.mint(token.session_id, token.generation + 1)
            session = await self._store.rotate(self._rotation(token, successor, client_id, now))
            if session is not None:
                return self._grant(session, successor, scopes, now)
            decision = await self._decide(token, client_id, scopes)
            if isinstance(decision, Grant):
                return decision
            if decision is not None:
                await self._ask(token, decision, again=asked)
                asked = True
                await self._rehearse(token, client_id, scopes, admit)
        raise Contended(f"session {token.session_id} lost {_ROTATION_TRIES} races in a row")

    async def _prepare(
        self, token: RefreshToken, client_id: str | None, scopes: frozenset[str] | None, admit: Admit | None
    ) -> bool:
        """Rehearse. Roles that are too many are no last word where the provider is due to say them
        again; whether it was asked."""
        try:
            await self._rehearse(token, client_id, scopes, admit)
        except TooManyRoles:
            decision = self._means(token, await self._store.facts(token.session_id), client_id)
            if not isinstance(decision, RecheckDue):
                raise
            await self._recheck(token.session_id, decision)
            await self._rehearse(token, client_id, scopes, admit)
            return True
        return False

    async def _rehearse(
        self,
        token: RefreshToken,
        client_id: str | None,
        scopes: frozenset[str] | None,
        admit: Admit | None,
    ) -> None:
        """Refuse what would come out before anything is used up."""
        if admit is None and scopes is None:
            return
        now = self._clock.now()
        session = await self._store.find(token.session_id, now=now)
        if session is None or client_id not in (None, session.client_id):
            return
        if token.generation != session.generation:
            return
        if scopes is not None and not scopes <= session.scopes:
            raise InvalidScope("the refresh asks for a scope that the session was not granted")
        if admit is not None:
            rotated = replace(session, generation=session.generation + 1)
            admit(self._issuer.issue(rotated, now=now))

    async def _decide(
        self, token: RefreshToken, client_id: str | None, scopes: frozenset[str] | None
    ) -> Grant | RecheckDue | None:
        """None where the rotation is to be tried again."""
        match self._means(token, await self._store.facts(token.session_id), client_id):
            case Overlap(sealed_successor):
                return await self._answer_again(token, sealed_successor, scopes)
            case Replay(reason):
                await self._end(token.session_id, reason="replay")
                raise RefreshReplayed(reason)
            case Reject(reason):
                raise RefreshRefused(reason)
            case RecheckUnderWay():
                raise UnderWay(f"somebody else is asking the provider of session {token.session_id}")
            case RecheckDue() as due:
                return due
            case Contend():
                return None

    def _means(self, token: RefreshToken, facts: SessionFacts | None, client_id: str | None) -> Decision:
        now, overlap_seconds = self._clock.now(), self._limits.overlap_seconds
        return classify(
            token, facts, now=now, overlap_seconds=overlap_seconds, client_id=client_id, away=self._away()
        )

    async def _ask(self, token: RefreshToken, due: RecheckDue, *, again: bool) -> None:
        """Once a refresh, however soon the session is due again."""
        if again:
            raise UnderWay(f"the provider of session {token.session_id} was asked for this refresh already")
        await self._recheck(token.session_id, due)

    async def _answer_again(
        self, token: RefreshToken, sealed_successor: bytes, scopes: frozenset[str] | None
    ) -> Grant | None:
        """The same successor once more, unless the session changed since it was looked at; one
        rotation is no change, since then the successor is the previous token in turn."""
        successor = self._tokens.open_successor(token, sealed_successor)
        now = self._clock.now()
        session = await self._store.find(token.session_id, now=now)
        if session is None or session.generation - successor.generation not in (0, 1):
            return None
        return self._grant(session, successor, scopes, now)

    def _grant(
        self, session: LiveSession, token: RefreshToken, scopes: frozenset[str] | None, now: datetime
    ) -> Grant:
        """What the client gets: never a scope that the session does not have."""
        if scopes is not None:
            session = replace(session, scopes=session.scopes & scopes)
        return Grant(session, self._issuer.issue(session, now=now), now, token.text)

    def _rotation(
        self, token: RefreshToken, successor: RefreshToken, client_id: str | None, now: datetime
    ) -> Rotation:
        return Rotation(
            session_id=token.session_id,
            client_id=client_id,
            presented_digest=token.digest,
            successor_digest=successor.digest,
            sealed_successor=self._tokens.seal_successor(token, successor),
            now=now,
            idle_ends_at=now + timedelta(seconds=self._limits.idle_seconds),
        )
