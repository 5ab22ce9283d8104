"""What no longer counts, as a few dictionaries that a request can be held against."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeVar

from watchword.auth.ports import AND_EARLIER, Revocation
from watchword.protocol.access_token import generation_of
from watchword.protocol.principal import Principal
from watchword.protocol.refresh_token import MAX_GENERATION

CLIENT_MARGIN_SECONDS: Final = 5
"""How far the clocks of replicas, which issue the tokens of clients, may lie apart."""
SUBJECT_MARGIN_SECONDS: Final = 60
"""The same for the clock of a provider."""

Key = TypeVar("Key")
Until = tuple[float, datetime]
"""The last generation, or the last moment of issue in seconds since 1970, that is refused; and
when the entry may be forgotten, because no token it concerns is left."""


class Revoked:
    """Entries of the feed until they expire. A whole session is one whose every generation ended.

    Tokens of a client or subject are refused when they were issued before the entry: whoever was
    admitted again afterwards gets tokens that count. A margin makes up for clocks that differ.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, Until] = {}
        self._tokens: dict[str, datetime] = {}
        self._clients: dict[str, Until] = {}
        self._subjects: dict[tuple[str, str], Until] = {}
        self._accounts: dict[tuple[str, str], Until] = {}
        self._purges: dict[int, datetime] = {}
        self._all_until: tuple[str, datetime] | None = None

    def covers(self, caller: Principal) -> bool:
        """Whether an entry refuses the token behind ``caller``."""
        if caller.session_id is not None:
            ended = self._sessions.get(caller.session_id)
            if ended is not None and _generation_within(caller, ended):
                return True
            if self._all_until is not None and caller.session_id <= self._all_until[0]:
                return True
        return (
            caller.token_id in self._tokens
            or (bool(self._clients) and _issued_within(caller, self._clients.get(caller.client_id)))
            or (
                bool(self._subjects)
                and _issued_within(caller, self._subjects.get((caller.issuer, caller.subject)))
            )
        )

    def is_superseded(self, caller: Principal) -> bool:
        """Whether only tokens up to a generation ended, and the session itself goes on."""
        ended = None if caller.session_id is None else self._sessions.get(caller.session_id)
        return ended is not None and ended[0] < MAX_GENERATION and not self.ended_with_all(caller.session_id)

    def ended_with_all(self, session_id: str | None) -> bool:
        """Whether every session opened until then ended. Ids of sessions are made in their order."""
        return self._all_until is not None and session_id is not None and session_id <= self._all_until[0]

    def end_all(self, last_session_id: str, expires_at: datetime) -> bool:
        """Take over that this session ended with every one opened before it."""
        known = self._all_until
        wider = (last_session_id, expires_at)
        if known is not None:
            wider = (max(known[0], last_session_id), max(known[1], expires_at))
        self._all_until = wider
        return wider != known

    def end_session(self, session_id: str, expires_at: datetime) -> bool:
        return _widen(self._sessions, session_id, (MAX_GENERATION, expires_at))

    def end_token(self, token_id: str, expires_at: datetime) -> bool:
        is_new = token_id not in self._tokens
        self._tokens[token_id] = expires_at
        return is_new

    def take(self, entry: Revocation) -> bool:
        """Keep one entry; those about keys of ours are not about callers. False when it says nothing
        new: entries are read more than once."""
        expires_at, issued_at = entry.expires_at, entry.created_at.timestamp()
        match entry.kind:
            case "session" if entry.session_id is not None and entry.value == AND_EARLIER:
                return self.end_all(str(entry.session_id), expires_at)
            case "session" if entry.session_id is not None:
                return self.end_session(str(entry.session_id), expires_at)
            case "generation" if entry.session_id is not None and entry.generation is not None:
                return _widen(self._sessions, str(entry.session_id), (entry.generation, expires_at))
            case "token" if entry.value is not None:
                return self.end_token(entry.value, expires_at)
            case "client" if entry.value is not None:
                return _widen(self._clients, entry.value, (issued_at + CLIENT_MARGIN_SECONDS, expires_at))
            case "subject" if entry.issuer is not None and entry.value is not None:
                whom = (entry.issuer, entry.value)
                if entry.generation is not None:
                    return _widen(self._accounts, whom, (entry.generation, expires_at))
                return _widen(self._subjects, whom, (issued_at + SUBJECT_MARGIN_SECONDS, expires_at))
            case "key" if entry.issuer is not None:
                is_new = entry.sequence not in self._purges
                self._purges[entry.sequence] = expires_at
                return is_new
            case _:
                return False

    def forget_expired(self, now: datetime) -> None:
        self._sessions = {key: until for key, until in self._sessions.items() if until[1] > now}
        self._tokens = {key: expires_at for key, expires_at in self._tokens.items() if expires_at > now}
        self._clients = {key: until for key, until in self._clients.items() if until[1] > now}
        self._subjects = {key: until for key, until in self._subjects.items() if until[1] > now}
        self._accounts = {key: until for key, until in self._accounts.items() if until[1] > now}
        self._purges = {key: expires_at for key, expires_at in self._purges.items() if expires_at > now}
        if self._all_until is not None and self._all_until[1] <= now:
            self._all_until = None


def _widen(entries: dict[Key, Until], key: Key, until: Until) -> bool:
    """Two entries about the same thing count as the wider one of both. Whether that says more."""
    known = entries.get(key)
    wider = until if known is None else (max(known[0], until[0]), max(known[1], until[1]))
    entries[key] = wider
    return wider != known


def _generation_within(caller: Principal, ended: Until) -> bool:
    """A token that does not say its generation may be of any."""
    generation = generation_of(caller.token_id or "")
    return generation is None or generation <= ended[0]


def _issued_within(caller: Principal, revoked: Until | None) -> bool:
    """A token that does not say when it was issued may be of any time."""
    if revoked is None:
        return False
    issued_at = caller.claims.get("iat")
    return not isinstance(issued_at, int | float) or issued_at <= revoked[0]
