"""What the provider publishes about itself (OpenID Connect Discovery 1.0 §3, RFC 9207 §3)."""

from __future__ import annotations

from typing import Any

from watchword.dev_provider.authorization import PROMPTS, SCOPES
from watchword.dev_provider.client_assertions import ASSERTION_ALGORITHMS
from watchword.dev_provider.clients import AUTH_METHODS
from watchword.dev_provider.registration import MARK
from watchword.dev_provider.state import ProviderState


def provider_metadata(provider: ProviderState) -> dict[str, Any]:
    return {
        "issuer": provider.issuer,
        "authorization_endpoint": provider.url("/authorize"),
        "token_endpoint": provider.url("/token"),
        "userinfo_endpoint": provider.url("/userinfo"),
        "jwks_uri": provider.url("/jwks"),
        "end_session_endpoint": provider.url("/end-session"),
        "pushed_authorization_request_endpoint": provider.url("/par"),
        "require_pushed_authorization_requests": provider.behaviour.require_pushed_requests,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [provider.keys.algorithm],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid"),
            *("name", "preferred_username", "email", "email_verified", "roles"),
        ],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        MARK: True,
    }
