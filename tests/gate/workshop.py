"""Callers with a known meaning, and apps with a gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.testclient import TestClient

from watchword.api.gate import GateInstallation, install_gate
from watchword.errors import (
    CrossSiteRequest,
    DatabaseUnavailable,
    SessionEnded,
    TokenInvalid,
    WatchwordError,
)
from watchword.middleware.auth_middleware import AuthMiddleware, RequestFacts
from watchword.protocol.bearer import read_authorization
from watchword.protocol.principal import Anonymous, Identity, Principal, Rejected

NOW = 1_800_000_000
SECRET = "canary-of-a-credential"


def person(name: str, *, roles: Sequence[str] = (), scopes: Sequence[str] = (), **other: Any) -> Principal:
    """A signed-in person whose sign-in is a minute old."""
    facts: dict[str, Any] = {
        "user_id": name,
        "session_id": f"session-of-{name}",
        "client_id": "browser",
        "roles": frozenset(roles),
        "scopes": frozenset(scopes),
        "issuer": "https://api.example",
        "subject": name,
        "auth_time": NOW - 60,
    }
    return Principal(**(facts | other))


PEOPLE: dict[str, Identity] = {
    "anna": person("anna"),
    "editor": person("editor", roles=["editor"]),
    "admin": person("admin", roles=["admin"], scopes=["orders:read", "orders:write"]),
    "reader": person("reader", scopes=["orders:read"]),
    "machine": person("machine", user_id=None, session_id=None),
    "demoted": person("demoted", roles=["admin"]),
    "promoted": person("promoted"),
    "logged-out": person("logged-out"),
    "unreadable": person("unreadable"),
    "confirm-crashes": person("confirm-crashes"),
    "confirm-lies": person("confirm-lies"),
    "expired": Rejected(TokenInvalid("expired")),
    "ended": Rejected(SessionEnded("logged out")),
    "cross-site": Rejected(CrossSiteRequest("foreign origin")),
    "database-away": Rejected(DatabaseUnavailable("no connection")),
    "foreign-error": Rejected(KeyError("kid")),
}


class CannedAuthenticator:
    """An authenticator whose tokens are the names above; ``crash`` and ``nonsense`` are faults."""

    def __init__(self) -> None:
        self.identified: list[RequestFacts] = []
        self.confirmed: list[str] = []

    async def identify(self, request: RequestFacts) -> Identity:
        self.identified.append(request)
        try:
            token = read_authorization([v for name, v in request.headers if name == b"authorization"])
        except WatchwordError as error:
            return Rejected(error)
        if token == "crash":
            raise RuntimeError(f"cannot read {SECRET}")
        if token == "nonsense":
            return True  # type: ignore[return-value]
        return Anonymous() if token is None else PEOPLE.get(token, Rejected(TokenInvalid("unknown")))

    async def confirm(self, principal: Principal) -> Principal:
        self.confirmed.append(principal.subject)
        match principal.subject:
            case "logged-out":
                raise SessionEnded("logged out a moment ago")
            case "unreadable":
                raise DatabaseUnavailable("no connection")
            case "confirm-crashes":
                raise RuntimeError(f"cannot read {SECRET}")
            case "confirm-lies":
                return None  # type: ignore[return-value]
            case "demoted":
                return replace(principal, roles=frozenset())
            case "promoted":
                return replace(principal, roles=frozenset({"admin"}))
        return replace(principal, email=f"{principal.subject}@example.org", name=principal.subject.title())

    def now_seconds(self) -> int:
        return NOW

    @property
    def secure(self) -> bool:
        return True


def guarded(
    app: Starlette,
    *,
    default: Literal["allow", "deny"] = "allow",
    authenticator: Any = None,
    **other: Any,
) -> GateInstallation:
    """Install a gate whose callers are the canned ones."""
    return install_gate(
        app,
        authenticator=authenticator or CannedAuthenticator(),
        middleware=AuthMiddleware,
        default=default,
        **other,
    )


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


@contextmanager
def started(app: Any) -> Iterator[TestClient]:
    """A client of an app whose lifespan runs."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@contextmanager
def unstarted(app: Any) -> Iterator[TestClient]:
    """A client of an app whose lifespan never runs."""
    yield TestClient(app, raise_server_exceptions=False)


Running = Callable[[Any], Any]
EITHER_WAY: tuple[Running, ...] = (started, unstarted)
