"""What ``auth`` needs of a database to ask a provider again, one caller at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from watchword.auth.ports import EndReason, ProviderIdentity

LEASE_SECONDS: Final = 10
"""How long one caller may take to ask and to write down the answer; then another may ask."""

WithdrawalCause = Literal["invalid_grant", "wrong_identity", "bad_signature", "answer_lost"]
"""Why the provider no longer stands by a grant; ``answer_lost``: it refused a token in whose place
an answer that never arrived may have put another."""

UnaskableCause = Literal["provider_removed", "seal_not_openable"]
"""Why a provider cannot be asked about a grant for a reason of our own."""

StopCause = Literal["switched_off", "tokens_purged"]
"""Why a session goes on without being checked again."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to ask a provider about one grant, until it is written what came of it or
    ``LEASE_SECONDS`` have passed. ``answer_may_be_lost``: an earlier asking ended without an answer."""

    lease_id: UUID
    grant_id: UUID
    session_id: UUID
    provider_id: str
    issuer: str
    subject: str
    sealed_tokens: bytes = field(repr=False)
    answer_may_be_lost: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What an unanswered question leaves behind. ``sealed_tokens`` replace those of the grant, None
    where they stay; ``answer_may_be_lost`` keeps the mark of the asking. With ``degraded_at`` the
    session goes on unconfirmed since that moment, and is due again at ``due_at``."""

    cause: str
    answer_may_be_lost: bool
    sealed_tokens: bytes | None = field(default=None, repr=False)
    degraded_at: datetime | None = None
    due_at: datetime | None = None


class GrantStore(Protocol):
    """Every method is one committed transaction; DatabaseUnavailable when it cannot be had. What is
    written under a lease is written only while nobody else took it and the grant has not ended."""

    async def take_lease(
        self, grant_id: UUID, *, session_id: UUID, lease_id: UUID, now: datetime, ends_at: datetime
    ) -> Lease | None:
        """The lease for a session that is live and due, of an active account, and the mark that its
        provider is being asked. None when somebody else has it, or there is nothing to ask for."""

    async def keep(self, lease: Lease, sealed_tokens: bytes) -> bool:
        """Keep the provider's newest tokens before anything else is written, and that no answer was lost;
        the lease stays. Touches the grant alone, so that nobody who is busy with the account or its
        sessions holds it up. False when nothing was written."""

    async def confirm(
        self,
        lease: Lease,
        identity: ProviderIdentity,
        *,
        sealed_tokens: bytes | None,
        now: datetime,
        due_at: datetime,
    ) -> bool:
        """Take over profile and roles as at a sign-in, keep the new tokens if there are any, and let
        every live session of the grant go on until ``due_at``. False when nothing was written.
        Raises ProviderResponseInvalid and TooManyRoles for an identity no row can hold."""

    async def withdraw(
        self,
        lease: Lease,
        *,
        reason: EndReason,
        cause: WithdrawalCause | UnaskableCause,
        now: datetime,
        tokens_expire_at: datetime,
    ) -> Sequence[UUID] | None:
        """End the sessions of the grant and forget its tokens; the ids of those that ended, None when
        nothing was written."""

    async def hold(self, lease: Lease, held: Held, *, now: datetime) -> bool:
        """Give the lease back without an answer. False when nothing was written."""

    async def stop(self, session_id: UUID, *, cause: StopCause, now: datetime) -> None:
        """Let a session, and those that share its grant, go on without re-checks, and forget the
        provider's tokens."""
