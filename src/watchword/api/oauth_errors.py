"""Error bodies of the OAuth endpoints (RFC 6749 §5.2)."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import Scope

from watchword.api.problems import log_refusal, route_of
from watchword.api.request_id import request_id_of
from watchword.errors import InvalidClient, WatchwordError


def oauth_error_response(
    error: WatchwordError, scope: Scope, *, status: int | None = None, name: str | None = None
) -> JSONResponse:
    """``error`` by the standard's names, ``error_description`` in the person's words.

    ``status`` and ``name`` replace the error's own. A 401 carries a challenge: ``Basic`` for a
    client that tried it, else ``Bearer``, which makes no browser ask for a password.
    """
    request_id = request_id_of(scope)
    log_refusal(error, request_id=request_id, route=route_of(scope))
    status = error.status if status is None else status
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    if status == 401:
        by_header = isinstance(error, InvalidClient) and error.by_header
        headers["WWW-Authenticate"] = 'Basic realm="watchword"' if by_header else "Bearer"
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    body = {"error": name or error.oauth_error, "error_description": error.public, "request_id": request_id}
    return JSONResponse(body, status_code=status, headers=headers)
