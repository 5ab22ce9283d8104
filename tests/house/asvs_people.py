"""Rows of docs/security/asvs.md about people: signing in, sessions, what they may do."""

from __future__ import annotations

from typing import Final

from tests.house.asvs_rows import Chapter, Requirement

R = Requirement

_AUTHENTICATION: Final = (
    R(
        "6.1.1",
        "1",
        "what limits guessing and floods is written down, and how nobody is locked out by it",
        (
            "docs/operations/limits.md#who-is-counted",
            "house/test_limits_page.py::test_the_numbers_of_the_page_are_those_of_the_code",
            "house/test_settings_page.py::test_defaults_are_as_they_are_written",
            "SES-80",
            "SES-85",
        ),
    ),
    R(
        "6.1.3, 6.3.4",
        "2",
        "every way to sign in is listed, and none is weaker than the others or unlisted",
        (
            "docs/security/threat-model.md#ways-in",
            "house/test_threat_model.py::test_asvs_6_1_3_6_3_4_every_route_of_ours_is_listed",
        ),
    ),
    R(
        "6.2.x",
        "1–2",
        "rules for passwords",
        ("house/test_asvs_facts.py::test_asvs_6_2_there_is_no_password_to_be_had",),
        "not applicable: watchword has no passwords; whoever signs in does so at a provider",
    ),
    R("6.3.1", "1", "guessing is slowed down", ("SES-80", "SES-81", "SES-12")),
    R(
        "6.3.2",
        "1",
        "no account exists from the start",
        ("contract/test_new_database.py::test_asvs_6_3_2_a_new_database_knows_nobody",),
    ),
    R(
        "6.3.5, 6.3.7",
        "3",
        "people are told of odd sign-ins and of changes to their account",
        ("contract/test_session_open.py::test_a_sign_in_is_written_down",),
        "open: the audit trail has sign-ins, links, replays and changes of roles, and `audit list` has them "
        "to operators, but watchword sends no messages and has no hook that would",
    ),
    R(
        "6.3.8",
        "3",
        "nobody learns by a refusal, or its time, who has an account",
        ("SES-86", "soak/test_limits.py::test_ses_86_whose_token_it_was_cannot_be_timed"),
    ),
    R(
        "6.5.x",
        "2",
        "what works once works once, for minutes, and in the browser that asked",
        (
            "ST-1",
            "ST-6",
            "auth/test_attempt.py::test_an_attempt_opens_for_ten_minutes",
            "flows/test_client_token.py::test_a_code_lives_a_minute",
            "contract/test_authorization_codes.py::test_redeemed_in_parallel_a_code_opens_one_session",
        ),
    ),
    R("6.8.1", "2", "the same subject at two providers is two people", ("MIX-6",)),
    R(
        "6.8.2",
        "2",
        "what is unsigned or wrongly signed is refused",
        ("RP-10", "RP-11", "RP-13", "protocol/test_wycheproof.py::test_signature_vectors"),
    ),
    R(
        "6.8.4",
        "2",
        "how and when the provider authenticated somebody counts where it was asked for",
        ("RP-53", "flows/test_step_up.py::test_rp_53_a_provider_that_does_not_vouch_signs_nobody_in"),
        "partly: `auth_time` is asked for and checked; `acr` and `amr` are not asked for",
    ),
)

