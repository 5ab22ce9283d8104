"""Identification as pure ASGI: who calls is put on the scope, nobody is answered here."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from watchword.auth.caller import (
    SCOPE_KEY,
    Authenticator,
    Caller,
    RequestFacts,
    current_caller,
    identified,
    identity_of,
)

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
        identity = await identified(self._authenticator, _facts(scope))
        caller = scope[SCOPE_KEY] = Caller(identity, self._authenticator)
        if self._resolve is not None:
            self._resolve()
        token = current_caller.set(caller)
        try:
            await self.app(scope, receive, send)
        finally:
            current_caller.reset(token)


def _facts(scope: Scope) -> RequestFacts:
    websocket = scope["type"] == "websocket"
    return RequestFacts(scope["headers"], "GET" if websocket else scope["method"], websocket)
