"""What a token endpoint answers (RFC 6749 §5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.responses import JSONResponse

from watchword.auth.grants import Grant
from watchword.auth.token_issuer import IssuedToken

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache", "Vary": "Cookie, Authorization"}


def token_response(grant: Grant, *, refreshable: bool = True) -> JSONResponse:
    """Both tokens, the scope of the access token, and the session's id; no refresh token for a client
    that may not use one."""
    answer = _answer(grant.access, grant.session.scopes)
    if refreshable:
        answer["refresh_token"] = grant.refresh_token
    answer["session_id"] = str(grant.session.session_id)
    return JSONResponse(answer, headers=NO_STORE)


def client_token_response(token: IssuedToken, scopes: Iterable[str]) -> JSONResponse:
    """A client's own token (RFC 6749 §4.4.3): no session stands behind it, and nothing refreshes it."""
    return JSONResponse(_answer(token, scopes), headers=NO_STORE)


def _answer(token: IssuedToken, scopes: Iterable[str]) -> dict[str, Any]:
    return {
        "access_token": token.text,
        "token_type": "Bearer",
        "expires_in": token.expires_in,
        "scope": " ".join(sorted(scopes)),
    }
