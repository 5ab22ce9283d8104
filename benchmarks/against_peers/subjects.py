"""What is measured: watchword and its peers, each guarding one route of a server of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SubjectServer:
    """``target`` is MODULE:FUNCTION for ``benchmarks.subjects.serve`` or ``node/serve.mjs``;
    ``checked`` says what the guard looks at for every request."""

    name: str
    runtime: Literal["python", "node"]
    target: str
    checked: str


WATCHWORD = "watchword"
PYJWT = "pyjwt"

_SUBJECTS = (
    SubjectServer(WATCHWORD, "python", "watchword_gate:marked", "ES256, revocation; `@require_auth`"),
    SubjectServer(
        "watchword-principal",
        "python",
        "watchword_gate:with_principal",
        "the same with `CurrentPrincipal`",
    ),
    SubjectServer(PYJWT, "python", "pyjwt_dependency:dependency", "ES256, by hand"),
    SubjectServer("auth0-fastapi-api", "python", "auth0_api:dependency", "RS256"),
    SubjectServer("authx", "python", "authx_gate:dependency", "HS256"),
    SubjectServer("fastapi-users", "python", "fastapi_users_jwt:current_user", "HS256, user in SQLite"),
    SubjectServer("express-oauth2-jwt-bearer", "node", "express_oauth2_jwt_bearer:middleware", "ES256"),
    SubjectServer("better-auth", "node", "better_auth:sessionCookie", "cookie, session in SQLite"),
    SubjectServer("better-auth-cached", "node", "better_auth:cookieCache", "cookie with cookie cache"),
)

SUBJECTS = {each.name: each for each in _SUBJECTS}
OURS = frozenset({WATCHWORD, "watchword-principal"})
