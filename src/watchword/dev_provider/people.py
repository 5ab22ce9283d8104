"""Who can sign in at the development provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from watchword.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Person:
    """One button on the page.

    ``username`` names the person to programs, ``sub`` is the stable subject identifier (OpenID
    Connect Core §2) and ``claims`` are further claims for the ID token and userinfo.
    """

    username: str
    sub: str
    name: str
    email: str = field(repr=False)
    roles: tuple[str, ...] = ()
    email_verified: bool = True
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)


DEFAULT_PEOPLE: tuple[Person, ...] = (
    Person("alice", "dev-alice", "Alice Example", "alice@example.test", ("admin",)),
    Person("bob", "dev-bob", "Bob Example", "bob@example.test", ("editor",)),
    Person("carol", "dev-carol", "Carol Example", "carol@example.test"),
)


def people_by_username(people: Sequence[Person]) -> dict[str, Person]:
    """Index people by username. Raises ConfigurationError when two share a username or subject."""
    for what in ("username", "sub"):
        values = [getattr(person, what) for person in people]
        if not all(values) or len(set(values)) != len(values):
            raise ConfigurationError([f"every person of the development provider needs their own {what}"])
    return {person.username: person for person in people}
