"""Addresses for clients, proxies, providers and platforms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.house.reference.http_model import (
    ANYBODY,
    AUTHENTICATED,
    CLIENT,
    EITHER,
    FORM,
    NO_STORE,
    TOKENS,
    Facts,
)

FACTS: Final[Mapping[str, Facts]] = {
    "GET /auth/authorize": Facts(
        "a person sent by a registered client",
        {
            200: "the sign-in page, or who asks",
            303: "to the provider, or back to the client with an error",
        },
        query="""client_id redirect_uri response_type state? code_challenge code_challenge_method scope?
        prompt?
        max_age? login_hint? provider? resource? audience?""",
        codes="invalid_request redirect_uri_refused step_up_unsupported unknown_client unknown_provider",
        form="page",
        groups=("start", "provider"),
    ),
    "POST /auth/authorize": Facts(
        "the person who was asked, from the same origin",
        {303: "to the provider, or back to the client: cancelled"},
        body="request provider? cancel?",
        takes=FORM,
        codes="""attempt_expired attempt_missing cross_site_request invalid_request redirect_uri_refused
        request_too_large unknown_provider""",
        form="page",
        groups=("start", "provider"),
    ),
    "POST /auth/token": Facts(
        CLIENT,
        {200: "tokens (RFC 6749 §5.1)"},
        body=f"""grant_type code? redirect_uri? code_verifier? refresh_token? scope? resource? audience?
        {AUTHENTICATED}""",
        takes=FORM,
        json=TOKENS,
        codes="""authorization_code_refused authorization_code_reused contended grant_refused invalid_client
        invalid_grant invalid_request invalid_scope invalid_target origin_refused provider_grace_over
        recheck_under_way refresh_replayed request_too_large session_limit_reached sign_in_unconfirmed
        sign_in_withdrawn unauthorized_client unsupported_grant_type user_disabled account_erased
        pepper_unreadable""",
        headers=NO_STORE,
        form="OAuth",
    ),
    "POST /auth/refresh": Facts(
        "whoever holds a refresh token of a browser or a public client; by cookie from the same origin",
        {200: "new tokens; by cookie in cookies, and only `expires_in` and `session_id` in the body"},
        body="refresh_token? client_id? scope?",
        takes=EITHER,
        json=TOKENS,
        codes="""contended cross_site_request invalid_grant invalid_request invalid_scope origin_refused
        provider_grace_over recheck_under_way refresh_replayed request_too_large sign_in_unconfirmed
        sign_in_withdrawn too_many_roles user_disabled""",
        headers=NO_STORE,
        form="OAuth",
    ),
    "POST /auth/revoke": Facts(
        "whoever holds the token; of a confidential client that client",
        {200: "ended, or never was (RFC 7009 §2.2)"},
        body=f"token {AUTHENTICATED}",
        takes=FORM,
        codes="""grant_refused invalid_client invalid_request origin_refused request_too_large
        unauthorized_client""",
        headers=NO_STORE,
        form="OAuth",
    ),
    "POST /auth/introspect": Facts(
        "a confidential client",
        {200: '`{"active": false}`, or what the token says (RFC 7662 §2.2)'},
        body=f"token {AUTHENTICATED}",
        takes=FORM,
        json="active",
        codes="invalid_client invalid_request origin_refused request_too_large",
        headers=NO_STORE,
        form="OAuth",
    ),
    "POST /auth/backchannel-logout/{provider}": Facts(
        "the provider, by a signed logout token (OpenID Connect Back-Channel Logout 1.0)",
        {200: "the sessions have ended"},
        body="logout_token",
        takes=FORM,
        codes="invalid_request logout_token_rejected request_too_large unknown_provider",
        headers=NO_STORE,
        form="OAuth",
        groups=("start", "provider"),
    ),
    "ANY /auth/verify": Facts(
        "a proxy, with the headers of the request it asks about",
        {200: "they may pass; who it is, is in the headers"},
        query="role? scope? machines?",
        codes="account_required insufficient_scope invalid_request terms_required",
        headers="""X-Auth-User-Id, X-Auth-Session-Id, X-Auth-Roles, X-Auth-Scopes, X-Auth-Issuer,
        X-Auth-Subject,
        Cache-Control: no-store""",
        form="problem",
        groups=("start", "caller"),
    ),
    "GET /.well-known/jwks.json": Facts(
        ANYBODY,
        {200: "our public keys (RFC 7517)", 304: "not changed since that `ETag`"},
        json="keys",
        headers="Cache-Control: public, max-age=300, ETag, Access-Control-Allow-Origin: *",
        form="problem",
    ),
    "GET /.well-known/oauth-authorization-server": Facts(
        ANYBODY,
        {200: "what clients may find out (RFC 8414)"},
        json="issuer authorization_endpoint token_endpoint jwks_uri",
        headers="Cache-Control: public, max-age=300",
        groups=(),
    ),
    "GET /.well-known/oauth-protected-resource": Facts(
        ANYBODY,
        {200: "our API and who issues tokens for it (RFC 9728)"},
        json="resource authorization_servers bearer_methods_supported",
        headers="Cache-Control: public, max-age=300",
        groups=(),
    ),
    "GET /healthz": Facts(
        ANYBODY, {200: "the process answers"}, json="status", headers=NO_STORE, form="own", groups=()
    ),
    "GET /readyz": Facts(
        ANYBODY,
        {200: "the process can serve", 503: "it cannot, and `code` says why"},
        json="status database keys providers cache? code?",
        headers=f"{NO_STORE}, Retry-After with 503",
        form="own",
        groups=("start",),
    ),
    "GET /metrics": Facts(ANYBODY, {200: "counters in the text format of Prometheus"}, form="own", groups=()),
}
