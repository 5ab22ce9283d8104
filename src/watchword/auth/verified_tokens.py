"""Tokens whose signature and claims were checked, so that the same text need not be checked again.

What may change between two requests is never remembered: the time, the keys and what was revoked are
looked at whenever a token is found here. Refused tokens are not kept: a stranger can make any number
of them, and a refusal may be over with the next key or the next second.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from threading import Lock
from typing import Final, NamedTuple

from watchword.protocol.jwk import KeySet, VerificationKey
from watchword.protocol.principal import Principal

MAX_TOKENS: Final = 20_000
MAX_BYTES: Final = 64 * 1024 * 1024

_BYTES_PER_TOKEN: Final = 500
_BYTES_PER_CHARACTER: Final = 8
"""What a token of ours and all that was read from it take at most in memory, by its length."""


class _Entry(NamedTuple):
    principal: Principal
    seconds: range
    key: VerificationKey
    size: int


class VerifiedTokens:
    """The most recently used tokens, by their whole text, up to a number and a size.

    Worker threads may use it too: finding takes no lock, whatever changes the cache does.
    """

    def __init__(self, *, max_tokens: int = MAX_TOKENS, max_bytes: int = MAX_BYTES) -> None:
        self._max_tokens = max_tokens
        self._max_bytes = max_bytes
        self._keys = KeySet(())
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._related: dict[Hashable, set[str]] = {}
        self._bytes = 0
        self._lock = Lock()
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, token: str) -> bool:
        """Whether the token was verified here once; it may count no longer."""
        return token in self._entries

    def find(self, token: str, *, now_seconds: int, keys: KeySet) -> Principal | None:
        """Whose the token is, if it was verified with one of ``keys`` and its times hold now."""
        if keys is not self._keys:
            with self._lock:
                self._adopt(keys)
        entry = self._entries.get(token)
        if entry is None or now_seconds not in entry.seconds:
            return None
        try:
            self._entries.move_to_end(token)
        except KeyError:
            return None
        return entry.principal

    def keep(
        self, token: str, principal: Principal, *, key: VerificationKey, keys: KeySet, seconds: range
    ) -> None:
        """Remember a token that ``key`` verified, unless that is none of ``keys`` any more; ``seconds``
        since 1970 are those in which its times hold. Whatever was not used for longest makes room."""
        size = _BYTES_PER_TOKEN + _BYTES_PER_CHARACTER * len(token)
        if size > self._max_bytes or key not in keys.keys:
            return
        entry = _Entry(principal, seconds, key, size)
        with self._lock:
            self._adopt(keys)
            self._drop((token,))
            self._entries[token] = entry
            self._bytes += size
            for relation in _relations(principal):
                self._related.setdefault(relation, set()).add(token)
            while len(self._entries) > self._max_tokens or self._bytes > self._max_bytes:
                self._unrelate(*self._entries.popitem(last=False))

    def evict(self, issuer: str, subject: str) -> None:
        """Forget the tokens of an account that changed. ``evictions`` counts, for whoever has just
        read what may be old already."""
        self.evictions += 1
        self._evict((issuer, subject))

    def evict_session(self, session_id: str) -> None:
        """Forget the tokens of a session that ended or changed."""
        self._evict(session_id)

    def clear(self) -> None:
        """Forget every token. Counts as an eviction."""
        self.evictions += 1
        with self._lock:
            self._drop(tuple(self._entries))

    def forget_expired(self, now_seconds: int) -> None:
        """Let go of every token whose time is over."""
        with self._lock:
            held = list(self._entries.items())
            self._drop(token for token, entry in held if entry.seconds.stop <= now_seconds)

    def _adopt(self, keys: KeySet) -> None:
        """Go by another edition of the key ring: what a key verified that has left leaves with it."""
        if keys is self._keys:
            return
        gone = [key for key in self._keys.keys if key not in keys.keys]
        if gone:
            held = list(self._entries.items())
            self._drop(token for token, entry in held if entry.key in gone)
        self._keys = keys

    def _evict(self, relation: Hashable) -> None:
        with self._lock:
            self._drop(tuple(self._related.get(relation, ())))

    def _drop(self, tokens: Iterable[str]) -> None:
        for token in tokens:
            entry = self._entries.pop(token, None)
            if entry is not None:
                self._unrelate(token, entry)

    def _unrelate(self, token: str, entry: _Entry) -> None:
        self._bytes -= entry.size
        for relation in _relations(entry.principal):
            related = self._related[relation]
            related.discard(token)
            if not related:
                del self._related[relation]


def _relations(caller: Principal) -> tuple[Hashable, ...]:
    """What a caller's token is forgotten with, besides its key."""
    account = (caller.issuer, caller.subject)
    return (account,) if caller.session_id is None else (account, caller.session_id)
