"""What came of asking a provider again, written down under the lease of whoever asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from watchword.auth.grant_ports import GrantStore, Held, Lease, UnaskableCause, WithdrawalCause
from watchword.auth.logs import tell
from watchword.auth.ports import Clock, EndReason
from watchword.auth.recheck_ports import Confirmed, ProviderRefresher, Unanswered
from watchword.errors import (
    DatabaseUnavailable,
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
)
from watchword.protocol.printable import printable
from watchword.protocol.recheck import GoOn, GraceOver, RecheckPolicy, without_answer
from watchword.protocol.rotation import RecheckDue

Asked = TypeVar("Asked", bound=ProviderRefresher)
Sealed = TypeVar("Sealed", contravariant=True)
T = TypeVar("T")

_WRITES = 3
_PAUSE_SECONDS = 0.25
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


class GrantSeals(Protocol[Sealed]):
    """Opens and seals what is kept to ask a provider with."""

    def open_tokens(self, client: Sealed, grant_id: UUID, sealed: bytes, /) -> str | None: ...

    def seal_tokens(self, client: Sealed, grant_id: UUID, refresh_token: str, /) -> bytes: ...


class RecheckOutcomes(Generic[Asked]):
    """Every method writes one outcome; where somebody else has taken the lease meanwhile it changes
    nothing and raises nothing, and the session has to be looked at again."""

    def __init__(
        self,
        seals: GrantSeals[Asked],
        store: GrantStore,
        clock: Clock,
        *,
        policy: RecheckPolicy,
        tokens_live_seconds: int,
        on_ended: Callable[[UUID, datetime], None],
    ) -> None:
        self._seals = seals
        self._store = store
        self._clock = clock
        self._policy = policy
        self._tokens_live = timedelta(seconds=tokens_live_seconds)
        self._on_ended = on_ended

    async def confirmed(self, lease: Lease, due: RecheckDue, client: Asked, said: Confirmed) -> None:
        """An identity that no row can hold is an answer nobody can use. Raises what ``withdrawn`` and
        ``unanswered`` raise."""
        if (said.identity.issuer, said.identity.subject) != (lease.issuer, lease.subject):
            await self.withdrawn(lease, "wrong_identity", "the answer is about somebody else")
            return
        now = self._clock.now()
        sealed = await self._kept(lease, client, said.refresh_token)
        due_at = now + timedelta(seconds=self._policy.recheck_seconds)
        try:
            await _written(
                lambda: self._store.confirm(
                    lease, said.identity, sealed_tokens=sealed, now=now, due_at=due_at
                )
            )
        except (ProviderResponseInvalid, TooManyRoles) as error:
            await self.unanswered(lease, due, client, Unanswered(error, said.refresh_token))

    async def withdrawn(self, lease: Lease, cause: WithdrawalCause, detail: str) -> None:
        """Raises SignInWithdrawn, or SignInUnconfirmed where an answer may have been lost before."""
        said = f"provider {lease.provider_id} about session {lease.session_id}: {cause}: {printable(detail)}"
        if cause != "invalid_grant" or not lease.answer_may_be_lost:
            await self._end(lease, "provider_refused", cause, SignInWithdrawn(said))
            return
        said += "; an earlier answer, with a newer refresh token, may have been lost: sign in again"
        await self._end(lease, "provider_refused", "answer_lost", SignInUnconfirmed(said))

    async def unanswered(self, lease: Lease, due: RecheckDue, client: Asked, said: Unanswered) -> None:
        """Raises ProviderGraceOver."""
        sealed = await self._kept(lease, client, said.refresh_token)
        nothing_lost = isinstance(said.error, _NOTHING_LOST)
        lost = sealed is None and (lease.answer_may_be_lost or not nothing_lost)
        match self._without_answer(due):
            case GoOn(degraded_at, due_at):
                await self._hold(lease, Held(said.error.code, lost, sealed, degraded_at, due_at))
            case GraceOver(degraded_at):
                await self._hold(lease, Held(said.error.code, lost, sealed))
                raise ProviderGraceOver(
                    f"provider {lease.provider_id} has not confirmed session {lease.session_id} since it "
                    f"was due at {degraded_at.isoformat()}: {said.error.detail}",
                    retry_after_seconds=said.error.retry_after_seconds or 10,
                )

    async def unaskable(self, lease: Lease, due: RecheckDue, cause: UnaskableCause) -> None:
        """Our own doing, which no waiting mends: the grace is for the operator to notice. Raises
        SignInUnconfirmed."""
        why = f"provider {lease.provider_id} cannot be asked about session {lease.session_id}: "
        why += _UNASKABLE[cause]
        match self._without_answer(due):
            case GoOn(degraded_at, due_at):
                tell(
                    "recheck_impossible",
                    "%s; it ends when the grace is over",
                    why,
                    provider=lease.provider_id,
                    session_id=str(lease.session_id),
                    cause=cause,
                )
                await self._hold(lease, Held(cause, lease.answer_may_be_lost, None, degraded_at, due_at))
            case GraceOver():
                await self._end(lease, "recheck_impossible", cause, SignInUnconfirmed(why))

    def _without_answer(self, due: RecheckDue) -> GoOn | GraceOver:
        return without_answer(
            due_at=due.due_at,
            degraded_at=due.degraded_at,
            now=self._clock.now(),
            grace_seconds=self._policy.grace_seconds,
        )

    async def _hold(self, lease: Lease, held: Held) -> None:
        now = self._clock.now()
        await _written(lambda: self._store.hold(lease, held, now=now))

    async def _end(
        self,
        lease: Lease,
        reason: EndReason,
        cause: WithdrawalCause | UnaskableCause,
        refusal: RefreshRefused,
    ) -> None:
        """Raises ``refusal``, where the sessions of the grant have ended."""
        now = self._clock.now()
        tokens_expire_at = now + self._tokens_live
        ended = await _written(
            lambda: self._store.withdraw(
                lease, reason=reason, cause=cause, now=now, tokens_expire_at=tokens_expire_at
            )
        )
        if ended is None:
            return
        for session_id in ended:
            self._on_ended(session_id, tokens_expire_at)
        raise refusal

    async def _kept(self, lease: Lease, client: Asked, refresh_token: str | None) -> bytes | None:
        """The provider's next refresh token, sealed and written down at once: the old one is spent, and
        what else is to be written may have to wait longer than the lease lasts."""
        if refresh_token is None:
            return None
        sealed = self._seals.seal_tokens(client, lease.grant_id, refresh_token)
        await _written(lambda: self._store.keep(lease, sealed))
        return sealed


async def _written(write: Callable[[], Awaitable[T]]) -> T:
    """Tried again while the database is away for a moment: the answer may hold the only refresh token
    there is. What was committed without our hearing of it is under no lease any more."""
    for _ in range(_WRITES - 1):
        try:
            return await write()
        except DatabaseUnavailable:
            await asyncio.sleep(_PAUSE_SECONDS)
    return await write()
