"""Rows of docs/security/asvs.md about running it: connections, secrets, data, code, logs and errors."""

from __future__ import annotations

from typing import Final

from tests.house.asvs_rows import Chapter, Requirement

R = Requirement

_CONNECTIONS: Final = (
    R(
        "12.1.1, 12.2.1, 12.3.1, 12.3.2",
        "1–2",
        "TLS 1.2 or newer, verified, never done without",
        (
            "NET-12",
            "FLT-11",
            "NET-10",
            "house/test_rules.py::test_tls_checks_are_never_switched_off",
            "config/test_key_settings.py::test_production_refuses_a_vault_in_the_clear",
        ),
        "partly: towards providers and vaults; in front of the service it is the proxy's, and towards "
        "database and cache what their addresses say",
    ),
    R(
        "13.1.1",
        "2",
        "everything that is connected to is written down",
        (
            "docs/security/threat-model.md#what-is-called",
            "house/test_threat_model.py::test_asvs_13_1_1_only_the_listed_packages_open_connections",
        ),
    ),
    R(
        "13.1.2",
        "3",
        "how many connections, and what one more does",
        (
            "docs/operations/scale.md#numbers-of-one-process",
            "docs/operations/outage.md#asking",
            "docs/security/threat-model.md#numbers-of-cache-and-vaults",
            "house/test_threat_model.py::test_asvs_13_1_2_13_1_3_each_number_is_the_one_in_the_code",
            "house/test_scale_page.py::test_a_number_of_the_page_is_the_codes",
            "house/test_outage_page.py::test_a_number_of_the_page_is_the_codes",
        ),
    ),
    R(
        "13.1.3",
        "3",
        "timeouts, retries and what happens then are written down",
        (
            "docs/operations/outage.md#the-numbers",
            "docs/operations/database.md#the-numbers",
            "docs/security/threat-model.md#numbers-of-cache-and-vaults",
            "house/test_threat_model.py::test_asvs_13_1_2_13_1_3_each_number_is_the_one_in_the_code",
            "house/test_outage_page.py::test_every_knob_is_on_the_page",
            "house/test_database_page.py::test_each_number_is_the_one_in_the_code",
            "house/test_limits_page.py::test_the_numbers_of_the_page_are_those_of_the_code",
        ),
    ),
    R(
        "13.2.6",
        "3",
        "connections behave as written down",
        (
            "NET-1",
            "NET-2",
            "FLT-9",
            "FLT-16",
            "SES-45",
            "SES-47",
            "SES-48",
            "vault/test_aws_client.py::test_every_wait_is_bounded",
        ),
    ),
    R(
        "13.2.4, 13.2.5, 1.3.6",
        "2",
        "nobody makes the service connect to where they want",
        (
            "NET-10",
            "NET-9",
            "protocol/test_discovery.py::test_net_10_metadata_cannot_aim_requests_into_a_private_network",
        ),
    ),
)

_SECRETS: Final = (
    R(
        "13.3.1, 13.3.2",
        "2",
        "secrets are kept elsewhere, and read by whom they concern",
        (
            "config/test_production.py::test_production_refuses",
            "config/test_references.py::test_what_is_literally_in_the_file_is_still_refused",
            "vault/test_file_store.py::test_only_the_account_of_the_service_can_read_what_is_written",
            "docs/operations/secrets.md",
        ),
        "partly: production refuses secrets in files and code and takes references to vaults, and demands "
        "none; no hardware holds keys (level 3)",
    ),
    R(
        "13.4.2",
        "2",
        "nothing of development runs in production",
        (
            "config/test_production.py::test_the_demo_is_refused_in_production",
            "dev_provider/test_dev_provider_safety.py::test_production_is_refused",
            "testing/test_signed_in.py::test_production_is_refused",
            "gate/test_problems.py::test_no_error_shows_its_operators_detail",
        ),
    ),
    R(
        "13.4.5",
        "2",
        "documentation and monitoring are not open by accident",
        (
            "cli/test_serve.py::test_operations_are_served",
            "house/test_metrics_page.py::test_the_route_of_the_page_is_for_operators_only",
            "docs/operations/metrics.md#who-may-read-it",
        ),
        "partly: no API documentation; `/healthz`, `/readyz` and `/metrics` are public until the proxy or "
        "the app says otherwise, and hold nothing personal",
    ),
)

_DATA: Final = (
    R(
        "14.2.1",
        "1",
        "no token is taken from an address or written into one",
        (
            "flows/test_credentials.py::test_x_05_a_token_counts_in_its_own_place_only",
            "flows/test_header_snapshot.py::test_ses_88_what_is_sent_in_the_wrong_query_is_in_no_access_log",
            "CO-7",
        ),
        "partly: signing out at a provider sends the ID token as a hint in the address, as OpenID Connect "
        "has it; `CO-7` says what becomes of codes",
    ),
    R("14.3.1", "1", "signing out leaves nothing in the browser", ("SES-62",)),
    R("14.3.2", "2", "answers about somebody are kept by no cache", ("SES-71",)),
    R(
        "14.3.3",
        "2",
        "nothing but session tokens is kept in the browser",
        (
            "browser/test_sign_in_pages.py::test_scripts_cannot_read_the_session",
            "flows/test_main_job.py::test_the_access_token_is_rfc_9068_and_nothing_personal",
            "flows/test_set_cookies.py::test_ses_70_every_cookie_is_locked_to_this_host_and_out_of_reach",
        ),
    ),
    R(
        "14.2.4, 14.2.7",
        "2–3",
        "what is kept is kept as written down, and goes by itself",
        (
            "house/test_data_map.py::test_asvs_14_2_7_every_retention_is_what_the_cleanup_does",
            "flows/test_kept_addresses.py::test_asvs_14_2_4_no_whole_address_is_kept_or_logged",
            "docs/privacy/data-map.md",
            "SES-90",
        ),
    ),
)

