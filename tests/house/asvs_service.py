"""Rows of docs/security/asvs.md about the service: browsers, HTTP, secrets, connections, data, logs."""

from __future__ import annotations

from typing import Final

from tests.house.asvs_rows import Chapter, Requirement

R = Requirement

_INPUT: Final = (
    R(
        "1.1.1, 1.5.3",
        "2",
        "what is read is decoded once, and every reader reads the same",
        (
            "protocol/test_return_to.py::test_2_3_what_survives_stays_here_under_every_parser",
            "protocol/test_strict_json.py::test_json_that_could_be_read_in_two_ways_or_hurts_is_refused",
            "gate/test_methods_and_paths.py::test_x_16_no_spelling_of_the_path_opens_it",
            "forward_auth/test_paths.py::test_a_path_has_one_meaning",
        ),
    ),
    R("1.2.4", "1", "no input becomes SQL", ("SES-91",)),
    R(
        "2.3.1",
        "1",
        "steps of a sign-in come in their order",
        ("ST-1", "flows/test_codes.py::test_a_callback_that_nobody_opened_consumes_nothing"),
    ),
    R(
        "2.3.3, 2.3.4",
        "2",
        "what belongs together happens together, and nothing is promised twice",
        ("SES-9", "SES-11", "contract/test_session_open.py::test_a_failed_opening_keeps_nothing"),
    ),
    R("2.4.1", "2", "programs cannot ask without end", ("SES-80", "SES-12")),
)

_BROWSERS: Final = (
    R(
        "3.3.1–3.3.5",
        "1–3",
        "cookies are `__Host-`, `Secure`, `HttpOnly`, `SameSite`, and small",
        ("SES-70",),
    ),
    R(
        "3.4.1",
        "1",
        "browsers are told to keep to https",
        ("flows/test_header_snapshot.py::test_ses_71_every_answer_is_protected",),
        "partly: a year, on every answer of ours, without `includeSubDomains`: which other hosts there are "
        "is not ours to say",
    ),
    R("3.4.2", "1", "only registered origins read answers, and none with cookies", ("SES-75",)),
    R(
        "3.4.4, 3.4.5",
        "2",
        "no guessed types; no address told to others",
        ("flows/test_header_snapshot.py::test_ses_71_every_answer_is_protected",),
    ),
    R(
        "3.4.6, 3.4.8",
        "2–3",
        "no page of ours in a frame, none within reach of the window that opened it",
        (
            "flows/test_page_headers.py::test_asvs_3_4_6_3_4_8_every_page_says_so",
            "flows/test_client_authorize.py::test_the_chain_keeps_the_window_that_opened_it",
        ),
        "partly: pages, not answers of JSON; the pages of a sign-in and of refusals keep their opener, which "
        "may be a client that waits for the answer",
    ),
    R(
        "3.5.1–3.5.3",
        "1",
        "no other site changes anything, and looking changes nothing",
        ("SES-73", "SES-74", "SES-63"),
    ),
    R(
        "3.7.2",
        "2",
        "redirects lead to known places only",
        (
            "flows/test_return_to.py::test_rt_a_hostile_return_path_becomes_the_default",
            "protocol/test_client_request.py::test_no_request_is_answered_anywhere_unregistered",
        ),
    ),
)

_HTTP: Final = (
    R(
        "4.1.1",
        "1",
        "every body says what it is, and text in which encoding",
        ("flows/test_page_headers.py::test_asvs_4_1_1_every_body_says_what_it_is",),
    ),
    R(
        "4.1.2",
        "2",
        "the API redirects nobody from http to https",
        (),
        "yours: watchword redirects nothing so; whether the proxy does for the API is set there",
    ),
    R(
        "4.1.3, 15.3.4",
        "2",
        "headers of proxies cannot be made up by callers",
        ("SES-81", "forward_auth/test_spoofing.py::test_x_15_forwarded_headers_are_nginxs"),
    ),
    R(
        "4.1.4",
        "3",
        "methods that nobody serves are refused",
        (
            "flows/test_header_snapshot.py::test_a_method_that_is_not_served_is_405",
            "gate/test_methods_and_paths.py::test_x_13_no_method_reaches_the_endpoint",
        ),
    ),
    R(
        "4.2.1–4.2.5",
        "2–3",
        "messages have one boundary, and headers that are built stay within bounds",
        (
            "SES-87",
            "flows/test_state.py::test_attempts_are_bounded_in_number_and_size",
            "flows/test_too_many_roles.py::test_too_many_granted_roles_refuse_a_sign_in_without_a_trace",
        ),
        "partly: what we build is bounded and has no line breaks; where a request begins and ends is the "
        "server's and the proxy's to say",
    ),
)

