"""Rows of docs/security/asvs.md about tokens, OAuth and OpenID Connect."""

from __future__ import annotations

from typing import Final

from tests.house.asvs_rows import Chapter, Requirement

R = Requirement

_TOKENS: Final = (
    R(
        "9.1.1",
        "1",
        "a token counts for nothing until its signature is verified",
        (
            "protocol/test_jws.py::test_parsing_says_what_is_written_and_believes_nothing",
            "gate/test_tokens.py::test_x_19_a_bad_token_is_refused_and_not_repeated",
        ),
    ),
    R(
        "9.1.2",
        "1",
        "algorithms are on a list, without `none`, and never mixed",
        (
            "RP-10",
            "protocol/test_jws.py::test_the_allow_lists_are_the_contract",
            "protocol/test_jws.py::test_the_public_key_is_no_shared_secret",
            "protocol/test_jws.py::test_an_algorithm_that_is_not_the_named_keys_is_refused",
        ),
    ),
    R(
        "9.1.3",
        "1",
        "keys come from where the settings say, never from the token",
        (
            "protocol/test_jws.py::test_keys_a_token_brings_along_are_not_used",
            "flows/test_id_tokens.py::test_a_key_that_the_token_brings_along_is_never_used",
            "provider_tokens/test_requests.py::test_x_19_no_request_for_what_would_be_refused_anyway",
        ),
    ),
    R(
        "9.2.1",
        "1",
        "a token counts in its time only",
        (
            "RP-48",
            "protocol/test_access_token.py::test_x_12_a_token_is_expired_from_exp_plus_leeway_on",
            "protocol/test_claims.py::test_every_time_edge_is_exact",
        ),
    ),
    R(
        "9.2.2",
        "2",
        "a token counts for its purpose only",
        (
            "protocol/test_access_token.py::test_x_11_any_other_type_is_no_access_token",
            "flows/test_refresh_endpoint.py::test_x_11_no_token_stands_in_for_another",
            "protocol/test_id_token.py::test_another_kind_of_token_is_no_id_token",
        ),
    ),
    R(
        "9.2.3, 9.2.4",
        "2",
        "a token counts for its audience only",
        (
            "RP-4",
            "protocol/test_access_token.py::test_a_claim_that_does_not_fit_refuses_the_token",
            "flows/test_introspection.py::test_a_token_of_another_issuer_or_audience_is_inactive",
        ),
    ),
)

_OAUTH: Final = (
    R(
        "10.1.1",
        "2",
        "tokens go where they are needed and nowhere else",
        (
            "flows/test_main_job.py::test_refresh_by_cookie_keeps_tokens_in_cookies",
            "flows/test_header_snapshot.py::test_ses_71_every_answer_is_protected",
            "browser/test_sign_in_pages.py::test_scripts_cannot_read_the_session",
        ),
    ),
    R(
        "10.1.2",
        "2",
        "what comes back belongs to the browser and the attempt that asked",
        ("ST-1", "ST-6", "MIX-1", "PK-4", "NO-1"),
    ),
    R("10.2.1", "2", "a foreign answer in somebody's browser starts nothing", ("ST-6",)),
    R("10.2.2", "2", "an answer of another provider starts nothing", ("MIX-1", "MIX-2", "MIX-3", "MIX-5")),
    R(
        "10.2.3",
        "3",
        "no scope is asked for that is not needed",
        ("flows/test_main_job.py::test_the_authorization_request_is_complete",),
        "partly: `openid profile email` and what a refresh token needs, unless `SCOPES` says less",
    ),
    R(
        "10.3.1–10.3.4",
        "2",
        "the API looks at audience, scope, subject and issuer, and at how recent a sign-in is",
        (
            "protocol/test_access.py::test_scopes_are_all_of",
            "protocol/test_access.py::test_a_sign_in_may_be_too_old",
            "protocol/test_access_token.py::test_a_claim_that_does_not_fit_refuses_the_token",
            "MIX-6",
        ),
        "partly: `acr` is not looked at",
    ),
    R(
        "10.3.5",
        "3",
        "a stolen access token is of no use to the thief",
        (),
        "open: neither DPoP nor mutual TLS; what is left is a life of 15 minutes and an ending that counts "
        "within seconds",
    ),
    R(
        "10.4.5",
        "1",
        "refresh tokens rotate, and a replay ends the session",
        ("SES-20", "SES-21", "SES-23", "SES-24", "docs/adr/0001-refresh-token-rotation.md"),
    ),
    R("10.4.8", "2", "rotation moves no absolute end", ("SES-31",)),
    R(
        "10.4.9",
        "2",
        "people can take tokens back",
        ("SES-65", "flows/test_own_sessions.py::test_ending_one_session_ends_it_at_once"),
    ),
    R(
        "10.4.10",
        "2",
        "confidential clients authenticate, here and where we are one",
        (
            "flows/test_client_authentication.py::test_10_4_10_a_confidential_client_has_to_authenticate",
            "flows/test_client_authentication.py::test_10_4_10_no_other_pair_is_accepted",
            "flows/test_confidential_clients.py::test_10_4_10_a_refresh_needs_the_credential",
            "RP-20",
            "SES-28",
        ),
    ),
    R("10.5.1", "2", "an ID token is of the attempt that asked", ("RP-17", "NO-1")),
    R("10.5.2", "2", "people are known by subject, not by address or name", ("LK-4", "MIX-6")),
    R("10.5.3", "2", "metadata of another issuer are refused", ("RP-23",)),
    R("10.5.4", "2", "an ID token is for us", ("RP-4", "RP-47")),
    R(
        "10.5.5",
        "2",
        "a logout token is one, of the provider, and recent",
        ("RP-37", "RP-38", "RP-39", "RP-40", "RP-41", "RP-42"),
    ),
)

CHAPTERS: Final = (
    Chapter("Self-contained tokens", _TOKENS),
    Chapter("OAuth and OpenID Connect", _OAUTH),
)
