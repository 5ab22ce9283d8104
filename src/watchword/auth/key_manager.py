"""What operators do to the ring: look at it, rotate it, revoke keys of it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from watchword.auth.account_ports import Actor
from watchword.auth.key_maker import KeyMaker
from watchword.auth.key_ports import KeyLedger, KeyState, KeyStore, KeyUse
from watchword.auth.logs import tell
from watchword.auth.ports import Clock
from watchword.auth.ring import ChangedRing, ReadRing, Ring
from watchword.auth.sealing import Sealer
from watchword.errors import (
    Contended,
    DatabaseUnavailable,
    KeyStoreInvalid,
    KeyStoreUnavailable,
    KeyUnknown,
    RotationTooSoon,
    SealBroken,
)
from watchword.protocol.key_ring import RingPolicy, by_hand, due, missing, only, signer, without

TOLD: Final = timedelta(days=30)
"""For how long the feed tells that a key was revoked. Whoever took it goes on making tokens, so replicas that
were cut off for longer than a token lives have to hear of it before they accept one."""
_NEVER = KeyUse(None, None)


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What ``keys list`` shows of a key; times are aware UTC."""

    kid: str
    algorithm: str
    state: KeyState | Literal["revoked"]
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None
    verify_until: datetime | None
    revoked_at: datetime | None
    last_signed_at: datetime | None
    last_verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rotated:
    """The ring after a change, by key ids; ``retired`` is empty where no key that signed was retired."""

    active: str
    next: str
    retired: str


@dataclass(frozen=True, slots=True)
class RevokedKeys:
    """Which keys were revoked now, and which signs from here on: None while the store that a new ring has to
    be written to is away and none of the keys already held is left. ``pending`` says why the ring could not
    be changed yet; what was revoked counts nowhere all the same."""

    revoked: tuple[str, ...]
    active: str | None
    pending: str | None = None


