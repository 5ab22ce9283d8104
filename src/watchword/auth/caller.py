"""The caller of one request: who the middleware took them for, and what has been decided since."""

from __future__ import annotations

import traceback
from collections.abc import MutableMapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final, NamedTuple, Protocol

from watchword.errors import IdentificationFailed, NotInstalled
from watchword.protocol.access import Requirement
from watchword.protocol.principal import Anonymous, Identity, Principal, Rejected

SCOPE_KEY = "watchword"
"""Where a request's Caller lies on its ASGI scope."""


class RequestFacts(NamedTuple):
    """What identification may look at: raw ASGI headers, the method ("GET" for a handshake)."""

    headers: Sequence[tuple[bytes, bytes]]
    method: str
    websocket: bool

    def presents_credential(self, access_cookie: str) -> bool:
        """Whether it may be somebody's: an ``Authorization`` header, or a cookie of that name."""
        cookie = access_cookie.encode()
        return any(
            name == b"authorization" or (name == b"cookie" and cookie in value)
            for name, value in self.headers
        )

    def __repr__(self) -> str:
        return f"RequestFacts(method={self.method!r}, websocket={self.websocket})"


class Authenticator(Protocol):
    """Says who is calling."""

    async def identify(self, request: RequestFacts) -> Identity:
        """The caller, nobody, or why the credential is refused. Never raises for bad input."""

    async def confirm(self, principal: Principal) -> Principal:
        """The caller as the database has them now. Raises SessionEnded, DatabaseUnavailable."""

    def now_seconds(self) -> int:
        """Seconds since 1970."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach the service over https."""


_IDENTITIES: Final = (Principal, Anonymous, Rejected)


async def identified(authenticator: Authenticator, facts: RequestFacts) -> Identity:
    """Who ``authenticator`` says is calling. Fails closed: whatever goes wrong, the caller is not
    taken for anyone."""
    try:
        identity: object = await authenticator.identify(facts)
    except Exception as error:
        return Rejected(IdentificationFailed(f"identify raised {_whereabouts(error)}"))
    if not isinstance(identity, _IDENTITIES):
        return Rejected(IdentificationFailed(f"identify gave a {type(identity).__name__}"))
    return identity


@dataclass(slots=True, eq=False)
class Caller:
    """One request's caller. ``confirmed`` is the live re-read where one was asked for, ``passed``
    the requirements that were already decided in the caller's favour, ``observed`` the guards that
    the gate counts instead of enforcing."""

    identity: Identity
    authenticator: Authenticator
    confirmed: Principal | None = None
    passed: list[Requirement] = field(default_factory=list)
    observed: frozenset[object] = frozenset()

    @property
    def best(self) -> Identity:
        """The most recent knowledge of who this is."""
        return self.identity if self.confirmed is None else self.confirmed


current_caller: ContextVar[Caller | None] = ContextVar("watchword_caller", default=None)
"""The caller of the request this code runs for; worker threads and child tasks inherit it."""


def caller_of(scope: MutableMapping[str, Any]) -> Caller:
    """The caller on an ASGI scope. Raises NotInstalled where no middleware put one there."""
    caller = scope.get(SCOPE_KEY)
    if not isinstance(caller, Caller):
        raise NotInstalled("watchword's middleware did not see this request; call Watchword.install(app)")
    return caller


def identity_of(scope: MutableMapping[str, Any]) -> Identity:
    """Who the caller on an ASGI scope is, as far as known by now. Raises NotInstalled."""
    return caller_of(scope).best


def _whereabouts(error: Exception) -> str:
    """Type and place of an unforeseen error; its message may hold a credential and is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + place
