"""What becomes of the keys of a ring: next, then active, then retired, then gone.

A key is published before it signs, for as long as readers of the key set may go without looking again, and
after it has signed for as long as its last token may live. Every change is made the same way: some keys
retire, and what is missing afterwards is filled, from the announced key where there is one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import Field, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Literal, Protocol, TypeVar

READER_CACHE_SECONDS: Final = 300
"""The ``max-age`` that the key set is published with."""
LAG_SECONDS: Final = 90
"""What replicas take at most to read a ring that another one has changed, and their clocks' differences."""
ANNOUNCE_SECONDS: Final = READER_CACHE_SECONDS + LAG_SECONDS

State = Literal["next", "active", "retired"]
_TICK: Final = timedelta(microseconds=1)
_LAST_YEAR: Final = 9000
"""What is later leaves no room for the times that follow from it."""


class RingKey(Protocol):
    """What the rules look at of a key; times are aware UTC."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def kid(self) -> str: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def state(self) -> State: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def activated_at(self) -> datetime | None: ...
    @property
    def retired_at(self) -> datetime | None: ...
    @property
    def verify_until(self) -> datetime | None: ...


K = TypeVar("K", bound=RingKey)


class RingFault(ValueError):
    """The keys are no ring; says why."""


@dataclass(frozen=True, slots=True)
class RingPolicy:
    """What an operator wants of a ring. ``tokens_live_seconds`` is the longest life of a token, leeway
    included."""

    algorithm: str
    rotate_after_seconds: int
    tokens_live_seconds: int

    @property
    def announce_seconds(self) -> int:
        """How long a key is published before it signs. Whoever rotates faster than readers look says that
        they look more often."""
        return min(ANNOUNCE_SECONDS, self.rotate_after_seconds)

    @property
    def verify_seconds(self) -> int:
        """How long a key counts after it has retired: replicas that do not know yet still sign with it."""
        return self.tokens_live_seconds + LAG_SECONDS


def check_ring(keys: Sequence[RingKey], *, revoked: Collection[str] = ()) -> None:
    """Raises RingFault for keys that are no ring. One without an active key is none either, unless keys
    were ``revoked``. No keys at all are the ring before the first."""
    if len({key.kid for key in keys}) != len(keys):
        raise RingFault("two keys have the same kid")
    for state in ("active", "next"):
        found = sum(key.state == state for key in keys)
        if found > 1:
            raise RingFault(f"{found} keys are {state}")
    if keys and not revoked and only(keys, "active") is None:
        raise RingFault("no key is active")
    for key in keys:
        if max(_changes(key)).year > _LAST_YEAR:
            raise RingFault(f"key {key.kid} is of a year after {_LAST_YEAR}")
        if key.state == "retired" and key.verify_until is None:
            raise RingFault(f"key {key.kid} is retired, and does not say until when it verifies")


def only(keys: Sequence[K], state: State) -> K | None:
    """The key in a state that at most one is in."""
    return next((key for key in keys if key.state == state), None)


def signer(keys: Sequence[K]) -> K | None:
    """The key that signs; the announced one where the active one was revoked."""
    return only(keys, "active") or only(keys, "next")


def without(keys: Sequence[K], kids: Collection[str]) -> tuple[K, ...]:
    """The others: what is left after keys were revoked."""
    return tuple(key for key in keys if key.kid not in kids)


def published(keys: Sequence[K], now: datetime) -> tuple[K, ...]:
    """The keys whose tokens may count at ``now``, and those that will sign next."""
    return tuple(key for key in keys if key.verify_until is None or key.verify_until > now)


def edition(keys: Sequence[RingKey]) -> datetime | None:
    """When the ring was last changed, as its keys tell; None where there are none."""
    return max((time for key in keys for time in _changes(key)), default=None)


def _changes(key: RingKey) -> list[datetime]:
    times = (key.created_at, key.activated_at, key.retired_at)
    return [time for time in times if time is not None]


def moment_of_change(keys: Sequence[RingKey], now: datetime) -> datetime:
    """``now``, but after every change before, so that editions can be told apart whatever the clocks say."""
    last = edition(keys)
    return now if last is None else max(now, last + _TICK)


def wait_seconds(key: RingKey, policy: RingPolicy, now: datetime) -> float:
    """For how long the announced key is not to sign yet; 0 where every reader has had time to see it."""
    ready_at = key.created_at + timedelta(seconds=policy.announce_seconds)
    return max(0.0, (ready_at - now).total_seconds())


def due(keys: Sequence[RingKey], policy: RingPolicy, now: datetime) -> frozenset[str] | None:
    """Which keys the schedule retires now: the active one is old or of another algorithm than it should
    be; or the announced one is, and must be so for a while before another takes its place, so that
    replicas that were told different things do not chase each other. Empty where only a key is missing;
    None where nothing is to be done."""
    active, announced = only(keys, "active"), only(keys, "next")
    if active is None or announced is None:
        return frozenset()
    if wait_seconds(announced, policy, now) > 0:
        return None
    if announced.algorithm != policy.algorithm:
        return frozenset({announced.kid})
    since = active.activated_at or active.created_at
    is_old = now - since >= timedelta(seconds=policy.rotate_after_seconds)
    return frozenset({active.kid}) if is_old or active.algorithm != policy.algorithm else None


def by_hand(
    keys: Sequence[RingKey], policy: RingPolicy, now: datetime, *, at_once: bool
) -> tuple[frozenset[str], float]:
    """Which keys an operator's rotation retires, and how many seconds later it can be done where it cannot
    yet be: then only an announced key of the wrong algorithm retires."""
    active = {key.kid for key in keys if key.state == "active"}
    misfits = {key.kid for key in keys if key.state == "next" and key.algorithm != policy.algorithm}
    if at_once:
        return frozenset(active | misfits), 0.0
    if misfits or only(keys, "next") is None:
        return frozenset(misfits), float(policy.announce_seconds)
    wait = max(wait_seconds(key, policy, now) for key in keys if key.state == "next")
    return frozenset(() if wait > 0 else active), wait


def retiring(keys: Sequence[K], kids: Collection[str], policy: RingPolicy, now: datetime) -> tuple[K, ...]:
    """The ring when those keys sign no more; retired keys whose time is over leave it. An announced key
    may have signed, where the active one was revoked, so it goes the same way."""
    until = now + timedelta(seconds=policy.verify_seconds)
    return tuple(
        replace(key, state="retired", retired_at=now, verify_until=until) if key.kid in kids else key
        for key in published(keys, now)
    )


def missing(keys: Sequence[RingKey]) -> int:
    """How many fresh keys ``completed`` needs."""
    return 2 - sum(key.state in ("active", "next") for key in keys)


def completed(keys: Sequence[K], fresh: Sequence[K], now: datetime) -> tuple[K, ...]:
    """The ring with one active key, the announced one first, and another announced; newest first."""
    entered = [replace(key, state="next", created_at=now, activated_at=None) for key in fresh]
    active = only(keys, "active")
    if active is None:
        announced = only(keys, "next") or entered.pop()
        active = replace(announced, state="active", activated_at=now)
        keys = [active, *without(keys, {active.kid})]
    return tuple(sorted([*entered, *keys], key=lambda key: key.created_at, reverse=True))
