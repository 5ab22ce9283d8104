"""Accounts and their sessions, as people and operators see and change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from watchword.auth.account_ports import (
    Account,
    AccountStatus,
    AccountStore,
    Act,
    Actor,
    ListedSession,
    RoleChange,
)
from watchword.auth.ports import Clock
from watchword.config.values import IDENTIFIER
from watchword.errors import AccountNotFound, InvalidRequest, RoleNameInvalid, SessionNotFound
from watchword.protocol.printable import printable
from watchword.protocol.roles import ROLE_PATTERN

MAX_LISTED: Final = 1000
MAX_ROLES_AT_ONCE: Final = 100


class AccountManager:
    """``by`` is who acts; ``on_ended`` gets each session that this process ended, so that its access
    tokens are refused here at once. Other processes learn of everything by the feed."""

    def __init__(
        self,
        store: AccountStore,
        *,
        clock: Clock,
        tokens_live_seconds: int,
        by: Actor,
        on_ended: Callable[[UUID, datetime], None] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tokens_live = timedelta(seconds=tokens_live_seconds)
        self._by = by
        self._on_ended = on_ended

    async def sessions(
        self, user_id: UUID | None = None, *, after: UUID | None = None, limit: int = MAX_LISTED
    ) -> Sequence[ListedSession]:
        """Live sessions of an account, or of all, in the order they were opened."""
        return await self._store.sessions(
            now=self._clock.now(), user_id=user_id, after=after, limit=min(limit, MAX_LISTED)
        )

    async def end_session(self, user_id: UUID, session_id: UUID) -> None:
        """End one session of an account. Raises SessionNotFound, the same for what is unknown, has
        ended or is somebody else's."""
        act = self._act()
        if not await self._store.end_session(session_id, owner=user_id, reason="revoked", act=act):
            raise SessionNotFound(f"account {user_id} has no session {session_id} to end")
        self._ended([session_id], act)

    async def revoke_session(self, session_id: UUID) -> bool:
        """End a session of whoever it is; False when it is unknown or ended already."""
        act = self._act()
        ended = await self._store.end_session(session_id, owner=None, reason="revoked", act=act)
        return bool(self._ended([session_id] if ended else [], act))

    async def end_others(self, user_id: UUID, *, keep: UUID) -> int:
        """End every session of an account but one; how many there were."""
        act = self._act()
        return self._ended(await self._store.end_sessions(user_id, keep=keep, reason="revoked", act=act), act)

    async def log_out_everywhere(self, user_id: UUID) -> int:
        """End every session of an account at its owner's wish; how many there were."""
        act = self._act()
        return self._ended(await self._store.end_sessions(user_id, reason="logout", act=act), act)

    async def revoke_all(self, user_id: UUID) -> int:
        """End every session of an account; how many there were. Raises AccountNotFound."""
        await self.account(user_id)
        act = self._act()
        return self._ended(await self._store.end_sessions(user_id, reason="revoked", act=act), act)

    async def revoke_client(self, client_id: str) -> int:
        """End every session of a client, and what tokens it got so far; how many sessions there were.
        The client need not be registered any more. Raises InvalidRequest for what is no client id."""
        if not IDENTIFIER.fullmatch(client_id):
            raise InvalidRequest(f"'{printable(client_id)}' is no client id")
        act = self._act()
        return self._ended(await self._store.end_client(client_id, act=act), act)

    async def accounts(
        self, text: str | None = None, *, after: UUID | None = None, limit: int = MAX_LISTED
    ) -> Sequence[Account]:
        """Accounts with ``text`` in e-mail or name, in the order they were made."""
        return await self._store.search(text, after=after, limit=min(limit, MAX_LISTED))

    async def account(self, user_id: UUID) -> Account:
        """Raises AccountNotFound."""
        return _known(await self._store.find(user_id), user_id)

    async def change_roles(
        self,
        user_id: UUID,
        *,
        grant: Iterable[str] = (),
        ungrant: Iterable[str] = (),
        deny: Iterable[str] = (),
        undeny: Iterable[str] = (),
    ) -> Account:
        """Change the granted and denied roles; live tokens are refused as after a logout, and the
        next refresh brings what holds now. Raises RoleNameInvalid, InvalidRequest for more than a
        hundred names, AccountNotFound, TooManyRoles."""
        change = RoleChange(*(frozenset(names) for names in (grant, ungrant, deny, undeny)))
        named = change.grant | change.ungrant | change.deny | change.undeny
        for name in sorted(named):
            if not ROLE_PATTERN.fullmatch(name):
                raise RoleNameInvalid(
                    f"'{printable(name)}' is no role name: 1 to 64 letters, digits and _ . : / -"
                )
        if len(named) > MAX_ROLES_AT_ONCE:
            raise InvalidRequest(f"at most {MAX_ROLES_AT_ONCE} roles can be changed at once")
        return _known(await self._store.change_roles(user_id, change, act=self._act()), user_id)

    async def disable(self, user_id: UUID) -> Account:
        """Refuse sign-ins of an account and end all its sessions. Raises AccountNotFound."""
        return await self._set_status(user_id, "disabled")

    async def enable(self, user_id: UUID) -> Account:
        """Let an account sign in again; its sessions stay ended. Raises AccountNotFound."""
        return await self._set_status(user_id, "active")

    async def _set_status(self, user_id: UUID, status: AccountStatus) -> Account:
        return _known(await self._store.set_status(user_id, status, act=self._act()), user_id)

    def _act(self) -> Act:
        now = self._clock.now()
        return Act(now, now + self._tokens_live, self._by)

    def _ended(self, sessions: Sequence[UUID], act: Act) -> int:
        if self._on_ended is not None:
            for session_id in sessions:
                self._on_ended(session_id, act.tokens_expire_at)
        return len(sessions)


def _known(account: Account | None, user_id: UUID) -> Account:
    if account is None:
        raise AccountNotFound(f"there is no account {user_id}")
    return account
