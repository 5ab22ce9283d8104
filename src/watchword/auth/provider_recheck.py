"""Asking a session's provider again before its refresh token rotates, one caller at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Generic
from uuid import UUID

from watchword.auth.grant_ports import LEASE_SECONDS, GrantStore, Lease, StopCause
from watchword.auth.ports import Clock
from watchword.auth.recheck_outcomes import Asked, GrantSeals, RecheckOutcomes
from watchword.auth.recheck_ports import Confirmed, Unanswered, Withdrawn
from watchword.auth.spans import PROVIDER, note, traced
from watchword.protocol.recheck import RecheckPolicy
from watchword.protocol.rotation import RecheckDue
from watchword.protocol.uuid7 import RANDOM_BYTES, uuid7


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
        self._switched_off = policy.recheck_seconds == 0
        self._outcomes = RecheckOutcomes(
            seals,
            store,
            clock,
            policy=policy,
            tokens_live_seconds=tokens_live_seconds,
            on_ended=on_ended,
        )
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

    async def settled(self) -> None:
        """Wait for the questions whose callers left, no longer than their leases last."""
        if self._running:
            await asyncio.wait(self._running, timeout=LEASE_SECONDS)

    def _forget(self, task: asyncio.Task[None]) -> None:
        """Also looks at the outcome, so that asyncio does not report one nobody waited for."""
        self._running.discard(task)
        if not task.cancelled():
            task.exception()

    async def _run(self, session_id: UUID, due: RecheckDue) -> None:
        now = self._clock.now()
        if due.grant_id is None or self._switched_off:
            cause: StopCause = "switched_off" if self._switched_off else "tokens_purged"
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

    @traced("watchword.provider.recheck")
    async def _ask(self, lease: Lease, due: RecheckDue) -> None:
        outcomes = self._outcomes
        note(PROVIDER, lease.provider_id)
        client = self._providers.get(lease.provider_id)
        if client is None:
            await outcomes.unaskable(lease, due, "provider_removed")
            return
        token = self._seals.open_tokens(client, lease.grant_id, lease.sealed_tokens)
        if token is None:
            await outcomes.unaskable(lease, due, "seal_not_openable")
            return
        match await client.refresh(token, issuer=lease.issuer, subject=lease.subject):
            case Confirmed() as said:
                await outcomes.confirmed(lease, due, client, said)
            case Withdrawn(cause, detail):
                await outcomes.withdrawn(lease, cause, detail)
            case Unanswered() as said:
                await outcomes.unanswered(lease, due, client, said)
