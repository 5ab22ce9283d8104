"""``private_key_jwt``: which client signed an assertion (OpenID Connect Core §9, RFC 7523 §3)."""

from __future__ import annotations

import base64
import json
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key
from joserfc.jws import JWSRegistry

from watchword.dev_provider.clients import DevClient
from watchword.dev_provider.state import MAX_ENTRIES, ProviderState
from watchword.dev_provider.wire import Parameters

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_KINDS = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA", "EdDSA": "OKP"}
ASSERTION_ALGORITHMS = tuple(_KINDS)
MAX_SECONDS = 300


def asserting_client(provider: ProviderState, form: Parameters) -> DevClient | None:
    """The client whose registered key signed the assertion of this request, which it may do once."""
    assertion = form.get("client_assertion") or ""
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        return None
    client = provider.clients.get(_named(assertion))
    if client is None or client.auth_method != "private_key_jwt" or client.jwks is None:
        return None
    if form.get("client_id") not in (None, client.client_id):
        return None
    claims = _verified(assertion, client)
    return client if claims is not None and _holds(provider, client, claims) else None


def _named(assertion: str) -> str:
    """Whose key to try; nothing is believed yet."""
    try:
        named = _part(assertion, 1).get("sub")
    except (ValueError, LookupError, RecursionError):
        return ""
    return named if isinstance(named, str) else ""


def _verified(assertion: str, client: DevClient) -> dict[str, Any] | None:
    """The claims, where the key that the header names signed them."""
    try:
        header, claims = _part(assertion, 0), _part(assertion, 1)
        signed, _, signature = assertion.rpartition(".")
        key = _key(client, header)
        model = JWSRegistry.algorithms["Ed25519" if header["alg"] == "EdDSA" else header["alg"]]
        holds = model.verify(signed.encode("ascii"), _base64url(signature), key)
    except (JoseError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return claims if holds else None


def _key(client: DevClient, header: dict[str, Any]) -> Key:
    """The registered key of the name in the header, which is of the kind of its algorithm."""
    for jwk in (client.jwks or {})["keys"]:
        if jwk.get("kid") == header["kid"] and jwk["kty"] == _KINDS[header["alg"]]:
            return import_key(jwk)
    raise LookupError("no such key")


def _part(assertion: str, position: int) -> dict[str, Any]:
    part = json.loads(_base64url(assertion.split(".")[position]))
    if not isinstance(part, dict):
        raise ValueError("not an object")
    return part


def _base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _holds(provider: ProviderState, client: DevClient, claims: dict[str, Any]) -> bool:
    """For us alone, of this client, now, and for the first time."""
    now, jti, exp = provider.clock(), claims.get("jti"), claims.get("exp")
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        return False
    if claims.get("aud") not in (provider.issuer, provider.url("/token")):
        return False
    if not isinstance(exp, int) or not now < exp <= now + MAX_SECONDS:
        return False
    if not isinstance(jti, str) or not jti or (client.client_id, jti) in provider.assertions:
        return False
    provider.assertions[client.client_id, jti] = exp
    while len(provider.assertions) > MAX_ENTRIES:
        del provider.assertions[next(iter(provider.assertions))]
    return True