_SESSIONS: Final = (
    R(
        "7.1.1",
        "2",
        "how long a session lasts, unused and in all, is written down with its reason",
        (
            "docs/sessions.md#how-long-a-session-lasts",
            "house/test_sessions_page.py::test_asvs_7_1_1_7_1_2_7_1_3_each_number_is_the_one_in_the_code",
        ),
    ),
    R(
        "7.1.2",
        "2",
        "how many sessions an account may have, and what one more does",
        (
            "docs/sessions.md#how-many-sessions",
            "house/test_sessions_page.py::test_the_text_says_the_same_numbers",
            "SES-9",
        ),
    ),
    R(
        "7.1.3",
        "2",
        "how sessions here and at the provider hang together",
        (
            "docs/sessions.md#asking-the-provider-again",
            "docs/logout.md",
            "house/test_sessions_page.py::test_the_text_says_the_same_numbers",
            "house/test_outage_page.py::test_a_number_of_the_page_is_the_codes",
        ),
    ),
    R(
        "7.2.1, 7.2.2",
        "1",
        "tokens are verified by the server and made for the session, never a fixed key",
        (
            "gate/test_tokens.py::test_x_19_a_bad_token_is_refused_and_not_repeated",
            "gate/test_faults.py::test_x_18_a_fault_at_any_step_is_never_a_200",
            "flows/test_fixation.py::test_ses_72_a_refresh_renews_what_identifies",
        ),
    ),
    R(
        "7.2.3",
        "1",
        "refresh tokens have at least 128 random bits",
        (
            "protocol/test_refresh_token.py::test_a_short_secret_cannot_be_minted",
            "house/test_rules.py::test_secrets_never_come_from_weak_randomness",
        ),
    ),
    R("7.2.4", "1", "a sign-in makes a new session and ends the former one", ("SES-72",)),
    R("7.3.1, 7.3.2", "2", "a session ends when it is unused, and at the latest after so long", ("SES-31",)),
    R("7.4.1", "1", "what has ended is of no use any more", ("SES-60", "SES-62")),
    R("7.4.2", "1", "disabling or erasing an account ends all its sessions", ("SES-61", "SES-90", "SES-5")),
    R(
        "7.4.3",
        "2",
        "after a change of a factor the other sessions can be ended",
        (
            "flows/test_own_sessions.py::test_ending_all_others_keeps_this_one",
            "flows/test_linking.py::test_linking_renews_the_session",
        ),
        "partly: factors are the provider's; who changed one there can end all others here, and is not asked",
    ),
    R(
        "7.4.5",
        "2",
        "operators can end the sessions of somebody, or of everybody",
        (
            "flows/test_operators.py::test_all_sessions_of_a_user_are_revoked",
            "flows/test_all_sessions.py::test_everybody_is_signed_out_everywhere_and_may_come_back",
        ),
    ),
    R(
        "7.5.1",
        "2",
        "what changes how somebody signs in asks for a recent sign-in",
        (
            "flows/test_linking.py::test_production_wants_a_recent_sign_in",
            "flows/test_account_privacy.py::test_production_wants_a_recent_sign_in_for_what_cannot_be_undone",
            "flows/test_step_up.py::test_an_old_sign_in_is_told_what_is_wanted_and_a_new_one_is_let_in",
        ),
    ),
    R(
        "7.5.2",
        "2",
        "people see their sessions and, signed in anew, end them",
        ("flows/test_own_sessions.py::test_the_list_is_what_the_contract_says", "SES-93"),
        "partly: ending a session of one's own asks for no new sign-in, so that somebody who lost a device "
        "is not held up",
    ),
    R(
        "7.6.1",
        "2",
        "sessions here and at the provider end as the documents say",
        (
            "RP-37",
            "sessions/test_recheck.py::test_a_session_outlives_an_outage_by_the_grace_and_not_longer",
            "sessions/test_recheck.py::test_a_withdrawn_sign_in_ends_the_session_everywhere",
        ),
    ),
    R(
        "7.6.2",
        "2",
        "no session begins without somebody doing something",
        ("ST-6", "flows/test_client_authorize.py::test_a_program_of_the_machine_is_confirmed_first"),
        "partly: nobody can be signed in as somebody else, but a link of another site to the sign-in "
        "address does begin one, and a provider that knows the browser may finish it without a question",
    ),
)

_AUTHORIZATION: Final = (
    R(
        "8.1.1, 8.2.1, 8.2.2",
        "1",
        "rules for functions and for data are written down and hold",
        (
            "docs/protecting.md#what-can-be-asked",
            "gate/test_endpoint_kinds.py::test_x_16_every_kind_refuses_strangers_and_runs_for_callers",
            "cli/test_routes.py::test_check_names_each_forgotten_route",
            "SES-93",
        ),
        "partly: functions, and data of watchword's own; whose each row of yours is, your code has to say",
    ),
    R(
        "8.3.1",
        "1",
        "decisions are the server's",
        (
            "gate/test_fail_closed.py::test_x_15_what_a_client_or_an_outer_layer_claims_is_overwritten",
            "gate/test_fail_closed.py::test_x_18_a_decision_that_cannot_be_made_is_a_refusal",
        ),
    ),
    R(
        "8.3.2",
        "3",
        "changed rights count at once, or soon and knowingly",
        ("SES-61", "docs/operations/reach.md"),
    ),
    R("8.4.1", "2", "no tenant reaches another", (), "not applicable: one installation is one tenant"),
)

CHAPTERS: Final = (
    Chapter("Authentication", _AUTHENTICATION),
    Chapter("Sessions", _SESSIONS),
    Chapter("Authorization", _AUTHORIZATION),
)
