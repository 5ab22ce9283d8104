"""Which client calls the token endpoint (RFC 6749 §2.3.1, §3.2.1)."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from watchword.dev_provider.client_assertions import asserting_client
from watchword.dev_provider.clients import AuthMethod, DevClient
from watchword.dev_provider.state import ProviderState
from watchword.dev_provider.wire import OAuthError, Parameters

_REFUSED = OAuthError(
    "invalid_client", "client authentication failed", 401, 'Basic realm="development provider"'
)


@dataclass(frozen=True, slots=True)
class _Presented:
    client_id: str
    secret: str | None = field(repr=False)
    method: AuthMethod


def authenticate(
    provider: ProviderState, authorization: str | None, form: Parameters
) -> DevClient | OAuthError:
    """The registered client that proved itself, by the one method it is registered for."""
    if form.get("client_assertion") is not None:
        if authorization is not None or form.get("client_secret") is not None:
            return OAuthError("invalid_request", "only one way of client authentication may be used")
        return asserting_client(provider, form) or _REFUSED
    presented = _presented(authorization, form)
    if isinstance(presented, OAuthError):
        return presented
    client = provider.clients.get(presented.client_id)
    if client is None or client.auth_method != presented.method:
        return _REFUSED
    given, known = presented.secret or "", client.client_secret or ""
    return client if hmac.compare_digest(given.encode(), known.encode()) else _REFUSED


def _presented(authorization: str | None, form: Parameters) -> _Presented | OAuthError:
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if authorization is not None:
        if secret is not None:
            return OAuthError("invalid_request", "only one way of client authentication may be used")
        basic = _basic(authorization)
        return _REFUSED if basic is None or client_id not in (None, basic.client_id) else basic
    if client_id is None:
        return _REFUSED
    return _Presented(client_id, secret, "none" if secret is None else "client_secret_post")


def _basic(authorization: str) -> _Presented | None:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(credentials.strip().encode("ascii"), validate=True).decode("utf-8")
        client_id, colon, secret = pair.partition(":")
        decoded = [unquote_plus(part, errors="strict") for part in (client_id, secret)]
    except (binascii.Error, UnicodeError):
        return None
    return _Presented(decoded[0], decoded[1], "client_secret_basic") if colon else None
