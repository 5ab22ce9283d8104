"""What design and RFC 9700 §4.14.2 say must happen, as plain state: the oracle of the stateful test.

It shares no code with what it judges and knows nothing of storage: a session is the list of the
refresh tokens it ever gave out, in order.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import permutations
from typing import Literal

from tests.sessions.parts import ABSOLUTE_SECONDS, IDLE_SECONDS

IDLE, ABSOLUTE = timedelta(seconds=IDLE_SECONDS), timedelta(seconds=ABSOLUTE_SECONDS)


class Means(Enum):
    """What presenting a refresh token does."""

    ROTATES = auto()
    SAME_AGAIN = auto()
    ENDS_THE_SESSION = auto()
    REFUSED = auto()


@dataclass
class Person:
    roles: frozenset[str]
    active: bool = True


@dataclass
class Chain:
    """A session: ``held`` is the token its honest client last received, ``disturbed`` is set once
    anyone else has presented one of its tokens."""

    name: int
    owner: str
    client_id: str
    tokens: list[str]
    opened_at: datetime
    idle_ends_at: datetime
    held: str
    rotated_at: datetime | None = None
    ended: bool = False
    refused_generation: int = 0
    disturbed: bool = False

    @property
    def absolute_ends_at(self) -> datetime:
        return self.opened_at + ABSOLUTE


@dataclass
class World:
    """Everything that was opened, and the people it belongs to."""

    overlap: timedelta
    people: dict[str, Person] = field(default_factory=dict)
    chains: list[Chain] = field(default_factory=list)

    def may_open(self, owner: str) -> bool:
        return owner not in self.people or self.people[owner].active

    def opened(self, owner: str, client_id: str, roles: frozenset[str], token: str, now: datetime) -> Chain:
        person = self.people.setdefault(owner, Person(roles))
        if person.roles != roles:
            person.roles = roles
            self._refuse_access_tokens_so_far(owner)
        chain = Chain(len(self.chains), owner, client_id, [token], now, now + IDLE, held=token)
        self.chains.append(chain)
        return chain

    def alive(self, chain: Chain, now: datetime) -> bool:
        in_time = now < chain.idle_ends_at and now < chain.absolute_ends_at
        return not chain.ended and in_time and self.people[chain.owner].active

    def means(self, chain: Chain, token: str, client_id: str | None, now: datetime) -> Means:
        if chain.ended or client_id not in (None, chain.client_id):
            return Means.REFUSED
        age = len(chain.tokens) - 1 - chain.tokens.index(token)
        if age == 0:
            return Means.ROTATES if self.alive(chain, now) else Means.REFUSED
        rotated_at = chain.rotated_at
        if age > 1 or rotated_at is None or not now - rotated_at < self.overlap:
            return Means.ENDS_THE_SESSION
        return Means.SAME_AGAIN if self.alive(chain, now) else Means.REFUSED

    def rotated(self, chain: Chain, successor: str, now: datetime) -> None:
        chain.tokens.append(successor)
        chain.rotated_at = now
        chain.idle_ends_at = min(now + IDLE, chain.absolute_ends_at)

    def set_active(self, owner: str, active: bool) -> None:
        person = self.people[owner]
        if person.active != active:
            person.active = active
            self._refuse_access_tokens_so_far(owner)

    def _refuse_access_tokens_so_far(self, owner: str) -> None:
        for chain in self.chains:
            if chain.owner == owner and not chain.ended:
                chain.refused_generation = len(chain.tokens)


@dataclass(frozen=True)
class Deed:
    """One of several things done at once to one session, and what came of it: a refresh with
    ``token`` and the refresh token it was answered, a logout, or the account disabled."""

    kind: Literal["refresh", "logout", "disable"]
    token: str = ""
    answered: str | None = None


def explained(world: World, chain: Chain, deeds: list[Deed], now: datetime) -> World | None:
    """The world after ``deeds`` in some order in which each result is right; None without any."""
    for order in permutations(deeds):
        after = deepcopy(world)
        if all(_fits(after, after.chains[chain.name], each, now) for each in order):
            return after
    return None


def _fits(world: World, chain: Chain, deed: Deed, now: datetime) -> bool:
    if deed.kind == "logout":
        chain.ended = True
        return True
    if deed.kind == "disable":
        world.set_active(chain.owner, False)
        return True
    answered = deed.answered
    match world.means(chain, deed.token, None, now):
        case Means.ROTATES:
            if answered is None or answered in chain.tokens:
                return False
            world.rotated(chain, answered, now)
            return True
        case Means.SAME_AGAIN:
            return answered == chain.tokens[-1]
        case Means.ENDS_THE_SESSION:
            chain.ended = True
    return answered is None