_CRYPTOGRAPHY: Final = (
    R(
        "11.1.1, 11.1.2, 13.1.4, 13.3.4",
        "2–3",
        "keys and secrets are listed with their lives, and rotate",
        (
            "docs/security/key-inventory.md#life-of-a-key",
            "house/test_key_inventory.py::test_asvs_11_1_1_lives_are_those_of_the_code",
            "house/test_key_inventory.py::test_asvs_11_1_2_every_secret_setting_is_listed",
            "house/test_key_inventory.py::test_asvs_11_1_2_every_purpose_is_listed",
            "KEY-8",
            "FLT-23",
        ),
    ),
    R(
        "11.2.1",
        "2",
        "cryptography is a known library's",
        (
            "house/test_asvs_facts.py::test_asvs_11_2_1_cryptography_is_one_library_in_few_places",
            "protocol/test_wycheproof.py::test_signature_vectors",
            "docs/adr/0002-strict-jose-of-our-own-on-a-library.md",
        ),
        "partly: the primitives are; the JOSE envelope around them is our own code, held to vectors and to "
        "two other libraries",
    ),
    R(
        "11.2.3",
        "2",
        "nothing is weaker than 128 bits",
        (
            "house/test_key_inventory.py::test_asvs_11_1_1_lives_are_those_of_the_code",
            "protocol/test_jwk_bad_keys.py::test_rsa_size_limits_are_exact",
        ),
        "partly: our own keys are (RSA of 3072 bits); providers' RSA keys of 2048 bits are accepted, as "
        "most have no other",
    ),
    R(
        "11.2.4",
        "3",
        "comparisons of secrets take the same time",
        (
            "house/test_constant_time.py::test_x_20_secrets_are_compared_in_constant_time",
            "protocol/test_jws_signatures.py::test_x_20_a_kid_nobody_has_costs_as_much_as_one_somebody_has",
            "soak/test_timing.py::test_x_20_where_a_refresh_token_is_wrong_makes_no_difference",
        ),
    ),
    R(
        "11.2.5",
        "3",
        "a failure of cryptography is a refusal",
        (
            "gate/test_faults.py::test_x_18_a_fault_at_any_step_is_never_a_200",
            "auth/test_sealing.py::test_ses_78_every_flipped_byte_and_every_cut_is_refused",
        ),
    ),
    R(
        "11.3.x",
        "1–3",
        "what is encrypted cannot be changed or moved unseen",
        (
            "auth/test_sealing.py::test_ses_78_every_flipped_byte_and_every_cut_is_refused",
            "auth/test_sealing.py::test_a_moved_value_does_not_open",
            "auth/test_seal_anew.py::test_asvs_11_3_no_tampered_envelope_is_sealed_anew",
            "docs/security/secret-key.md#how-it-is-sealed",
        ),
    ),
    R(
        "11.4.1",
        "1",
        "no MD5 and no SHA-1",
        ("house/test_asvs_facts.py::test_asvs_11_4_1_no_broken_digest_is_named",),
    ),
    R(
        "11.5.1",
        "2",
        "what must not be guessed is random, and no UUID",
        (
            "house/test_rules.py::test_secrets_never_come_from_weak_randomness",
            "flows/test_state.py::test_st_2_pk_1_states_nonces_and_verifiers_are_random",
            "house/test_asvs_facts.py::test_asvs_11_5_1_what_is_drawn_has_128_bits",
        ),
    ),
    R(
        "11.6.1",
        "2",
        "keys are made safely, of approved kinds",
        (
            "protocol/test_signing.py::test_a_key_we_would_not_verify_with_cannot_sign",
            "keys/test_readers.py::test_the_usual_algorithms_are_read_by_everybody",
        ),
    ),
)

CHAPTERS: Final = (
    Chapter("Input and order", _INPUT),
    Chapter("Browsers", _BROWSERS),
    Chapter("HTTP", _HTTP),
    Chapter("Cryptography", _CRYPTOGRAPHY),
)
