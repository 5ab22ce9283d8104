"""``SessionStore`` and ``RevocationLog`` in dictionaries: the ports in their simplest form.

Every method lets other tasks run once before it does its work in one piece, so that callers
interleave as they do on a database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

from tests.sessions.parts import TOKENS_LIVE
from watchword.auth.ports import EndReason, LiveSession, NewSession, ProviderIdentity, Revocation, Rotation
from watchword.errors import UserDisabled
from watchword.protocol.rotation import SessionFacts


@dataclass
class _Account:
    roles: frozenset[str]
    version: int = 1
    active: bool = True
    user_id: UUID = field(default_factory=uuid4)


@dataclass
class _Row:
    identity: ProviderIdentity
    account: _Account
    opened: NewSession
    facts: SessionFacts
    user_version: int


class MemoryStore:
    """Accounts are found by subject alone."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._rows: dict[UUID, _Row] = {}
        self._entries: list[Revocation] = []

    async def open(self, identity: ProviderIdentity, new: NewSession) -> LiveSession:
        await asyncio.sleep(0)
        account = self._accounts.setdefault(identity.subject, _Account(identity.roles or frozenset()))
        if not account.active:
            raise UserDisabled("account disabled")
        if identity.roles is not None and account.roles != identity.roles:
            account.roles = identity.roles
            self._tell_live_sessions(account, new.created_at)
        facts = SessionFacts(
            session_id=new.session_id,
            client_id=new.client_id,
            generation=1,
            refresh_digest=new.refresh_digest,
            previous_digest=None,
            sealed_successor=None,
            rotated_at=None,
            idle_ends_at=new.idle_ends_at,
            absolute_ends_at=new.absolute_ends_at,
            revoked_at=None,
            user_active=True,
        )
        row = self._rows[new.session_id] = _Row(identity, account, new, facts, account.version)
        return _live(row)

    async def rotate(self, rotation: Rotation) -> LiveSession | None:
        await asyncio.sleep(0)
        row = self._rows.get(rotation.session_id)
        if row is None or not self._is_live(row, rotation.now):
            return None
        if row.facts.refresh_digest != rotation.presented_digest:
            return None
        if rotation.client_id not in (None, row.facts.client_id) or row.user_version != row.account.version:
            return None
        row.facts = replace(
            row.facts,
            generation=row.facts.generation + 1,
            refresh_digest=rotation.successor_digest,
            previous_digest=rotation.presented_digest,
            sealed_successor=rotation.sealed_successor,
            rotated_at=rotation.now,
            idle_ends_at=min(rotation.idle_ends_at, row.facts.absolute_ends_at),
        )
        return _live(row)

    async def facts(self, session_id: UUID) -> SessionFacts | None:
        await asyncio.sleep(0)
        row = self._rows.get(session_id)
        return None if row is None else replace(row.facts, user_active=row.account.active)

    async def find(self, session_id: UUID, *, now: datetime) -> LiveSession | None:
        await asyncio.sleep(0)
        row = self._rows.get(session_id)
        return None if row is None or not self._is_live(row, now) else _live(row)

    async def end(
        self, session_id: UUID, *, reason: EndReason, now: datetime, tokens_expire_at: datetime
    ) -> bool:
        await asyncio.sleep(0)
        row = self._rows.get(session_id)
        if row is None or row.facts.revoked_at is not None:
            return False
        row.facts = replace(row.facts, revoked_at=now, sealed_successor=None)
        self._append(Revocation(0, "session", now, tokens_expire_at, session_id))
        return True

    async def unexpired(self, *, now: datetime) -> Sequence[Revocation]:
        return [each for each in self._entries if each.expires_at > now]

    async def since(
        self, sequence: int, *, missing: Collection[int] = (), again_from: datetime
    ) -> Sequence[Revocation]:
        """Every call here is a transaction of its own, so that no number is missing."""
        return [each for each in self._entries if each.sequence > sequence or each.created_at >= again_from]

    async def set_active(self, subject: str, active: bool, *, now: datetime) -> None:
        """Disable or enable an account, in one piece with what its live sessions must learn."""
        await asyncio.sleep(0)
        account = self._accounts[subject]
        if account.active != active:
            account.active = active
            self._tell_live_sessions(account, now)

    def _tell_live_sessions(self, account: _Account, now: datetime) -> None:
        account.version += 1
        for row in self._rows.values():
            if row.account is account and row.facts.revoked_at is None:
                row.user_version = account.version
                generation, session_id = row.facts.generation, row.facts.session_id
                self._append(Revocation(0, "generation", now, now + TOKENS_LIVE, session_id, generation))

    def _append(self, entry: Revocation) -> None:
        self._entries.append(replace(entry, sequence=len(self._entries) + 1))

    def _is_live(self, row: _Row, now: datetime) -> bool:
        facts = row.facts
        return (
            facts.revoked_at is None
            and now < facts.idle_ends_at
            and now < facts.absolute_ends_at
            and row.account.active
        )


def _live(row: _Row) -> LiveSession:
    opened, identity = row.opened, row.identity
    return LiveSession(
        session_id=opened.session_id,
        user_id=row.account.user_id,
        client_id=opened.client_id,
        scopes=opened.scopes,
        roles=row.account.roles,
        issuer=identity.issuer,
        subject=identity.subject,
        provider_id=identity.provider_id,
        email=identity.email,
        name=identity.name,
        generation=row.facts.generation,
        created_at=opened.created_at,
        auth_time=opened.auth_time,
        auth_time_asserted=opened.auth_time_asserted,
        idle_ends_at=row.facts.idle_ends_at,
        absolute_ends_at=opened.absolute_ends_at,
    )
