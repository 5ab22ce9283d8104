"""Requests to the endpoints that clients call by form (RFC 6749 §4.1.3, §4.4.2, §6; RFC 7009 §2.1;
RFC 7662 §2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from watchword.errors import InvalidRequest, InvalidScope, InvalidTarget, UnsupportedGrantType
from watchword.protocol.clients import GRANT_TYPES, Client
from watchword.protocol.form import FORM_TYPE, read_form
from watchword.protocol.media_type import media_type
from watchword.protocol.scope import read_scope

MAX_TOKEN_BODY_BYTES = 16 * 1024
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_KNOWN = frozenset(
    {
        *("client_id", "client_secret", "client_assertion", "client_assertion_type"),
        *("grant_type", "code", "code_verifier", "redirect_uri"),
        *("refresh_token", "scope", "token", "resource", "audience"),
    }
)


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
class ClientCredentials:
    """``grant_type=client_credentials``; the client may have these ``scopes``."""

    scopes: frozenset[str]


TokenRequest = CodeExchange | TokenRefresh | ClientCredentials


def read_client_form(content_type: str | None, body: bytes) -> Mapping[str, str]:
    """The parameters of a client's form that mean something here; unknown ones are ignored, empty ones
    count as left out (RFC 6749 §3.2). Raises InvalidRequest, RequestTooLarge above 16 KB."""
    if body and media_type(content_type or "") != FORM_TYPE:
        raise InvalidRequest(f"the body is not {FORM_TYPE}")
    fields = read_form(body, max_bytes=MAX_TOKEN_BODY_BYTES)
    given = {name: value for name, value in fields.items() if value and name in _KNOWN}
    for name, value in given.items():
        if not _PRINTABLE.fullmatch(value):
            raise InvalidRequest(f"the parameter {name} is not printable ASCII (RFC 6749 appendix A)")
    return given


def read_token_request(form: Mapping[str, str], client: Client, *, resources: frozenset[str]) -> TokenRequest:
    """What ``client``, which has authenticated as far as it can, asks for.

    ``resources`` are the names our API goes by. Raises InvalidRequest, UnsupportedGrantType,
    UnauthorizedClient, InvalidScope, InvalidTarget.
    """
    asked = required(form, "grant_type")
    grant_type = next((known for known in GRANT_TYPES if known == asked), None)
    if grant_type is None:
        raise UnsupportedGrantType("grant_type is none of " + ", ".join(GRANT_TYPES))
    client.require_grant(grant_type)
    if not {form[name] for name in ("resource", "audience") if name in form} <= resources:
        raise InvalidTarget("the resource is not the one this server issues tokens for (RFC 8707)")
    match grant_type:
        case "client_credentials":
            return ClientCredentials(client.scopes_for_itself(_scopes(form)))
        case "refresh_token":
            return TokenRefresh(client.client_id, required(form, "refresh_token"), _scopes(form))
        case _:
            return CodeExchange(
                client_id=client.client_id,
                redirect_uri=required(form, "redirect_uri"),
                code=required(form, "code"),
                code_verifier=required(form, "code_verifier"),
            )


def required(form: Mapping[str, str], name: str) -> str:
    """Raises InvalidRequest for a parameter that is not there."""
    if name not in form:
        raise InvalidRequest(f"the parameter {name} is missing")
    return form[name]


def read_scopes(text: str) -> frozenset[str]:
    """The scopes a request asks for. Raises InvalidScope."""
    try:
        return read_scope(text)
    except ValueError as fault:
        raise InvalidScope(str(fault)) from None


def _scopes(form: Mapping[str, str]) -> frozenset[str] | None:
    return read_scopes(form["scope"]) if "scope" in form else None
