"""The signing keys as this process holds them: used from memory, read anew behind the requests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Literal

from watchword.auth.flight import Flight
from watchword.auth.key_ports import KeyState, StoredKey
from watchword.auth.key_uses import KeyUses
from watchword.auth.logs import cause_of, tell
from watchword.auth.ports import Clock
from watchword.auth.ring import ReadRing, Ring
from watchword.errors import (
    DatabaseUnavailable,
    KeyStoreInvalid,
    KeyStoreUnavailable,
    SealBroken,
    SecretKeyMismatch,
    WatchwordError,
)
from watchword.protocol.jwk import KeySet, key_from_jwk
from watchword.protocol.key_ring import edition, only, published, signer, without
from watchword.protocol.signing import SigningKey

RING_CHANGED: Final = "ring:"
"""Begins what the feed says of a changed ring; the announced key's id follows. No key id has a colon."""
RingState = Literal["ok", "copy", "unreadable"]
"""How the latest reading went: from the store, from the copy beside it, or not well, so that what was held
goes on. A database that is away changes nothing about it."""
PATIENCE_SECONDS: Final = 2.0
_MAX_HEARD = 1000


class Keyring:
    """``cooldown_seconds`` is for how long no unknown key id makes the ring be read again.

    What was revoked stays so here, whatever the store says later; what is held stays while the store is
    away; and a ring that was changed less lately than the one held is not taken.
    """

    def __init__(self, ring: Ring, clock: Clock, *, cooldown_seconds: float = 1.0) -> None:
        self.ring = ring
        self.uses = KeyUses()
        self.news = asyncio.Event()
        self.needs_repair = False
        self._clock = clock
        self._cooldown_seconds = cooldown_seconds
        self._stored: tuple[StoredKey, ...] = ()
        self._open: dict[str, SigningKey] = {}
        self._active: SigningKey | None = None
        self._verifying = KeySet(keys=(), skipped=0)
        self._revoked: set[str] = set()
        self._heard: dict[str, None] = {}
        self._reading: Flight[bool] = Flight()
        self._asked_at: float | None = None
        self._said: str | None = None
        self.read_at: float | None = None
        self.reads = 0
        self.state: RingState = "ok"
        self.signer_changes = 0

    @property
    def active(self) -> SigningKey:
        """The key that signs. Raises KeyStoreUnavailable when none is left or loaded."""
        if self._active is None:
            raise KeyStoreUnavailable("no signing key is held that was not revoked")
        return self._active

    @property
    def can_sign(self) -> bool:
        """Whether a key is left to sign with."""
        return self._active is not None

    @property
    def verifying(self) -> KeySet:
        """Every key whose tokens may still be valid."""
        return self._verifying

    @property
    def keys(self) -> tuple[StoredKey, ...]:
        """The edition that is held, without what was revoked since."""
        return self._stored

    def ages_seconds(self) -> Mapping[tuple[KeyState, str], float]:
        """For how long the active key has signed and the next one is announced, by state and algorithm."""
        now = self._clock.now()
        return {
            (key.state, key.algorithm): (now - (key.activated_at or key.created_at)).total_seconds()
            for key in self._stored
            if key.state != "retired"
        }

    def jwks(self) -> dict[str, Any]:
        """The published key set (RFC 7517 §5): public members only."""
        return {"keys": [dict(key.public_jwk) for key in published(self._stored, self._clock.now())]}

    async def load(self) -> None:
        """Read the ring; make the first one where there is none. Two processes at once make one.

        Raises SecretKeyMismatch when the ring was sealed under a ``SECRET_KEY`` this process does not
        have, SealBroken, KeyStoreInvalid, KeyStoreUnavailable, DatabaseUnavailable. A retired key that was
        altered stops nobody: it is told, and its tokens are refused.
        """
        seen = await self.ring.read()
        if signer(seen.keys) is None:
            try:
                await self.ring.repaired()
            except KeyStoreUnavailable as error:
                if not seen.stored.keys:
                    raise
                self._say(error)
            else:
                seen = await self.ring.read()
        try:
            self._take(seen)
        except (KeyStoreInvalid, SealBroken) as error:
            if {key.kid for key in seen.keys if key.state != "retired"} - {key.kid for key in self._stored}:
                raise
            self.state = "unreadable"
            self._say(error)

    async def reload(self) -> bool:
        """Read the ring again, one reading for all who ask meanwhile. False when that failed, and what
        was held is held on to; told once. Nobody waits longer than two seconds."""
        reading = self._reading.begin(self._reread)
        done, _ = await asyncio.wait({reading}, timeout=PATIENCE_SECONDS)
        return bool(done) and not reading.cancelled() and reading.result()

    async def look_for(self, kid: str) -> bool:
        """Read again, because a token names a key that is not held; whether it is held now. Not more
        often than the cooldown allows, so that strangers' key ids cost nothing."""
        now = self._clock.monotonic()
        if not self._reading.under_way:
            if self._asked_at is not None and now - self._asked_at < self._cooldown_seconds:
                return False
            self._asked_at = now
        await self.reload()
        return self._verifying.knows(kid)

    def hear(self, value: str) -> None:
        """What the feed says of keys of ours: the id of a revoked one, or that the ring has changed. The
        feed says things more than once."""
        if not value.startswith(RING_CHANGED):
            self.forget(value)
        elif value not in self._heard:
            while len(self._heard) >= _MAX_HEARD:
                del self._heard[next(iter(self._heard))]
            self._heard[value] = None
            announced = value.removeprefix(RING_CHANGED)
            if all(key.kid != announced for key in self._stored):
                self.news.set()

    def forget(self, kid: str) -> None:
        """Neither sign nor verify with a revoked key any more, nor publish it; never again. The announced
        key signs at once where it was the active one. Unknown keys are no error."""
        if kid not in self._revoked:
            self._revoked.add(kid)
            if any(key.kid == kid for key in self._stored):
                self._hold(without(self._stored, {kid}))
                self.news.set()

    async def _reread(self) -> bool:
        self.news.clear()
        self.reads += 1
        try:
            self._take(await self.ring.read())
        except Exception as error:
            if not isinstance(error, DatabaseUnavailable):
                self.state = "unreadable"
            self._say(error)
            self._revoked |= self.ring.revoked
            self._hold(without(self._stored, self._revoked))
            return False
        self._say(None)
        return True

    def _take(self, seen: ReadRing) -> None:
        """Keys that do not open are left out, and told of by one error that came of it: that a secret is
        missing before anything else."""
        self._revoked |= seen.revoked
        held, offered = edition(self._stored), edition(seen.keys)
        if held is not None and (offered is None or offered < held):
            self._hold(without(self._stored, self._revoked))
            raise KeyStoreInvalid(f"{self.ring.place}: the key ring is older than the one read before")
        keys, faults = [], []
        for key in published(without(seen.keys, self._revoked), self._clock.now()):
            try:
                self._opened(key)
            except WatchwordError as error:
                faults.append(error)
            else:
                keys.append(key)
        self._hold(tuple(keys))
        self.needs_repair = seen.needs_repair
        if faults:
            raise next((fault for fault in faults if isinstance(fault, SecretKeyMismatch)), faults[0])
        self.state = "copy" if seen.stored.is_copy else "ok"
        self.read_at = self._clock.monotonic()

    def _opened(self, key: StoredKey) -> None:
        if key in self._stored:
            return
        self.ring.maker.check(key)
        if key.state != "retired" and key.kid not in self._open:
            self._open[key.kid] = self.ring.maker.open(key)

    def _hold(self, keys: tuple[StoredKey, ...]) -> None:
        """Where the active key is not among them, whatever signed before goes on while it counts, and
        then the announced key takes its place."""
        self._stored = keys = published(keys, self._clock.now())
        held = {key.kid for key in keys}
        self._open = {kid: key for kid, key in self._open.items() if kid in held}
        active, announced = only(keys, "active"), only(keys, "next")
        before = self._active
        if active is not None:
            self._active = self._open[active.kid]
        elif self._active is None or self._active.kid not in held:
            self._active = None if announced is None else self._open[announced.kid]
        if before is not None and self._active is not None and before.kid != self._active.kid:
            self.signer_changes += 1
        verifying = tuple(key_from_jwk(key.public_jwk) for key in keys)
        if verifying != self._verifying.keys:
            self._verifying = KeySet(verifying, skipped=0)

    def _say(self, error: Exception | None) -> None:
        """One log line when reading begins to fail, or fails otherwise, and one when it works again."""
        said, place = None if error is None else cause_of(error), self.ring.place
        if error is not None and said != self._said:
            tell("keys_away", "signing keys: %s: those held go on: %s", place, error=error, place=place)
        elif said is None and self._said is not None:
            tell("keys_back", "signing keys: %s can be read again", place, place=place)
        self._said = said
