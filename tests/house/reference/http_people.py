"""Addresses for people: sign-in, account, sessions, terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.house.reference.http_model import ANYBODY, EITHER, NO_STORE, RECENT, SESSION, Facts

FACTS: Final[Mapping[str, Facts]] = {
    "GET /auth/login": Facts(
        ANYBODY,
        {200: "the sign-in page"},
        query="return_to? max_age?",
        codes="invalid_request step_up_unsupported",
        form="page",
    ),
    "GET /auth/login/{provider}": Facts(
        ANYBODY,
        {303: "to the provider, with an attempt cookie"},
        query="return_to? max_age? request?",
        codes="""attempt_expired attempt_missing invalid_request redirect_uri_refused step_up_unsupported
        unknown_provider""",
        form="page",
        groups=("start", "provider"),
    ),
    "GET /auth/callback/{provider}": Facts(
        "a browser with the attempt cookie of this sign-in",
        {
            303: "to `return_to` with session cookies, or to the client with `code`, `state`, `iss`",
            425: "a prefetch",
        },
        query="code? state error? error_description? iss?",
        codes="""account_erased attempt_expired attempt_missing attempt_used authorization_request_refused
        authorization_response_invalid
        code_refused id_token_rejected identity_linked_elsewhere invalid_request link_session_ended
        pepper_unreadable provider_denied redirect_uri_refused session_limit_reached sign_in_not_recent
        sign_in_refused too_many_roles unknown_provider user_disabled userinfo_rejected contended""",
        headers="Referrer-Policy: no-referrer",
        form="page",
        groups=("start", "provider"),
    ),
    "GET /auth/signed-out": Facts(ANYBODY, {200: "the page where a logout ends"}, form="page", groups=()),
    "GET /auth/assets/watchword.css": Facts(
        ANYBODY, {200: "the style sheet of our pages"}, form="page", groups=()
    ),
    "POST /auth/link/{provider}": Facts(
        "a browser's own session, from the same origin; in production with a sign-in of the last 10 minutes",
        {303: "to the provider, with an attempt cookie bound to the session"},
        codes="insufficient_user_authentication invalid_request terms_required unknown_provider",
        groups=("start", "caller", "provider"),
    ),
    "POST /auth/logout": Facts(
        "anybody; ends the session of the token or, from the same origin, of the cookie",
        {
            204: "nobody is signed in now",
            303: "the same for a person: to the provider's sign-out, or `/auth/signed-out`",
        },
        query="everywhere?",
        codes="cross_site_request invalid_request",
    ),
    "GET /auth/me": Facts(
        "any signed-in caller, by bearer token or cookie",
        {200: "the caller, as the database has them now"},
        json="user_id session_id email name roles scopes issuer subject auth_time",
        codes="account_erased user_disabled",
        headers=NO_STORE,
        form="problem",
        groups=("start", "caller"),
    ),
    "GET /auth/account": Facts(
        SESSION,
        {200: "the account page", 303: "nobody is signed in: to `/auth/login`"},
        groups=("start", "caller"),
    ),
    "GET /auth/sessions": Facts(
        SESSION,
        {
            200: "the caller's sessions, as a page or JSON by `Accept`",
            303: "nobody is signed in: to `/auth/login`",
        },
        json="sessions",
        groups=("start", "caller"),
    ),
    "DELETE /auth/sessions": Facts(
        f"{SESSION}; by cookie from the same origin",
        {204: "every other session has ended", 303: "the same for a person: to `/auth/sessions`"},
        groups=("start", "caller"),
    ),
    "POST /auth/sessions/end-others": Facts(
        f"{SESSION}; by cookie from the same origin",
        {204: "every other session has ended", 303: "the same for a person: to `/auth/sessions`"},
        groups=("start", "caller"),
    ),
    "DELETE /auth/sessions/{session_id}": Facts(
        f"{SESSION}; by cookie from the same origin",
        {204: "the session has ended", 303: "the same for a person"},
        codes="session_not_found",
        groups=("start", "caller"),
    ),
    "POST /auth/sessions/{session_id}/end": Facts(
        f"{SESSION}; by cookie from the same origin",
        {204: "the session has ended", 303: "the same for a person"},
        codes="session_not_found",
        groups=("start", "caller"),
    ),
    "GET /auth/account/export": Facts(
        RECENT,
        {
            200: "everything that is held about the caller, one JSON file",
            303: "a person is led to the sign-in",
        },
        codes="insufficient_user_authentication",
        headers="Content-Disposition",
        groups=("start", "caller"),
    ),
    "GET /auth/account/erase": Facts(
        RECENT,
        {200: "the page that asks whether it is meant", 303: "a person is led to the sign-in"},
        codes="insufficient_user_authentication",
        groups=("start", "caller"),
    ),
    "POST /auth/account/erase": Facts(
        f"{RECENT}; by cookie from the same origin",
        {200: "the page that says so", 204: "erased", 303: "a person is led to the sign-in"},
        body="confirm",
        takes=EITHER,
        codes="insufficient_user_authentication invalid_request request_too_large",
        groups=("start", "caller"),
    ),
    "GET /auth/terms": Facts(
        ANYBODY,
        {200: "the terms in force, as a page or JSON by `Accept`"},
        query="return_to?",
        json="version digest url text accepted_at",
        codes="not_found",
        groups=("start", "caller"),
    ),
    "POST /auth/terms": Facts(
        f"{SESSION}; by cookie from the same origin",
        {200: "accepted", 303: "the same for a person: to `return_to`, or to the sign-in"},
        body="version return_to?",
        takes=EITHER,
        json="version digest url text accepted_at",
        codes="account_required invalid_request not_found request_too_large terms_changed",
        groups=("start", "caller"),
    ),
    "GET /auth/migration/{version}": Facts(
        ANYBODY, {200: "how to leave a version that ends"}, codes="not_found", groups=()
    ),
}