class KeyManager:
    """One ring, changed by whoever gets there first. ``tokens_live_seconds`` is how long a token may count
    after the key that signed it has retired."""

    def __init__(
        self,
        store: KeyStore,
        ledger: KeyLedger,
        sealer: Sealer,
        clock: Clock,
        *,
        algorithm: str,
        rotate_after_seconds: int,
        tokens_live_seconds: int,
        by: Actor,
    ) -> None:
        policy = RingPolicy(algorithm, rotate_after_seconds, tokens_live_seconds)
        self.ring = Ring(store, ledger, KeyMaker(sealer, clock), clock, policy)
        self._ledger = ledger
        self._clock = clock
        self._policy = policy
        self._by = by

    async def check(self) -> None:
        """Whoever cannot open what signs must not change the ring of those who can. Raises SecretKeyMismatch
        for an active or next key sealed under a ``SECRET_KEY`` that is not ours; other faults of a key are
        no reason not to revoke it. Raises what ``list`` raises."""
        for key in (await self.ring.read()).keys:
            if key.state != "retired":
                with suppress(SealBroken, KeyStoreInvalid):
                    self.ring.maker.check(key)

    async def list(self) -> Sequence[KeyReport]:
        """Every key of the ring, newest first, then those revoked. Raises KeyStoreUnavailable,
        KeyStoreInvalid, DatabaseUnavailable."""
        seen, uses = await self.ring.read(), await self._ledger.uses()
        held = [
            KeyReport(
                kid=key.kid,
                algorithm=key.algorithm,
                state=key.state,
                created_at=key.created_at,
                activated_at=key.activated_at,
                retired_at=key.retired_at,
                verify_until=key.verify_until,
                revoked_at=None,
                **_used(uses.get(key.kid, _NEVER)),
            )
            for key in sorted(seen.keys, key=lambda key: key.created_at, reverse=True)
        ]
        gone = [
            KeyReport(
                kid=key.kid,
                algorithm=key.algorithm,
                state="revoked",
                created_at=key.created_at,
                activated_at=None,
                retired_at=None,
                verify_until=None,
                revoked_at=key.revoked_at,
                **_used(uses.get(key.kid, _NEVER)),
            )
            for key in await self._ledger.revoked()
        ]
        return held + gone

    async def rotate(self, *, at_once: bool = False) -> Rotated:
        """Let the next key sign, retire the active one, announce another. Raises RotationTooSoon while
        readers may not have seen the next key yet, unless ``at_once``: also where one of another algorithm
        than is configured is announced, which another takes the place of now. Whoever rotates while another
        does finds it done. Raises KeyStoreUnavailable, KeyStoreInvalid, Contended, DatabaseUnavailable."""
        await self.ring.repaired()
        first: list[str] = []
        waits: list[float] = []

        def decide(seen: ReadRing, now: datetime) -> frozenset[str] | None:
            active = only(seen.keys, "active")
            first.append("" if active is None else active.kid)
            if first[0] != first[-1]:
                return None
            retire, wait = by_hand(seen.keys, self._policy, now, at_once=at_once)
            waits.append(wait)
            return retire if retire or missing(seen.keys) else None

        changed = await self.ring.change(decide)
        rotated = await self._told(changed, before=first[0])
        if rotated.active == first[0]:
            raise RotationTooSoon(
                "readers of the key set may not have seen the next key yet: "
                f"rotate in {math.ceil(waits[-1])} seconds, or at once"
            )
        return rotated

    async def rotate_if_due(self) -> Rotated | None:
        """What the schedule does: repair the ring, announce a key of the configured algorithm, or rotate.
        None where the ring is as it was, or became so by another's doing. Raises what ``rotate`` raises, but
        RotationTooSoon."""

        before: list[str] = []

        def decide(seen: ReadRing, now: datetime) -> frozenset[str] | None:
            before[:] = [key.kid for key in seen.keys if key.state == "active"]
            retire = due(seen.keys, self._policy, now)
            return frozenset() if retire is None and seen.needs_repair else retire

        changed = await self.ring.change(decide)
        return await self._told(changed, before="".join(before)) if changed.by_us else None

    async def revoke(self, kids: Collection[str] | None) -> RevokedKeys:
        """End every token that these keys signed, None for all keys, and sign with another at once.

        Keys that were revoked before are no error. Raises KeyUnknown with nothing done when one of ``kids``
        is no key of the ring; KeyStoreUnavailable and KeyStoreInvalid while it is not known what the ring
        holds; DatabaseUnavailable. What fails after the keys were revoked is told as ``pending``.
        """
        seen = await self.ring.read()
        chosen = {key.kid for key in seen.keys} if kids is None else set(kids)
        unknown = chosen - {key.kid for key in seen.keys} - seen.revoked
        if unknown:
            raise KeyUnknown(f"no key of the ring in {self.ring.place} is {', '.join(sorted(unknown))}")
        ended = [key for key in seen.keys if key.kid in chosen]
        if ended:
            now = self._clock.now()
            until = now + max(TOLD, timedelta(seconds=self._policy.verify_seconds))
            await self._ledger.revoke(ended, by=self._by, now=now, tokens_expire_at=until)
        left = signer(without(seen.keys, chosen))
        revoked = tuple(key.kid for key in ended)
        try:
            changed = await self.ring.repaired()
        except (KeyStoreUnavailable, KeyStoreInvalid, Contended, DatabaseUnavailable) as error:
            message = "signing keys: revoked, and the store could not be told yet: %s"
            tell("key_change_untold", message, error=error)
            return RevokedKeys(revoked, None if left is None else left.kid, pending=error.detail)
        return RevokedKeys(revoked, (await self._told(changed, before="")).active)

    async def _told(self, changed: ChangedRing, *, before: str) -> Rotated:
        """The ring as it is now, which is complete. A change of ours is told to the others; it stands, and
        they find it by themselves, where that fails."""
        active = "".join(key.kid for key in changed.keys if key.state == "active")
        announced = "".join(key.kid for key in changed.keys if key.state == "next")
        retired = "" if before == active else before
        if changed.by_us:
            now = self._clock.now()
            try:
                await self._ledger.note_rotation(
                    by=self._by, now=now, active=active, next_=announced, retired=retired or None
                )
            except DatabaseUnavailable as error:
                tell("key_change_untold", "signing keys: changed, and nobody could be told: %s", error=error)
        return Rotated(active=active, next=announced, retired=retired)


def _used(use: KeyUse) -> dict[str, datetime | None]:
    return {"last_signed_at": use.last_signed_at, "last_verified_at": use.last_verified_at}
