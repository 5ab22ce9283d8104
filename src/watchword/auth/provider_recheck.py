"""Asking a session's provider again before its refresh token rotates, one caller at a time."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Generic, NoReturn, Protocol, TypeVar
from uuid import UUID

from watchword.auth.grant_ports import (
    LEASE_SECONDS,
    GrantStore,
    Held,
    Lease,
    StopCause,
    UnaskableCause,
    WithdrawalCause,
)
from watchword.auth.ports import Clock, EndReason
from watchword.auth.recheck_ports import Confirmed, ProviderRefresher, Unanswered, Withdrawn
from watchword.errors import (
    ProviderCircuitOpen,
    ProviderCrowded,
    ProviderGraceOver,
    ProviderNameUnresolved,
    ProviderRefused,
    ProviderResponseInvalid,
    ProviderThrottled,
    ProviderTlsFailed,
    RefreshRefused,
    SignInUnconfirmed,
    SignInWithdrawn,
    TooManyRoles,
    WatchwordError,
)
from watchword.protocol.printable import printable
from watchword.protocol.recheck import GoOn, GraceOver, RecheckPolicy, without_answer
from watchword.protocol.rotation import RecheckDue
from watchword.protocol.uuid7 import RANDOM_BYTES, uuid7

logger = logging.getLogger("watchword")

_NOTHING_LOST: Final = (
    ProviderCircuitOpen,
    ProviderCrowded,
    ProviderNameUnresolved,
    ProviderRefused,
    ProviderThrottled,
    ProviderTlsFailed,
    TooManyRoles,
)
"""Failures in which no answer with a new refresh token can have been lost."""
_UNASKABLE: Final[Mapping[UnaskableCause, str]] = {
    "provider_removed": "it is not in the settings any more",
    "seal_not_openable": "its refresh token was sealed under another SECRET_KEY or another registration",
}

Asked = TypeVar("Asked", bound=ProviderRefresher)
Sealed = TypeVar("Sealed", contravariant=True)


class GrantSeals(Protocol[Sealed]):
    """Opens and seals what is kept to ask a provider with."""

    def open_tokens(self, client: Sealed, grant_id: UUID, sealed: bytes, /) -> str | None: ...

    def seal_tokens(self, client: Sealed, grant_id: UUID, refresh_token: str, /) -> bytes: ...


class ProviderRecheck(Generic[Asked]):
    """``on_ended`` gets each session that ended, so that its access tokens are refused here at once.

    A process may die anywhere in between: then the lease lapses, and the mark of the asking tells the
    next caller that an answer may have been lost.
    """

    def __init__(
        self,
        providers: Mapping[str, Asked],
        seals: GrantSeals[Asked],
        store: GrantStore,
        clock: Clock,
        *,
        policy: RecheckPolicy,
        tokens_live_seconds: int,
        on_ended: Callable[[UUID, datetime], None],
    ) -> None:
        self._providers = providers
        self._seals = seals
        self._store = store
        self._clock = clock
        self._policy = policy
        self._tokens_live = timedelta(seconds=tokens_live_seconds)
        self._on_ended = on_ended
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, session_id: UUID, due: RecheckDue) -> None:
        """Ask, even when the caller leaves meanwhile: the answer holds the next refresh token.

        Afterwards the session may rotate, or others were faster. Raises ProviderGraceOver,
        SignInWithdrawn and SignInUnconfirmed after having ended the session, DatabaseUnavailable.
        """
        task = asyncio.create_task(self._run(session_id, due))
        self._running.add(task)
        task.add_done_callback(self._forget)
        await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[None]) -> None:
        """Also looks at the outcome, so that asyncio does not report one nobody waited for."""
        self._running.discard(task)
        if not task.cancelled():
            task.exception()

    async def _run(self, session_id: UUID, due: RecheckDue) -> None:
        now = self._clock.now()
        switched_off = self._policy.recheck_seconds == 0
        if due.grant_id is None or switched_off:
            cause: StopCause = "switched_off" if switched_off else "tokens_purged"
            await self._store.stop(session_id, cause=cause, now=now)
            return
        lease = await self._store.take_lease(
            due.grant_id,
            session_id=session_id,
            lease_id=uuid7(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES)),
            now=now,
            ends_at=now + timedelta(seconds=LEASE_SECONDS),
        )
        if lease is not None:
            await self._ask(lease, due)

    async def _ask(self, lease: Lease, due: RecheckDue) -> None:
        client = self._providers.get(lease.provider_id)
        if client is None:
            await self._unaskable(lease, due, "provider_removed")
            return
        token = self._seals.open_tokens(client, lease.grant_id, lease.sealed_tokens)
        if token is None:
            await self._unaskable(lease, due, "seal_not_openable")
            return
        match await client.refresh(token, issuer=lease.issuer, subject=lease.subject):
            case Confirmed() as said:
                await self._confirmed(lease, due, client, said)
            case Withdrawn(cause, detail):
                await self._withdrawn(lease, cause, detail)
            case Unanswered() as said:
                await self._unanswered(lease, due, client, said)

    async def _confirmed(self, lease: Lease, due: RecheckDue, client: Asked, said: Confirmed) -> None:
        if (said.identity.issuer, said.identity.subject) != (lease.issuer, lease.subject):
            await self._withdrawn(lease, "wrong_identity", "the answer is about somebody else")
            return
        now = self._clock.now()
        sealed = self._resealed(lease, client, said.refresh_token)
        due_at = now + timedelta(seconds=self._policy.recheck_seconds)
        try:
            await self._store.confirm(lease, said.identity, sealed_tokens=sealed, now=now, due_at=due_at)
        except (ProviderResponseInvalid, TooManyRoles) as error:
            await self._unanswered(lease, due, client, Unanswered(error, said.refresh_token))

    async def _withdrawn(self, lease: Lease, cause: WithdrawalCause, detail: str) -> None:
        said = f"provider {lease.provider_id} about session {lease.session_id}: {cause}: {printable(detail)}"
        if cause != "invalid_grant" or not lease.answer_may_be_lost:
            await self._end(lease, "provider_refused", cause, SignInWithdrawn(said))
            return
        said += "; an earlier answer, with a newer refresh token, may have been lost: sign in again"
        await self._end(lease, "provider_refused", "answer_lost", SignInUnconfirmed(said))

    async def _unanswered(self, lease: Lease, due: RecheckDue, client: Asked, said: Unanswered) -> None:
        sealed = self._resealed(lease, client, said.refresh_token)
        nothing_lost = isinstance(said.error, _NOTHING_LOST)
        lost = sealed is None and (lease.answer_may_be_lost or not nothing_lost)
        match self._without_answer(due):
            case GoOn(degraded_at, due_at):
                held = Held(said.error.code, lost, sealed, degraded_at, due_at)
                await self._store.hold(lease, held, now=self._clock.now())
            case GraceOver(degraded_at):
                held = Held(said.error.code, lost, sealed)
                await self._store.hold(lease, held, now=self._clock.now())
                self._refuse(lease, degraded_at, said.error)

    async def _unaskable(self, lease: Lease, due: RecheckDue, cause: UnaskableCause) -> None:
        """Our own doing, which no waiting mends: the grace is for the operator to notice."""
        why = f"provider {lease.provider_id} cannot be asked about session {lease.session_id}: "
        why += _UNASKABLE[cause]
        match self._without_answer(due):
            case GoOn(degraded_at, due_at):
                logger.warning("%s; it ends when the grace is over", why)
                held = Held(cause, lease.answer_may_be_lost, None, degraded_at, due_at)
                await self._store.hold(lease, held, now=self._clock.now())
            case GraceOver():
                await self._end(lease, "recheck_impossible", cause, SignInUnconfirmed(why))

    def _without_answer(self, due: RecheckDue) -> GoOn | GraceOver:
        return without_answer(
            due_at=due.due_at,
            degraded_at=due.degraded_at,
            now=self._clock.now(),
            grace_seconds=self._policy.grace_seconds,
        )

    def _refuse(self, lease: Lease, degraded_at: datetime, error: WatchwordError) -> NoReturn:
        raise ProviderGraceOver(
            f"provider {lease.provider_id} has not confirmed session {lease.session_id} since it was due at "
            f"{degraded_at.isoformat()}: {error.detail}",
            retry_after_seconds=error.retry_after_seconds or 10,
        )

    async def _end(
        self,
        lease: Lease,
        reason: EndReason,
        cause: WithdrawalCause | UnaskableCause,
        refusal: RefreshRefused,
    ) -> None:
        """Raises ``refusal``, unless somebody else has taken the lease meanwhile."""
        now = self._clock.now()
        tokens_expire_at = now + self._tokens_live
        ended = await self._store.withdraw(
            lease, reason=reason, cause=cause, now=now, tokens_expire_at=tokens_expire_at
        )
        if ended is None:
            return
        for session_id in ended:
            self._on_ended(session_id, tokens_expire_at)
        raise refusal

    def _resealed(self, lease: Lease, client: Asked, refresh_token: str | None) -> bytes | None:
        if refresh_token is None:
            return None
        return self._seals.seal_tokens(client, lease.grant_id, refresh_token)
