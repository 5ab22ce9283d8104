"""Error bodies of the OAuth endpoints (RFC 6749 §5.2)."""

from __future__ import annotations

from starlette.responses import JSONResponse

from watchword.api.problems import log_refusal
from watchword.errors import WatchwordError


def oauth_error_response(error: WatchwordError, *, request_id: str) -> JSONResponse:
    """``error`` by the standard's names, ``error_description`` in the person's words."""
    log_refusal(error, request_id=request_id)
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    body = {"error": error.oauth_error, "error_description": error.public, "request_id": request_id}
    return JSONResponse(body, status_code=error.status, headers=headers)
