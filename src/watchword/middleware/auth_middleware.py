"""Identification as pure ASGI: who calls is put on the scope, nobody is answered here."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import PurePath

from starlette.types import ASGIApp, Receive, Scope, Send

from watchword.auth.caller import (
    SCOPE_KEY,
    Authenticator,
    Caller,
    RequestFacts,
    current_caller,
    identity_of,
)
from watchword.errors import IdentificationFailed
from watchword.protocol.principal import Anonymous, Identity, Principal, Rejected

__all__ = ["AuthMiddleware", "Authenticator", "Caller", "RequestFacts", "identity_of"]


class AuthMiddleware:
    """Identifies the caller of every request and handshake, and passes everything on.

    ``resolve`` is called before each of them: it lets the gate notice routes that came late.
    """

    def __init__(
        self, app: ASGIApp, *, authenticator: Authenticator, resolve: Callable[[], None] | None = None
    ) -> None:
        self.app = app
        self._authenticator = authenticator
        self._resolve = resolve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        caller = scope[SCOPE_KEY] = Caller(await self._identify(scope), self._authenticator)
        if self._resolve is not None:
            self._resolve()
        token = current_caller.set(caller)
        try:
            await self.app(scope, receive, send)
        finally:
            current_caller.reset(token)

    async def _identify(self, scope: Scope) -> Identity:
        """Fails closed: whatever goes wrong, the caller is not taken for anyone."""
        websocket = scope["type"] == "websocket"
        facts = RequestFacts(scope["headers"], "GET" if websocket else scope["method"], websocket)
        try:
            identity: object = await self._authenticator.identify(facts)
        except Exception as error:
            return Rejected(IdentificationFailed(f"identify raised {_whereabouts(error)}"))
        if not isinstance(identity, Principal | Anonymous | Rejected):
            return Rejected(IdentificationFailed(f"identify gave a {type(identity).__name__}"))
        return identity


def _whereabouts(error: Exception) -> str:
    """Type and place of an unforeseen error; its message may hold a credential and is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + place
