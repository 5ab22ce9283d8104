"""What a token endpoint answers (RFC 6749 §5.1)."""

from __future__ import annotations

from starlette.responses import JSONResponse

from watchword.auth.grants import Grant

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache", "Vary": "Cookie, Authorization"}


def token_response(grant: Grant) -> JSONResponse:
    """Both tokens, the scope of the access token, and the session's id."""
    answer = {
        "access_token": grant.access.text,
        "token_type": "Bearer",
        "expires_in": grant.access.expires_in,
        "refresh_token": grant.refresh_token,
        "scope": " ".join(sorted(grant.session.scopes)),
        "session_id": str(grant.session.session_id),
    }
    return JSONResponse(answer, headers=NO_STORE)
