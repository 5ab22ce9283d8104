"""What the development provider remembers, in memory and bounded."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from watchword.dev_provider.behaviour import Behaviour, Endpoint
from watchword.dev_provider.clients import DevClient
from watchword.dev_provider.faults import Faults
from watchword.dev_provider.keys import KeyRing
from watchword.dev_provider.people import Person
from watchword.dev_provider.wire import Parameters

CODE_SECONDS = 60
PAGE_SECONDS = 600
PUSHED_SECONDS = 60
TOKEN_SECONDS = 300
MAX_ENTRIES = 10_000

T = TypeVar("T")


class Received(NamedTuple):
    """One request as recorded: never a query, header or body."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """An authorization request that passed every check (OpenID Connect Core §3.1.2.1)."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str = field(repr=False)
    state: str | None = field(default=None, repr=False)
    nonce: str | None = field(default=None, repr=False)
    login_hint: str | None = None
    max_age: int | None = None
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request that was sent ahead and waits for its browser (RFC 9126)."""

    client_id: str
    parameters: Parameters = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class Pending:
    """A request whose page is open; its id is the form's single-use secret."""

    request: AuthorizationRequest
    expires_at: float


@dataclass(slots=True)
class Grant:
    """What one approval gave: codes and tokens of one person for one client, one family."""

    client_id: str
    person: Person
    scopes: tuple[str, ...]
    auth_time: int
    sid: str
    revoked: bool = False


@dataclass(slots=True)
class Code:
    """An authorization code's other half; ``used`` codes are kept to notice their second use."""

    grant: Grant
    request: AuthorizationRequest
    expires_at: float
    used: bool = False


@dataclass(slots=True)
class RefreshRecord:
    """A refresh token's other half; ``used`` ones are kept to notice their reuse."""

    grant: Grant
    used: bool = False


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """An opaque access token's other half."""

    grant: Grant
    scopes: tuple[str, ...]
    expires_at: float


@dataclass(slots=True)
class ProviderState:
    """Everything the endpoints share. Hold ``lock`` around every look-up that decides.

    ``assertions`` maps the client and ``jti`` of every used client assertion to its end; ``disabled``
    are the usernames of people who may not sign in.
    """

    issuer: str
    clients: dict[str, DevClient]
    registered: Mapping[str, Person]
    keys: KeyRing
    clock: Callable[[], float] = time.time
    behaviour: Behaviour = field(default_factory=Behaviour)
    faults: Faults = field(default_factory=Faults)
    requests: deque[Received] = field(default_factory=lambda: deque(maxlen=MAX_ENTRIES))
    counts: Counter[Endpoint] = field(default_factory=Counter)
    people: dict[str, Person] = field(init=False)
    disabled: set[str] = field(default_factory=set)
    pushed: dict[str, Pushed] = field(default_factory=dict, repr=False)
    pending: dict[str, Pending] = field(default_factory=dict, repr=False)
    codes: dict[str, Code] = field(default_factory=dict, repr=False)
    refresh_tokens: dict[str, RefreshRecord] = field(default_factory=dict, repr=False)
    access_tokens: dict[str, AccessRecord] = field(default_factory=dict, repr=False)
    assertions: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.people = dict(self.registered)

    def note(self, received: Received, endpoint: Endpoint | None) -> None:
        """Record a request as it arrives."""
        with self.lock:
            self.requests.append(received)
            if endpoint is not None:
                self.counts[endpoint] += 1

    def url(self, path: str) -> str:
        """The address of an endpoint (OpenID Connect Discovery §4: one trailing slash is dropped)."""
        return f"{self.issuer.removesuffix('/')}{path}"

    def path(self, path: str) -> str:
        """The path of an endpoint, as requests name it."""
        return urlsplit(self.url(path)).path

    def grants(self) -> list[Grant]:
        """Every grant that a code or token still stands for."""
        stores = (self.codes, self.refresh_tokens, self.access_tokens)
        return [entry.grant for store in stores for entry in store.values()]

    def change_person(self, username: str, person: Person) -> None:
        """Put ``person`` in the place of who has that username, in what was granted before, too."""
        self.people[username] = person
        for grant in self.grants():
            if grant.person.username == username:
                grant.person = person

    def forget(self) -> None:
        """Drop open pages, codes, tokens, the record of requests, switches and faults, and have the
        people as they were registered."""
        with self.lock:
            for store in (self.pushed, self.pending, self.codes, self.refresh_tokens, self.access_tokens):
                store.clear()
            self.assertions.clear()
            self.requests.clear()
            self.counts.clear()
            self.people = dict(self.registered)
            self.disabled.clear()
            self.behaviour.reset()
            self.faults.heal()


def keep(store: dict[str, T], value: T) -> str:
    """Store a value under a fresh random name, forgetting the oldest of too many."""
    name = secrets.token_urlsafe(32)
    store[name] = value
    while len(store) > MAX_ENTRIES:
        del store[next(iter(store))]
    return name
