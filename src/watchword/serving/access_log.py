"""The access log: one line a request in the format of all others, by the route and never by the address."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword.api.problems import route_of
from watchword.api.request_id import request_id_of
from watchword.auth.caller import SCOPE_KEY, Caller
from watchword.auth.logs import tell
from watchword.protocol.principal import Principal


class AccessLog:
    """Tells of each request once it was answered; of handshakes nothing.

    The route is its template: neither a query nor the path itself, which strangers choose, is written.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        began_at = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            _tell(scope, status, round((time.perf_counter() - began_at) * 1000))


def _tell(scope: Scope, status: int, duration_ms: int) -> None:
    caller = scope.get(SCOPE_KEY)
    who = caller.best if isinstance(caller, Caller) and isinstance(caller.best, Principal) else None
    method = scope["method"]
    route = route_of(scope)
    tell(
        "request_answered",
        "%s %s -> %s in %s ms",
        *(method, route or "(no route)", status, duration_ms),
        method=method,
        route=route,
        status=status,
        duration_ms=duration_ms,
        request_id=request_id_of(scope),
        user_id=who.user_id if who else None,
        session_id=who.session_id if who else None,
    )
