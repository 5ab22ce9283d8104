"""Requests to the token and revocation endpoints (RFC 6749 §4.1.3, §6; RFC 7009 §2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from watchword.errors import InvalidClient, InvalidRequest, InvalidScope, InvalidTarget, UnsupportedGrantType
from watchword.protocol.form import FORM_TYPE, read_form
from watchword.protocol.media_type import media_type
from watchword.protocol.scope import read_scope

MAX_TOKEN_BODY_BYTES = 16 * 1024
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
_KNOWN = _CREDENTIALS | {
    *("grant_type", "client_id", "code", "code_verifier", "redirect_uri"),
    *("refresh_token", "scope", "token", "resource", "audience"),
}


@dataclass(frozen=True, slots=True)
class CodeExchange:
    """``grant_type=authorization_code``, nothing of it checked against anything yet."""

    client_id: str
    redirect_uri: str
    code: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenRefresh:
    """``grant_type=refresh_token``; ``scopes`` is None where none were named."""

    client_id: str
    refresh_token: str = field(repr=False)
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class TokenRevocation:
    """The token to end, and the client that says it is its own where it says so."""

    token: str = field(repr=False)
    client_id: str | None


def read_token_request(
    content_type: str | None, body: bytes, *, resources: frozenset[str]
) -> CodeExchange | TokenRefresh:
    """Read a form; unknown parameters are ignored, empty ones count as left out (RFC 6749 §3.2).

    ``resources`` are the names our API goes by. Raises InvalidRequest, RequestTooLarge above 16 KB,
    InvalidClient for a secret that a public client does not have, UnsupportedGrantType,
    InvalidScope, InvalidTarget.
    """
    given = _parameters(content_type, body)
    grant_type = _required(given, "grant_type")
    if grant_type not in ("authorization_code", "refresh_token"):
        raise UnsupportedGrantType("grant_type is neither authorization_code nor refresh_token")
    client_id = _required(given, "client_id")
    if not {given[name] for name in ("resource", "audience") if name in given} <= resources:
        raise InvalidTarget("the resource is not the one this server issues tokens for (RFC 8707)")
    if grant_type == "refresh_token":
        return TokenRefresh(client_id, _required(given, "refresh_token"), _scopes(given))
    return CodeExchange(
        client_id=client_id,
        redirect_uri=_required(given, "redirect_uri"),
        code=_required(given, "code"),
        code_verifier=_required(given, "code_verifier"),
    )


def read_revocation_request(content_type: str | None, body: bytes) -> TokenRevocation:
    """Read a form; ``token_type_hint`` is only a hint and not needed here. Raises InvalidRequest,
    RequestTooLarge, InvalidClient."""
    given = _parameters(content_type, body)
    return TokenRevocation(_required(given, "token"), given.get("client_id"))


def read_scopes(text: str) -> frozenset[str]:
    """The scopes a refresh asks for. Raises InvalidScope."""
    try:
        return read_scope(text)
    except ValueError as fault:
        raise InvalidScope(str(fault)) from None


def _parameters(content_type: str | None, body: bytes) -> Mapping[str, str]:
    if body and media_type(content_type or "") != FORM_TYPE:
        raise InvalidRequest(f"the body is not {FORM_TYPE}")
    fields = read_form(body, max_bytes=MAX_TOKEN_BODY_BYTES)
    given = {name: value for name, value in fields.items() if value and name in _KNOWN}
    for name, value in given.items():
        if not _PRINTABLE.fullmatch(value):
            raise InvalidRequest(f"the parameter {name} is not printable ASCII (RFC 6749 appendix A)")
    if not _CREDENTIALS.isdisjoint(given):
        raise InvalidClient("the request authenticates, but a public client has nothing to do so with")
    return given


def _required(given: Mapping[str, str], name: str) -> str:
    if name not in given:
        raise InvalidRequest(f"the parameter {name} is missing")
    return given[name]


def _scopes(given: Mapping[str, str]) -> frozenset[str] | None:
    return read_scopes(given["scope"]) if "scope" in given else None
