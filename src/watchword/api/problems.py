"""Refusals as RFC 9457 problem documents, and the log line that goes with each."""

from __future__ import annotations

import json

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose, WebSocketState

from watchword.api.answer_headers import VARY, protective_headers
from watchword.api.request_id import request_id_of
from watchword.auth.caller import SCOPE_KEY, Caller, current_caller
from watchword.auth.logs import tell
from watchword.errors import InsufficientScope, TermsRequired, WatchwordError
from watchword.protocol.bearer import challenge
from watchword.protocol.principal import Principal
from watchword.protocol.printable import printable

TYPE_PREFIX = "urn:watchword:error:"
_POLICY_VIOLATION = 1008
_MAX_DETAIL_CHARS = 500


def problem_response(error: WatchwordError, *, request_id: str | None, secure: bool = False) -> Response:
    """The error as ``application/problem+json`` (RFC 9457 §3); its ``detail`` never goes out.

    401 and ``insufficient_scope`` carry their challenge (RFC 6750 §3), an error that knows when to
    come back ``Retry-After``, and terms to accept a link (RFC 6903 §6). ``secure``: browsers reach us
    over https.
    """
    headers = {"Cache-Control": "no-store", "Vary": VARY, **protective_headers(secure=secure)}
    if error.status == 401 or isinstance(error, InsufficientScope):
        headers["WWW-Authenticate"] = challenge(error)
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, TermsRequired):
        headers["Link"] = f'<{error.terms_url}>; rel="terms-of-service"'
    document = {
        "type": TYPE_PREFIX + error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.public,
        "code": error.code,
        "request_id": request_id,
        **error.extensions,
    }
    return Response(
        json.dumps(document), status_code=error.status, headers=headers, media_type="application/problem+json"
    )


def log_refusal(error: WatchwordError, *, request_id: str | None, route: str | None = None) -> None:
    """One record for the operator, of one line: ``code``, ``detail``, which is the cause, and who was
    refused where that is known.

    ``route`` is the route's template, never the path that was asked for.
    """
    detail = printable(error.detail, max_chars=_MAX_DETAIL_CHARS)
    caller = current_caller.get()
    who = caller.best if caller is not None and isinstance(caller.best, Principal) else None
    tell(
        "request_refused" if error.status < 500 else "request_failed",
        "refused with %s: %s (request %s)",
        *(error.code, detail, request_id),
        code=error.code,
        status=error.status,
        request_id=request_id,
        route=route,
        user_id=who.user_id if who else None,
        session_id=who.session_id if who else None,
        detail=detail,
    )


async def answer(
    error: WatchwordError, scope: Scope, receive: Receive, send: Send, *, route: str | None = None
) -> None:
    """Refuse a request, or a handshake before it is accepted.

    A handshake gets the problem document where the server can carry one (ASGI's WebSocket Denial
    Response), else the close that servers turn into a bare 403.
    """
    request_id = request_id_of(scope)
    log_refusal(error, request_id=request_id, route=route)
    if scope["type"] == "websocket" and "websocket.http.response" not in (scope.get("extensions") or {}):
        await WebSocketClose(_POLICY_VIOLATION)(scope, receive, send)
    else:
        await problem_response(error, request_id=request_id, secure=_secure(scope))(scope, receive, send)


async def handle_error(connection: HTTPConnection, error: WatchwordError) -> Response | None:
    """Exception handler for what an endpoint or dependency raises of ours."""
    request_id = request_id_of(connection.scope)
    log_refusal(error, request_id=request_id, route=route_of(connection.scope))
    if isinstance(connection, WebSocket) and not _deniable(connection):
        await connection.close(_POLICY_VIOLATION)
        return None
    return problem_response(error, request_id=request_id, secure=_secure(connection.scope))


def _deniable(socket: WebSocket) -> bool:
    offered = "websocket.http.response" in (socket.scope.get("extensions") or {})
    return offered and socket.application_state is WebSocketState.CONNECTING


def _secure(scope: Scope) -> bool:
    caller = scope.get(SCOPE_KEY)
    return isinstance(caller, Caller) and caller.authenticator.secure


def route_of(scope: Scope) -> str | None:
    """The template of the route that was found, if one was: never the path itself."""
    return getattr(scope.get("route"), "path", None)