_CODE: Final = (
    R(
        "15.1.1, 15.1.2, 15.2.1",
        "1–2",
        "what is depended on is known, and mended in time",
        (
            "docs/security/dependencies.md#time-to-mend",
            "house/test_rules.py::test_requirements_are_pinned_hashed_and_of_no_index",
            "house/test_rules.py::test_requirements_know_every_dependency",
            "house/test_bill_of_materials.py"
            "::test_asvs_15_1_2_every_pin_is_a_component_with_hashes_and_a_licence",
            "house/test_bill_of_materials.py::test_asvs_15_2_1_a_known_weakness_is_told_and_fails",
        ),
        "partly: lock, bill of materials and times to mend are there; that none is past its time is asked "
        "over the network before a release, and no test can show it",
    ),
    R(
        "15.3.1",
        "1",
        "answers have the fields that are needed",
        (
            "flows/test_main_job.py::test_the_access_token_is_rfc_9068_and_nothing_personal",
            "flows/test_own_sessions.py::test_the_list_is_what_the_contract_says",
            "protocol/test_introspection.py::test_rfc_7662_2_2_an_inactive_one_is_told_nothing_of",
        ),
    ),
    R(
        "15.3.3, 15.3.5, 15.3.7",
        "2",
        "only what is meant is read, in its type, and once",
        (
            "protocol/test_token_request.py::test_a_parameter_twice_is_an_invalid_request",
            "protocol/test_authorization.py::test_a_parameter_that_decides_must_not_come_twice",
            "protocol/test_refresh_request.py::test_ses_29_members_of_another_type_are_refused",
            "protocol/test_claims.py::test_rp_55_a_time_is_a_json_integer",
            "flows/test_any_answer.py::test_any_claims_set_is_survived",
        ),
    ),
    R("15.3.2", "2", "redirects are not followed", ("NET-9", "CO-8")),
    R(
        "15.4.1–15.4.4",
        "3",
        "threads, processes and crowds meet without losing or delaying anything",
        ("SES-1", "SES-2", "SES-4", "SES-9", "SES-11", "SES-13", "SES-47", "FLT-16", "FLT-20"),
    ),
)

_LOGS: Final = (
    R(
        "16.1.1, 16.2.1–16.2.5",
        "2",
        "what is logged is listed, says who, what and when, in one form, and no secret",
        (
            "gate/test_problems.py::test_one_log_record_a_refusal_with_code_cause_and_route",
            "house/test_log_lists.py::test_every_line_of_the_log_is_on_the_list_with_its_fields",
            "house/test_log_lists.py::test_there_is_one_way_to_write_to_the_log",
            "house/test_log_lists.py::test_every_event_of_the_trail_is_written_somewhere",
            "demo/test_service_log.py::test_programs_get_one_json_object_a_line",
            "demo/test_service_log.py::test_the_access_log_tells_of_every_answer_and_no_address",
            "docs/operations/logs.md#every-event-of-the-log",
            "docs/operations/logs.md#every-event-of-the-trail",
            "docs/security/nothing-leaks.md#where-what-may-be",
            "SES-88",
        ),
    ),
    R(
        "16.3.1–16.3.4",
        "2",
        "sign-ins, refusals, attacks and failures are logged",
        (
            "flows/test_refusal_lines.py::test_each_refusal_is_one_line_with_its_code",
            "flows/test_refusal_lines.py::test_every_error_there_is_has_its_line",
            "flows/test_refusal_lines.py::test_who_was_refused_is_told_where_it_is_known",
            "flows/test_refusal_lines.py::test_one_over_the_limit_is_one_line",
            "contract/test_session_open.py::test_a_sign_in_is_written_down",
            "contract/test_audit_trail.py::test_a_change_of_roles_by_the_provider_is_told",
            "flows/test_audit_command.py::test_an_export_is_on_the_trail",
            "flows/test_operator_commands.py::test_every_change_is_on_the_trail_with_who_did_it",
            "cli/test_serve.py::test_no_code_is_logged",
            "flows/test_limits_under_attack.py::test_ses_80_what_is_refused_is_counted",
        ),
    ),
    R(
        "16.4.1",
        "2",
        "nothing that is logged forges a line",
        (
            "SES-87",
            "protocol/test_printable.py::test_ses_87_foreign_text_is_one_capped_printable_line",
            "demo/test_service_log.py::test_ses_87_nothing_begins_a_line_or_steers_a_terminal",
        ),
    ),
    R(
        "16.5.1–16.5.4",
        "2–3",
        "errors tell nothing inward, stop nothing else, and open nothing",
        (
            "gate/test_fail_closed.py::test_x_18_an_unforeseen_fault_is_503_and_its_message_stays_inside",
            "gate/test_faults.py::test_x_18_a_fault_at_any_step_is_never_a_200",
            "gate/test_problems.py::test_no_error_shows_its_operators_detail",
            "FLT-1",
            "FLT-13",
            "SES-44",
            "SES-45",
        ),
    ),
)

CHAPTERS: Final = (
    Chapter("Connections", _CONNECTIONS),
    Chapter("Secrets and production", _SECRETS),
    Chapter("Data", _DATA),
    Chapter("Code", _CODE),
    Chapter("Logs and errors", _LOGS),
)
