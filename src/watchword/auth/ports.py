"""What ``auth`` needs from the world: a clock, a database, a way to ask a provider."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol
from uuid import UUID

from watchword.auth.account_ports import UNCONDITIONAL, AccountStore, ClientTokenStore, OpeningTerms
from watchword.auth.admin_ports import AdminStore
from watchword.auth.audit_ports import AuditLog
from watchword.auth.caller_ports import CallerStore
from watchword.auth.cleanup_ports import CleanupStore
from watchword.auth.code_ports import CodeStore
from watchword.auth.grant_ports import GrantStore
from watchword.auth.key_ports import KeyLedger, KeyStore
from watchword.auth.logout_ports import NewProviderGrant, ProviderLogoutStore
from watchword.auth.privacy_ports import PrivacyStore
from watchword.auth.session_count_ports import SessionCountStore
from watchword.auth.terms_ports import TermsStore
from watchword.auth.version_ports import VersionUsageStore
from watchword.protocol.rotation import SessionFacts


class Clock(Protocol):
    """Two clocks: aware UTC for what is stored and compared with others, monotonic for windows."""

    def now(self) -> datetime: ...

    def now_seconds(self) -> int:
        """Whole seconds since 1970 of the same moment as ``now``."""

    def monotonic(self) -> float: ...


# --- people and sessions ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Who the provider says signed in. Only ``issuer`` and ``subject`` identify. ``roles`` is None
    when the provider could not be asked for them: those it gave before stay."""

    provider_id: str
    issuer: str
    subject: str
    email: str | None = field(repr=False)
    email_verified: bool
    name: str | None
    roles: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session about to be opened; times are aware UTC. ``auth_time`` is the provider's if asserted."""

    session_id: UUID
    client_id: str
    scopes: frozenset[str]
    refresh_digest: bytes = field(repr=False)
    created_at: datetime
    idle_ends_at: datetime
    absolute_ends_at: datetime
    auth_time: datetime
    device: str | None
    ip: str | None
    provider_sid: str | None
    auth_time_asserted: bool = False
    terms: OpeningTerms = UNCONDITIONAL
    grant: NewProviderGrant | None = None
    recheck_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session together with the account behind it, as one statement returned them."""

    session_id: UUID
    user_id: UUID
    client_id: str
    scopes: frozenset[str]
    roles: frozenset[str]
    issuer: str
    subject: str
    provider_id: str
    email: str | None = field(repr=False)
    name: str | None
    generation: int
    created_at: datetime
    auth_time: datetime
    idle_ends_at: datetime
    absolute_ends_at: datetime
    auth_time_asserted: bool = False


@dataclass(frozen=True, slots=True)
class Rotation:
    """One attempt to replace a refresh token by its successor."""

    session_id: UUID
    client_id: str | None
    presented_digest: bytes = field(repr=False)
    successor_digest: bytes = field(repr=False)
    sealed_successor: bytes = field(repr=False)
    now: datetime
    idle_ends_at: datetime


EndReason = Literal[
    "logout",
    "replay",
    "replaced",
    "disabled",
    "revoked",
    "evicted",
    "provider_logout",
    "provider_refused",
    "recheck_impossible",
    "erased",
]
"""``provider_refused``: asked again, it no longer stands by the sign-in. ``recheck_impossible``: it
could not be asked again, for a reason of our own."""


class SessionStore(Protocol):
    """Every method is one transaction; DatabaseUnavailable when it cannot be had."""

    async def open(self, identity: ProviderIdentity, new: NewSession) -> LiveSession:
        """Find or create the account by (issuer, subject), take over its profile and roles, and
        insert the session on its terms. Raises UserDisabled, SessionLimitReached and what the terms
        say. Two first sign-ins at once make one account."""

    async def rotate(self, rotation: Rotation) -> LiveSession | None:
        """The one conditional statement of the rotation; None when no row matched.

        Matches: same id, ``presented_digest`` current, client equal when stated, not revoked,
        idle and absolute ends after ``now``, not due to be re-checked at ``now``, user active, user
        versions equal. Sets the successor as current, the presented digest as previous, the sealed
        successor, ``generation + 1``, ``rotated_at`` and ``last_seen_at`` = now, and the idle end
        (never past the absolute)."""

    async def facts(self, session_id: UUID) -> SessionFacts | None: ...

    async def find(self, session_id: UUID, *, now: datetime) -> LiveSession | None:
        """The session if it is live at ``now`` (not revoked, before both ends, user active)."""

    async def end(
        self, session_id: UUID, *, reason: EndReason, now: datetime, tokens_expire_at: datetime
    ) -> bool:
        """End the session and append it to the revocation feed in one committed transaction.
        False when it was unknown or ended already. Idempotent."""


# --- keys, single use, revocation -------------------------------------------------------------


class SingleUseStore(Protocol):
    async def claim(self, kind: str, digest: bytes, *, expires_at: datetime) -> bool:
        """True for the first caller of (kind, digest), False for every later one, ever so parallel."""


RevocationKind = Literal["session", "generation", "token", "client", "subject", "key"]
AND_EARLIER: Final = "and-earlier"
"""The value of an entry about a session that is about every earlier one as well."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry of the append-only feed. Which fields are set depends on ``kind``: session
    (session_id; with the value AND_EARLIER every session opened before it, too), generation
    (session_id, generation: this and older), token (value = jti),
    client (value = client id), subject (issuer, value = subject; with a generation, the version of its
    account, nothing ended, but what an older version said no longer holds), key (value = kid of a key of
    ours, or that the ring has changed, see ``auth.keyring``; with an issuer, what is purged of that
    provider, see ``auth.provider_purge``)."""

    sequence: int
    kind: RevocationKind
    created_at: datetime
    expires_at: datetime
    session_id: UUID | None = None
    generation: int | None = None
    issuer: str | None = None
    value: str | None = None


class RevocationLog(Protocol):
    async def unexpired(self, *, now: datetime) -> Sequence[Revocation]:
        """Everything that can still concern a token: read once before a replica is ready."""

    async def since(
        self, sequence: int, *, missing: Collection[int] = (), again_from: datetime
    ) -> Sequence[Revocation]:
        """Entries after ``sequence``; those numbered in ``missing``, because a transaction may commit after
        a later-numbered one; and once more those created since ``again_from``. Ordered by sequence."""


class Announcements(Protocol):
    """Hastens the feed where the database can tell its clients that something was added."""

    async def wait(self, *, timeout_seconds: float) -> None:
        """Return when an entry was announced, and after ``timeout_seconds`` at the latest; an
        announcement may be lost. Raises nothing of its own."""


class Database(Protocol):
    """Everything ``auth`` keeps, and the two questions the composition root asks."""

    sessions: SessionStore
    accounts: AccountStore
    admin: AdminStore
    callers: CallerStore
    client_tokens: ClientTokenStore
    provider_logouts: ProviderLogoutStore
    grants: GrantStore
    codes: CodeStore
    keys: KeyStore
    key_ledger: KeyLedger
    single_use: SingleUseStore
    revocations: RevocationLog
    audit: AuditLog
    version_usage: VersionUsageStore
    session_counts: SessionCountStore
    terms: TermsStore
    cleanup: CleanupStore
    privacy: PrivacyStore
    announcements: Announcements | None

    async def ping(self) -> None:
        """Raises DatabaseUnavailable."""

    async def close(self) -> None: ...


# --- asking a provider ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete, size-capped answer; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class ProviderHttp(Protocol):
    """One shared client a provider. No redirects, size caps, a total deadline. Raises
    ProviderUnavailable for connection, TLS and timeout faults, ProviderResponseInvalid for an
    answer over its cap, ProviderPersonUnreadable where it is JSON; any status is an answer, and of an
    error over its cap the body is left out."""

    async def get(self, url: str, *, max_bytes: int, bearer: str | None = None) -> HttpAnswer: ...

    async def post_form(
        self, url: str, form: Mapping[str, str], *, max_bytes: int, authorization: str | None = None
    ) -> HttpAnswer:
        """Never sent twice."""

    async def close(self) -> None: ...
