"""Cross-origin answers for first-party pages: without credentials, for registered origins only.

Outside of everything else, because a page must be able to read a refusal too, and a preflight asks
before anybody has identified themselves (Fetch standard §3.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CORS_PATHS: Final[Mapping[str, str]] = {
    "/auth/token": "POST",
    "/auth/refresh": "POST",
    "/auth/revoke": "POST",
    "/auth/logout": "POST",
    "/auth/me": "GET",
    "/auth/sessions": "GET, DELETE",
    "/auth/terms": "GET, POST",
    "/.well-known/oauth-authorization-server": "GET",
    "/.well-known/oauth-protected-resource": "GET",
}
"""Path → methods a page of another origin may use there."""

_BELOW: Final[Mapping[str, str]] = {"/auth/sessions/": "DELETE"}
_REQUEST_HEADERS: Final = "Authorization, Content-Type, X-Requested-With"
_READABLE: Final = "Retry-After, WWW-Authenticate"
_PREFLIGHT_SECONDS: Final = 600


class CorsMiddleware:
    """Answers preflights and marks answers for ``origins``; everything else passes untouched."""

    def __init__(self, app: ASGIApp, *, origins: frozenset[str]) -> None:
        self.app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = _methods(scope) if scope["type"] == "http" else None
        if methods is None:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.getlist("origin")
        origin = given[0] if len(given) == 1 and given[0] in self._origins else None
        if origin is not None and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(origin, methods)(scope, receive, send)
            return
        await self.app(scope, receive, _marking(send, origin))


def _methods(scope: Scope) -> str | None:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if path in CORS_PATHS:
        return CORS_PATHS[path]
    return next((methods for prefix, methods in _BELOW.items() if path.startswith(prefix)), None)


def _preflight(origin: str, methods: str) -> Response:
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": _REQUEST_HEADERS,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    }
    return Response(status_code=204, headers=headers)


def _marking(send: Send, origin: str | None) -> Send:
    """The answer differs by origin, so that no cache may give one to another."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Origin")
            if origin is not None:
                headers["Access-Control-Allow-Origin"] = origin
                headers["Access-Control-Expose-Headers"] = _READABLE
        await send(message)

    return sending
