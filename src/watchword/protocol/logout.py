"""Where a browser goes to sign out at its provider, too."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from watchword.protocol.web_url import parse_web_url

MAX_HINT_CHARS: Final = 4096
"""Longer ID tokens stay at home: servers refuse request lines above 8 KB, some sooner."""


def is_usable_hint(id_token: str) -> bool:
    return 0 < len(id_token) <= MAX_HINT_CHARS


def rp_initiated_logout(
    end_session_endpoint: str, *, client_id: str, return_to: str, state: str, id_token_hint: str | None
) -> str:
    """OpenID Connect RP-Initiated Logout 1.0 §2. ``client_id`` says who asks where the hint is left
    out, or cannot be read any more."""
    hint = {} if id_token_hint is None else {"id_token_hint": id_token_hint}
    asked = {"client_id": client_id, "post_logout_redirect_uri": return_to, "state": state}
    return _with_query(end_session_endpoint, hint | asked)


def auth0_logout(issuer: str, *, client_id: str, return_to: str) -> str:
    """Auth0's own endpoint, which every tenant has: ``/v2/logout`` of the issuer's host."""
    return _with_query(_origin(issuer) + "/v2/logout", {"client_id": client_id, "returnTo": return_to})


def cognito_logout(authorization_endpoint: str, *, client_id: str, return_to: str) -> str:
    """Amazon Cognito's own endpoint: ``/logout`` of the host that people sign in at, which is not the
    issuer's."""
    asked = {"client_id": client_id, "logout_uri": return_to}
    return _with_query(_origin(authorization_endpoint) + "/logout", asked)


def _origin(url: str) -> str:
    return parse_web_url(url).origin


def _with_query(url: str, asked: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(asked, quote_via=quote, safe='')}"
