"""What ``auth`` needs of the places where signing keys are kept.

The ring itself is in one store: the database, a file, AWS Secrets Manager, HashiCorp Vault. Whatever store
that is, the database keeps a ledger beside it: which keys were revoked, a sealed copy, and when keys were
used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from watchword.auth.account_ports import Actor

KeyState = Literal["next", "active", "retired"]
COPY_MARK: Final = "copy:"
"""Begins the version of an edition that was not read from its store."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key at rest: the public JWK in the clear, the private part sealed under ``SECRET_KEY``."""

    kid: str
    algorithm: str
    state: KeyState
    public_jwk: Mapping[str, Any]
    sealed_private: bytes = field(repr=False)
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None
    verify_until: datetime | None


@dataclass(frozen=True, slots=True)
class StoredRing:
    """One edition of a ring. ``version`` is opaque and names exactly this edition; of a store that holds no
    ring yet it is empty, and so are ``keys``."""

    version: str
    keys: tuple[StoredKey, ...]

    @property
    def is_copy(self) -> bool:
        """Whether the store is away, or takes nothing, and this is the edition kept beside it."""
        return self.version.startswith(COPY_MARK)


class KeyStore(Protocol):
    """A place for one ring. ``place`` says which store and where in it, for operators and to tell two
    apart."""

    place: str

    async def load(self) -> StoredRing:
        """The current edition, keys newest first.

        Raises KeyStoreUnavailable when the store is away (DatabaseUnavailable where it is the database), and
        KeyStoreInvalid when what is there is no ring.
        """

    async def replace(self, known: StoredRing, keys: Sequence[StoredKey]) -> bool:
        """Make ``keys`` the ring, all or nothing, if ``known`` is still the current edition; False, with
        nothing written, when another writer was faster. Raises what ``load`` raises."""


@dataclass(frozen=True, slots=True)
class RingCopy:
    """A ring as it was last read from or written to ``place``, sealed whole."""

    place: str
    version: str
    sealed: bytes = field(repr=False)
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class KeyUse:
    """When a key last signed and last verified a token; None where it never did."""

    last_signed_at: datetime | None
    last_verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class RevokedKey:
    """A key that counts no longer, wherever its ring is."""

    kid: str
    algorithm: str
    public_jwk: Mapping[str, Any]
    created_at: datetime
    revoked_at: datetime


class KeyLedger(Protocol):
    """What the database keeps of keys, whatever their store. Every method is one transaction and raises
    DatabaseUnavailable."""

    async def revoke(
        self, keys: Sequence[StoredKey], *, by: Actor, now: datetime, tokens_expire_at: datetime
    ) -> None:
        """Record the keys as revoked for good, tell every replica by the feed, and the audit trail.
        Idempotent."""

    async def revoked(self) -> Sequence[RevokedKey]:
        """Every key that was ever revoked, newest first."""

    async def note_rotation(
        self, *, by: Actor, now: datetime, active: str, next_: str, retired: str | None
    ) -> None:
        """Tell running replicas that the ring has changed, and the audit trail what it is now."""

    async def keep_copy(self, copy: RingCopy) -> None: ...

    async def copy(self, place: str) -> RingCopy | None: ...

    async def note_uses(self, uses: Mapping[str, KeyUse]) -> None:
        """Take over what a replica has seen; the later time wins."""

    async def uses(self) -> Mapping[str, KeyUse]: ...
