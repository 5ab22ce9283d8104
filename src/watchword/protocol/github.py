"""GitHub: OAuth 2.0 without an ID token, so that who signed in is asked of its API.

Sources: docs.github.com, "Authorizing OAuth apps" and REST API "Users" and "Emails".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from watchword.errors import ProviderPersonLimited, ProviderResponseInvalid
from watchword.protocol.claims import is_safe_text
from watchword.protocol.issuer_rule import OAUTH_PATH
from watchword.protocol.provider_answer import (
    MAX_ANSWER_BYTES,
    check_document,
    header,
    read_json,
    retry_after_seconds,
    unreadable,
)
from watchword.protocol.strict_json import MalformedJson, loads
from watchword.protocol.web_url import parse_web_url

MAX_ID: Final = 2**63 - 1
_USER, _EMAILS = "GitHub's user endpoint", "GitHub's e-mail endpoint"


def github_metadata(issuer: str) -> bytes:
    """What GitHub would publish about itself at ``issuer``: github.com, an enterprise's own subdomain of
    ghe.com, or an Enterprise Server of one's own, whose API is below its address."""
    site = issuer.removesuffix("/").removesuffix(OAUTH_PATH)
    host = parse_web_url(site).host
    api = f"https://api.{host}" if host == "github.com" or host.endswith(".ghe.com") else f"{site}/api/v3"
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{site}{OAUTH_PATH}/authorize",
        "token_endpoint": f"{site}{OAUTH_PATH}/access_token",
        "userinfo_endpoint": f"{api}/user",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }
    return json.dumps(document).encode("ascii")


def emails_endpoint(user_endpoint: str) -> str:
    """Where the addresses of the person at ``user_endpoint`` are."""
    return f"{user_endpoint}/emails"


def check_user(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The person an access token is of, as claims: ``sub`` is the number of the account, which stays
    when the login changes hands. Raises ProviderUnavailable, ProviderResponseInvalid."""
    _check_answer(_USER, status, headers)
    user = read_json(_USER, headers, body)
    number = user.get("id")
    if type(number) is not int or not 0 < number <= MAX_ID:
        raise ProviderResponseInvalid(f"{_USER} named no account: id is not a positive number")
    name = next((each for each in (user.get("name"), user.get("login")) if is_safe_text(each)), None)
    kept = {key: value for key, value in user.items() if key not in ("email", "email_verified", "name")}
    return {**kept, "sub": str(number)} | ({} if name is None else {"name": name})


def check_emails(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The primary address as claims, where GitHub verified it; the one of the public profile never
    counts. Raises ProviderUnavailable, ProviderResponseInvalid."""
    _check_answer(_EMAILS, status, headers)
    try:
        listed = loads(body, max_bytes=MAX_ANSWER_BYTES)
    except MalformedJson as fault:
        raise unreadable(_EMAILS, fault) from None
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise ProviderResponseInvalid(f"{_EMAILS} did not answer with a list of addresses")
    primary = [entry for entry in listed if entry.get("primary") is True]
    if len(primary) != 1 or primary[0].get("verified") is not True:
        return {}
    return {"email": primary[0].get("email"), "email_verified": True}


def _check_answer(what: str, status: int, headers: Mapping[str, str]) -> None:
    """A limit that is used up, which is the person's, is told by 403 or 429 (REST API, "Rate limits")."""
    if status in (403, 429) and header(headers, "x-ratelimit-remaining") == "0":
        raise ProviderPersonLimited(
            f"{what}: the rate limit is used up", retry_after_seconds=retry_after_seconds(headers)
        )
    check_document(what, status, headers)
