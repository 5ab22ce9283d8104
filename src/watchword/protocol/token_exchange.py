"""Requests to a provider's token endpoint and the check of its answer (RFC 6749 §4.1.3, §5, §6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from watchword.errors import (
    CodeRefused,
    ProviderPersonUnreadable,
    ProviderResponseInvalid,
    WatchwordError,
)
from watchword.protocol.client_auth import AuthenticatedForm, ClientAuthentication, authenticated_form
from watchword.protocol.provider_answer import check_available, read_json, refusal, unusable

MAX_ACCESS_TOKEN_CHARS = 16 * 1024
MAX_ID_TOKEN_CHARS = 16 * 1024
MAX_REFRESH_TOKEN_CHARS = 8 * 1024
MAX_EXPIRES_IN_SECONDS = 86_400
DEFAULT_EXPIRES_IN_SECONDS = 300
_WHAT = "the token endpoint"
_CODE_REFUSED = frozenset({"invalid_grant", "bad_verification_code", "bad_refresh_token"})
_PERSON_NEEDED = frozenset(
    {
        "access_denied",
        "interaction_required",
        "login_required",
        "consent_required",
        "account_selection_required",
    }
)
"""Errors of the authorization endpoint that some providers also answer a refresh with."""
_TOKEN = re.compile(r"[\x21-\x7e]+")
_DIGITS = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A checked answer. The tokens in it are well formed, no more: the ID token is yet to be
    verified. ``expires_in`` is in seconds, between 1 and 86400."""

    access_token: str = field(repr=False)
    token_type: str
    id_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    scope: str | None


def code_grant(
    token_endpoint: str, *, client: ClientAuthentication, code: str, redirect_uri: str, code_verifier: str
) -> AuthenticatedForm:
    """Exchange a code (RFC 6749 §4.1.3); the verifier always goes with it (RFC 7636 §4.5)."""
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    fields = grant | {"code_verifier": code_verifier}
    return authenticated_form(token_endpoint, client=client, fields=fields)


def refresh_grant(
    token_endpoint: str, *, client: ClientAuthentication, refresh_token: str, scope: str | None = None
) -> AuthenticatedForm:
    """Use a provider's refresh token (RFC 6749 §6)."""
    grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    fields = grant if scope is None else grant | {"scope": scope}
    return authenticated_form(token_endpoint, client=client, fields=fields)


def check_token_response(
    status: int, headers: Mapping[str, str], body: bytes, *, id_token_required: bool = True
) -> TokenResponse:
    """Check an answer of the token endpoint.

    Raises ProviderUnavailable for 429 and 5xx, CodeRefused for ``invalid_grant`` and GitHub's names of
    it, ProviderClientRefused for our credentials, ProviderResponseInvalid for everything else that is not
    a token response. An error wins over tokens beside it.
    """
    return _checked(status, headers, body, _CODE_REFUSED, id_token_required=id_token_required)


def check_refresh_response(status: int, headers: Mapping[str, str], body: bytes) -> TokenResponse:
    """Check the answer to a refresh, in which an ID token may be missing (OpenID Connect Core §12.2).

    Raises what ``check_token_response`` does. CodeRefused means the refresh token, and stands as well for
    the errors of an authorization request that only the person can do something about (§3.1.2.6).
    """
    return _checked(status, headers, body, _CODE_REFUSED | _PERSON_NEEDED, id_token_required=False)


def _checked(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    refused: frozenset[str],
    *,
    id_token_required: bool,
) -> TokenResponse:
    check_available(_WHAT, status, headers)
    if status != 200 and not 400 <= status <= 499:
        raise ProviderResponseInvalid(f"{_WHAT} answered {status}")
    try:
        answer = read_json(_WHAT, headers, body)
    except ProviderResponseInvalid as fault:
        said = f"{fault.detail} (status {status})"
        raise (type(fault)(said) if status == 200 else unusable(said, status)) from None
    if status != 200 or "error" in answer:
        raise _refusal(status, answer.get("error"), refused)
    return TokenResponse(
        access_token=_required(answer, "access_token", MAX_ACCESS_TOKEN_CHARS),
        token_type=_token_type(answer.get("token_type")),
        id_token=_id_token(answer, required=id_token_required),
        refresh_token=_token(answer, "refresh_token", MAX_REFRESH_TOKEN_CHARS),
        expires_in=_expires_in(answer.get("expires_in")),
        scope=_scope(answer.get("scope")),
    )


def _refusal(status: int, error: Any, refused: frozenset[str]) -> WatchwordError:
    fault = refusal(_WHAT, status, error)
    return CodeRefused(fault.detail) if isinstance(error, str) and error in refused else fault


def _required(answer: Mapping[str, Any], name: str, max_chars: int) -> str:
    value = _token(answer, name, max_chars)
    if value is None:
        raise ProviderResponseInvalid(f"{name} is missing from the token response")
    return value


def _token(answer: Mapping[str, Any], name: str, max_chars: int) -> str | None:
    value = answer.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ProviderResponseInvalid(f"{name} in the token response is not a printable ASCII string")
    if len(value) > max_chars:
        raise ProviderPersonUnreadable(f"{name} in the token response is longer than {max_chars} characters")
    return value


def _id_token(answer: Mapping[str, Any], *, required: bool) -> str | None:
    """Whoever takes ``openid`` out of the address they are sent to gets no ID token, and is the only
    one."""
    value = _token(answer, "id_token", MAX_ID_TOKEN_CHARS)
    if required and value is None:
        raise ProviderPersonUnreadable("id_token is missing from the token response")
    return value


def _token_type(value: Any) -> str:
    if not isinstance(value, str) or value.lower() != "bearer":
        raise ProviderResponseInvalid("token_type is missing or not Bearer (RFC 6749 §5.1)")
    return "Bearer"


def _expires_in(value: Any) -> int:
    """A number, or digits in a string as some providers write it, is held to 1 s to 24 h."""
    if value is None:
        return DEFAULT_EXPIRES_IN_SECONDS
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProviderResponseInvalid("expires_in in the token response is not a number of seconds")
    return int(min(max(value, 1), MAX_EXPIRES_IN_SECONDS))


def _scope(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ProviderResponseInvalid("scope in the token response is not a string")
