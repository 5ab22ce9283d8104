"""What ``auth`` needs of a database to keep sessions within bounds, to show people theirs, and to
show operators their accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol
from uuid import UUID

from watchword.protocol.rfc3339 import rfc3339
from watchword.protocol.roles import effective_roles

if TYPE_CHECKING:
    from watchword.auth.ports import EndReason, LiveSession

SessionLimitPolicy = Literal["evict_oldest", "reject"]
AccountStatus = Literal["active", "disabled"]
Actor = Literal["user", "client", "cli", "schedule", "admin"]
"""Who did something, for the audit trail."""


@dataclass(frozen=True, slots=True)
class SessionCap:
    """How many live sessions an account may have, and what becomes of one more."""

    max_sessions: int
    policy: SessionLimitPolicy


@dataclass(frozen=True, slots=True)
class EmailLink:
    """An address by which an identity that is nobody's yet may join an account. ``joins`` says of a
    verified identity on record, by provider id, issuer and address, whether it stands for the same."""

    address: str
    joins: Callable[[str, str, str | None], bool]


@dataclass(frozen=True, slots=True)
class OpeningTerms:
    """What opening a session depends on, decided in the transaction that opens it.

    ``replaces`` is a session that ends with it and is not counted; ``admit`` may refuse, by an
    exception, the session that would come out, and then nothing at all has happened. ``link`` gives
    the identity to the account of the session that is replaced, which has to be live; ``email_link``
    to the one account that has this address verified, if there is just one.
    """

    cap: SessionCap | None = None
    replaces: UUID | None = None
    admit: Callable[[LiveSession], None] | None = None
    link: bool = False
    email_link: EmailLink | None = None


UNCONDITIONAL: Final = OpeningTerms()


@dataclass(frozen=True, slots=True)
class Act:
    """When something is done and by whom; ``tokens_expire_at`` is when the last access token that
    it can concern has expired. ``admin_id`` is the account of an administrator."""

    now: datetime
    tokens_expire_at: datetime
    by: Actor
    admin_id: UUID | None = None

    @property
    def actor(self) -> dict[str, str]:
        """Who acts, as the details of an audit event say it."""
        return actor_told(self.by, self.admin_id)


def actor_told(by: Actor, admin_id: UUID | None) -> dict[str, str]:
    """See ``Act.actor``."""
    return {"by": by} if admin_id is None else {"by": by, "admin_id": str(admin_id)}


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A live session as its owner sees it; times are aware UTC. ``degraded`` is for operators: its
    provider, due to be asked again, has not answered."""

    session_id: UUID
    user_id: UUID
    client_id: str
    provider_id: str
    created_at: datetime
    last_seen_at: datetime
    absolute_ends_at: datetime
    device: str | None
    ip: str | None
    degraded: bool = False

    def as_json(self) -> dict[str, str | None]:
        """What programs are told of it; ``expires_at`` is when it ends at the latest."""
        return {
            "id": str(self.session_id),
            "created_at": rfc3339(self.created_at),
            "last_seen_at": rfc3339(self.last_seen_at),
            "expires_at": rfc3339(self.absolute_ends_at),
            "device": self.device,
            "ip": self.ip,
            "provider": self.provider_id,
        }


@dataclass(frozen=True, slots=True)
class AccountIdentity:
    """A provider identity that signs in to an account."""

    provider_id: str
    issuer: str
    subject: str
    email: str | None = field(repr=False)
    last_sign_in_at: datetime

    def as_json(self) -> dict[str, str]:
        """What operators' programs are told of it."""
        return {
            "provider": self.provider_id,
            "issuer": self.issuer,
            "subject": self.subject,
            "last_sign_in_at": rfc3339(self.last_sign_in_at),
        }


@dataclass(frozen=True, slots=True)
class Account:
    """An account as an operator sees it, with the three stored sets of roles."""

    user_id: UUID
    status: AccountStatus
    email: str | None = field(repr=False)
    name: str | None
    identity_roles: frozenset[str]
    granted_roles: frozenset[str]
    denied_roles: frozenset[str]
    created_at: datetime
    last_sign_in_at: datetime | None
    identities: tuple[AccountIdentity, ...] = ()

    @property
    def roles(self) -> frozenset[str]:
        """What the account may do."""
        return effective_roles(self.identity_roles, self.granted_roles, self.denied_roles)

    def as_json(self) -> dict[str, str | list[str] | None]:
        """What operators' programs are told of it, its identities left out."""
        return {
            "user_id": str(self.user_id),
            "status": self.status,
            "email": self.email,
            "name": self.name,
            "roles": sorted(self.roles),
            "identity_roles": sorted(self.identity_roles),
            "granted_roles": sorted(self.granted_roles),
            "denied_roles": sorted(self.denied_roles),
            "created_at": rfc3339(self.created_at),
            "last_sign_in_at": rfc3339(self.last_sign_in_at) if self.last_sign_in_at else None,
        }


@dataclass(frozen=True, slots=True)
class RoleChange:
    """Names to add to and to take from the granted and the denied set."""

    grant: frozenset[str] = frozenset()
    ungrant: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    undeny: frozenset[str] = frozenset()


class AccountStore(Protocol):
    """Every method is one transaction; DatabaseUnavailable when it cannot be had. An erased account
    is none."""

    async def sessions(
        self, *, now: datetime, user_id: UUID | None = None, after: UUID | None = None, limit: int
    ) -> Sequence[ListedSession]:
        """Live sessions of one account or of all, by id, which is the order they were opened in."""

    async def end_session(self, session_id: UUID, *, owner: UUID | None, reason: EndReason, act: Act) -> bool:
        """End a session, of ``owner`` where one is stated; False when there is none to end."""

    async def end_sessions(
        self, user_id: UUID, *, keep: UUID | None = None, reason: EndReason, act: Act
    ) -> Sequence[UUID]:
        """End every session of an account but ``keep``, also those that ran out and may still have
        access tokens; the ids of those that ended."""

    async def end_client(self, client_id: str, *, act: Act) -> Sequence[UUID]:
        """End the sessions of a client, and every token it got before now; the ids of the sessions."""

    async def search(
        self, text: str | None = None, *, after: UUID | None = None, limit: int
    ) -> Sequence[Account]:
        """Accounts by id, which is the order they were made in, without their identities; only
        those that have ``text`` in e-mail or name, in either case of letters."""

    async def find(self, user_id: UUID) -> Account | None:
        """The account with its identities."""

    async def change_roles(self, user_id: UUID, change: RoleChange, *, act: Act) -> Account | None:
        """Change the granted and denied roles; where that changes what the account may do, its
        access tokens are refused and its next refreshes bring new ones. Raises TooManyRoles."""

    async def set_status(self, user_id: UUID, status: AccountStatus, *, act: Act) -> Account | None:
        """Disable an account, which ends all its sessions, or enable it, which revives none."""


class ClientTokenStore(Protocol):
    """Access tokens that no session stands behind."""

    async def end_token(self, token_id: str, *, client_id: str, act: Act) -> None:
        """End one of a client's, in one transaction. Raises DatabaseUnavailable."""
