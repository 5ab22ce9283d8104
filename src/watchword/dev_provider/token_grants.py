"""The two grants of the token endpoint (RFC 6749 §4.1.3, §6; RFC 7636 §4.6; RFC 9700 §4.14.2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any

from watchword.dev_provider.behaviour import changed
from watchword.dev_provider.claims import id_token_claims
from watchword.dev_provider.client_authentication import authenticate
from watchword.dev_provider.clients import DevClient
from watchword.dev_provider.state import (
    TOKEN_SECONDS,
    AccessRecord,
    Code,
    Grant,
    ProviderState,
    RefreshRecord,
    keep,
)
from watchword.dev_provider.wire import OAuthError, Parameters

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_INVALID_GRANT = OAuthError("invalid_grant", "the grant is unknown, used, expired or not for this client")


def token_response(
    provider: ProviderState, authorization: str | None, form: Parameters
) -> dict[str, Any] | OAuthError:
    """Answer a token request; the caller is authenticated first."""
    if form.repeated:
        return OAuthError("invalid_request", "a parameter is given more than once")
    with provider.lock:
        client = authenticate(provider, authorization, form)
        if isinstance(client, OAuthError):
            return client
        match form.get("grant_type"):
            case "authorization_code":
                return _exchange(provider, client, form)
            case "refresh_token":
                return _refresh(provider, client, form)
            case None:
                return OAuthError("invalid_request", "grant_type is missing")
            case _:
                return OAuthError("unsupported_grant_type", "grant_type is not supported")


def _exchange(provider: ProviderState, client: DevClient, form: Parameters) -> dict[str, Any] | OAuthError:
    """Redeem a code. Its own client's first try uses it up, good or bad."""
    presented, redirect_uri = form.get("code"), form.get("redirect_uri")
    if presented is None or redirect_uri is None:
        return OAuthError("invalid_request", "code and redirect_uri are required")
    code = provider.codes.get(presented)
    if code is None or code.grant.client_id != client.client_id:
        return _INVALID_GRANT
    if code.used:
        code.grant.revoked = True
        return _INVALID_GRANT
    code.used = True
    if code.grant.revoked or provider.clock() >= code.expires_at or redirect_uri != code.request.redirect_uri:
        return _INVALID_GRANT
    fault = None if provider.behaviour.ignore_verifier else _pkce_fault(code, form.get("code_verifier"))
    return fault or _issue(provider, code.grant, code.grant.scopes, nonce=code.request.nonce)


def _pkce_fault(code: Code, verifier: str | None) -> OAuthError | None:
    if verifier is None:
        return OAuthError("invalid_request", "code_verifier is required")
    if not _VERIFIER.fullmatch(verifier):
        return OAuthError("invalid_grant", "code_verifier is malformed")
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
    if not hmac.compare_digest(challenge, code.request.code_challenge):
        return OAuthError("invalid_grant", "code_verifier does not match")
    return None


def _refresh(provider: ProviderState, client: DevClient, form: Parameters) -> dict[str, Any] | OAuthError:
    """Rotate a refresh token, unless it is kept; the reuse of an old one revokes its family."""
    presented = form.get("refresh_token")
    if presented is None:
        return OAuthError("invalid_request", "refresh_token is required")
    record = provider.refresh_tokens.get(presented)
    if record is None or record.grant.client_id != client.client_id:
        return _INVALID_GRANT
    grant = record.grant
    if record.used:
        grant.revoked = True
    if grant.revoked:
        return _INVALID_GRANT
    asked = (form.get("scope") or " ".join(grant.scopes)).split(" ")
    if not set(asked) <= set(grant.scopes):
        return OAuthError("invalid_scope", "scope is wider than what was granted")
    record.used = not provider.behaviour.keep_refresh_tokens
    kept = tuple(scope for scope in grant.scopes if scope in asked)
    return _issue(provider, grant, kept, nonce=None, refreshed=True)


def _issue(
    provider: ProviderState,
    grant: Grant,
    scopes: tuple[str, ...],
    *,
    nonce: str | None,
    refreshed: bool = False,
) -> dict[str, Any]:
    """Fresh tokens. A refreshed ID token has no nonce (OpenID Connect Core §12.2)."""
    expires_at = provider.clock() + TOKEN_SECONDS
    access_token = keep(provider.access_tokens, AccessRecord(grant, scopes, expires_at))
    response: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": " ".join(scopes),
    }
    behaviour = provider.behaviour
    if "openid" in scopes and not (refreshed and behaviour.omit_refreshed_id_token):
        claims = id_token_claims(provider, grant, access_token, nonce)
        response["id_token"] = _sign_id_token(provider, claims)
    refreshable = "offline_access" in grant.scopes or behaviour.always_give_refresh_token
    if refreshable and not (refreshed and behaviour.keep_refresh_tokens):
        response["refresh_token"] = keep(provider.refresh_tokens, RefreshRecord(grant))
    return response


def _sign_id_token(provider: ProviderState, claims: dict[str, Any]) -> str:
    behaviour = provider.behaviour
    return provider.keys.sign(
        changed(behaviour.id_token_claims, claims),
        changed(behaviour.id_token_header, provider.keys.header()),
        unknown_key=behaviour.sign_with_unknown_key,
    )
