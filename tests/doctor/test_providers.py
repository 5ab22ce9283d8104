"""Each misconfiguration of a provider is named, with its fix, and a healthy one has none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.conftest import Patient
from tests.flows.certificates import Authority
from tests.flows.raw_server import RawServer, answer, sends
from tests.servers.ports import loopback_port
from watchword.dev_provider.registration import CLIENT_SECRET


async def test_a_healthy_provider_has_no_fault(patient: Patient) -> None:
    """What is told is what a sign-in needs: redirect URI, credentials that were tried, keys, PKCE."""
    found = await patient.examined()
    assert found.faults == set()
    assert "http://127.0.0.1:8000/auth/callback/dev" in found.one("redirect_uri", "ok").text
    assert "accepts the client's credentials" in found.one("client_credentials", "ok").text
    for check in ("metadata", "scopes", "keys", "pkce", "iss_parameter", "clock", "database", "secret_key"):
        found.one(check, "ok")
    for check in ("development_provider", "plain_http"):
        found.one(check, "warning")


async def test_nothing_that_is_told_is_a_secret(patient: Patient) -> None:
    """Neither where all is well nor where the secret is wrong."""
    wrong = "a-wrong-secret-of-somebody"
    for findings in (
        (await patient.examined()).findings,
        (await patient.examined(dev={"client_secret": wrong})).findings,
    ):
        told = json.dumps([dict(each.as_json()) for each in findings])
        assert CLIENT_SECRET not in told
        assert wrong not in told


async def test_lk_6_it_prints_which_claim_of_which_issuer_grants_what(patient: Patient) -> None:
    """Also where they are nested, mapped, or none."""
    told = (await patient.examined(offline=True)).one("role_claims", "ok").text
    assert told == f"roles of {patient.server.issuer} grants the roles it names, by the same names"
    changed = {"role_claims": [["realm", "roles"], "groups"], "role_map": {"theirs": "ours"}}
    told = (await patient.examined(offline=True, dev=changed)).one("role_claims", "ok").text
    assert told == f"realm > roles and groups of {patient.server.issuer} grants 'theirs' -> 'ours'"
    told = (await patient.examined(offline=True, dev={"role_claims": []})).one("role_claims", "ok").text
    assert told == f"no claim of {patient.server.issuer} grants a role"


async def test_lk_6_a_mapping_to_what_nobody_gets_by_a_provider_is_told(patient: Patient) -> None:
    """It is not among what is granted, and the way to grant it is named."""
    mapping = {"theirs": "ours", "boss": "watchword-admin", "other": "no role"}
    found = await patient.examined(offline=True, dev={"role_map": mapping})
    assert found.one("role_claims", "ok").text.endswith("grants 'theirs' -> 'ours'")
    told = found.one("role_map", "warning")
    assert "'no role', 'watchword-admin', which no provider can grant" in told.text
    assert "watchword users grant" in (told.fix or "")


async def test_offline_asks_no_provider(patient: Patient) -> None:
    """What only the provider knows is not told; what the settings say is."""
    found = await patient.examined(offline=True, dev={"client_secret": "wrong-secret"})
    assert found.faults == set()
    assert not found.at("metadata")
    found.one("redirect_uri", "ok")


@pytest.mark.parametrize(
    ("changes", "check", "says"),
    [
        ({"client_secret": "not-the-secret"}, "client_credentials", "error=invalid_client (sent client_id"),
        ({"client_id": "nobody"}, "client_credentials", "by client_secret_basic and a made-up code"),
        ({"client_auth": "client_secret_post"}, "client_credentials", "by client_secret_post"),
    ],
    ids=["secret", "id", "method"],
)
async def test_wrong_client_authentication_is_told_by_trying_it(
    patient: Patient, changes: dict[str, Any], check: str, says: str
) -> None:
    """What was sent, what came back, and that it must be as registered."""
    found = await patient.examined(dev=changes)
    assert found.faults == {check}
    told = found.one(check, "fault")
    assert says in told.text
    assert told.fix is not None


async def test_a_method_the_provider_does_not_list_is_never_tried(patient: Patient) -> None:
    """The secret does not leave in a way that the provider has not asked for."""
    patient.provider.behaviour.metadata = lambda told: (
        told | {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    )
    found = await patient.examined()
    assert "they list private_key_jwt" in found.one("client_auth", "fault").text
    assert not found.at("client_credentials")


async def test_a_secret_with_characters_no_provider_registers_is_told(patient: Patient) -> None:
    """Pasted with a control character in it: told, not raised, and not shown."""
    told = (await patient.examined(dev={"client_secret": "half\x07bell"})).one("client_auth", "fault")
    assert "cannot be printed" in told.text
    assert "bell" not in told.text


HOSTILE = "x\x1b[2J\r\nok  service  all is well\u202e"


async def test_nothing_a_hostile_provider_says_steers_the_terminal(patient: Patient) -> None:
    """Every member that can reach a line is escaped in it."""
    lists = (
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported",
        "scopes_supported",
        "code_challenge_methods_supported",
        "grant_types_supported",
    )
    for name in (*lists, "issuer", "token_endpoint", "jwks_uri"):
        hostile = [HOSTILE] if name in lists else f"https://{HOSTILE}"
        patient.provider.behaviour.metadata = lambda told, name=name, hostile=hostile: told | {name: hostile}
        found = await patient.examined()
        assert all(each.text.isprintable() for each in found.findings), name
    patient.provider.behaviour.reset()
    body = json.dumps({"error": HOSTILE}).encode()
    patient.provider.faults.fail("token", status=400, headers={"Content-Type": "application/json"}, body=body)
    assert all(each.text.isprintable() for each in (await patient.examined()).findings)


def without(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda told: {name: value for name, value in told.items() if name not in names}


@pytest.mark.parametrize(
    ("change", "check", "level", "says"),
    [
        (lambda told: told | {"issuer": told["issuer"] + "/"}, "metadata", "fault", "only the slash"),
        (
            lambda told: told | {"issuer": "https://other.test\x1b[31m"},
            "metadata",
            "fault",
            "got 'https://other.test?[31m'",
        ),
        (without("token_endpoint"), "metadata", "fault", "token_endpoint is missing"),
        (lambda told: told | {"scopes_supported": ["openid"]}, "scopes", "warning", "profile, email"),
        (
            lambda told: told | {"scopes_supported": ["openid", "profile", "email"]},
            "refresh_token",
            "warning",
            "does not list offline_access",
        ),
        (
            lambda told: told | {"grant_types_supported": ["authorization_code"]},
            "refresh_token",
            "warning",
            "grant_types_supported",
        ),
        (without("code_challenge_methods_supported"), "pkce", "warning", "is missing"),
        (
            lambda told: told | {"code_challenge_methods_supported": ["plain"]},
            "pkce",
            "fault",
            "S256 is not offered, but plain",
        ),
        (without("authorization_response_iss_parameter_supported"), "iss_parameter", "ok", "not say iss"),
        (without("end_session_endpoint"), "logout", "warning", "stay signed in there"),
    ],
)
async def test_metadata_that_do_not_fit_are_told(
    patient: Patient,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    check: str,
    level: Any,
    says: str,
) -> None:
    """By the member at fault; nothing of a provider reaches the terminal unescaped."""
    patient.provider.behaviour.metadata = change
    told = (await patient.examined()).one(check, level)
    assert says in told.text


async def test_settings_that_rule_out_what_metadata_say_are_told(patient: Patient) -> None:
    """Pushed requests that are not offered, userinfo that is not there."""
    patient.provider.behaviour.metadata = without(
        "pushed_authorization_request_endpoint", "userinfo_endpoint"
    )
    found = await patient.examined(dev={"par": True, "userinfo": "always"})
    assert found.faults == {"pushed_requests", "userinfo"}


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (lambda told: {"keys": []}, "no key fits"),
        (lambda told: {}, "no list of keys"),
        (lambda told: {"keys": [{"kty": "oct", "k": "AAAA"}]}, "no key fits"),
    ],
    ids=["none", "no set", "symmetric"],
)
async def test_unusable_keys_are_told(patient: Patient, keys: Any, says: str) -> None:
    """Without one no ID token can be checked."""
    patient.provider.behaviour.jwks = keys
    (fault,) = (await patient.examined()).at("keys", level="fault")
    assert says in fault.text


async def test_a_bad_key_beside_good_ones_is_a_warning(patient: Patient) -> None:
    """Counted, with its reason."""
    patient.provider.behaviour.jwks = lambda told: {"keys": [*told["keys"], {"kty": "oct", "k": "AAAA"}]}
    found = await patient.examined()
    assert found.faults == set()
    (warning,) = found.at("keys", level="warning")
    assert "1 of " in warning.text


@pytest.mark.parametrize(("off", "level"), [(20, "warning"), (40, "fault"), (86_400, "fault")])
async def test_net_17_clock_skew_is_measured(patient: Patient, off: int, level: Any) -> None:
    """By the provider's Date: half the leeway is a warning, more than all of it a fault."""
    patient.clock.advance(off)
    assert "behind ours; 30 s are allowed" in (await patient.examined()).one("clock", level).text


async def test_a_provider_that_is_away_is_told_and_the_others_still_examined(patient: Patient) -> None:
    """Its name, the address and what to do; exit by fault, not by exception."""
    away = f"http://127.0.0.1:{loopback_port()}"
    providers = {
        "away": {"issuer": away, "client_id": "x", "client_secret": "some-secret"},
        "nowhere": {"issuer": "https://nowhere.invalid", "client_id": "x", "client_secret": "some-secret"},
        "dev": patient.settings().providers["dev"].model_dump(exclude_unset=True)
        | {"client_secret": CLIENT_SECRET},
    }
    found = await patient.examined(providers=providers)
    assert "refused" in found.one("unavailable", "fault").text
    assert "cannot be resolved" in found.one("name_unresolved", "fault").text
    assert found.faults == {"unavailable", "name_unresolved"}
    found.one("client_credentials", "ok")


async def test_flt_11_a_certificate_of_a_private_authority_leads_to_ca_file(
    patient: Patient, tmp_path: Path
) -> None:
    """Refused without it; with it, what is wrong next is told."""
    authority = Authority(tmp_path)
    with RawServer(sends(answer(b"{}")), tls=authority.server()) as server:
        dev = {"issuer": server.address}
        assert "CA_FILE" in (await patient.examined(dev=dev)).one("tls_failed", "fault").text
        named = dev | {"ca_file": str(authority.file)}
        assert "issuer is missing" in (await patient.examined(dev=named)).one("metadata", "fault").text


@pytest.mark.parametrize(
    ("status", "body", "check", "level"),
    [
        (503, b"", "token_endpoint", "fault"),
        (401, b"<html>", "client_credentials", "fault"),
        (400, b"<html>", "token_endpoint", "fault"),
        (400, b'{"error": "unauthorized_client"}', "client_credentials", "fault"),
        (400, b'{"error": "redirect_uri_mismatch"}', "redirect_uri", "fault"),
        (400, b'{"error": "invalid_request"}', "client_credentials", "warning"),
        (400, b'{"error": 7}', "client_credentials", "warning"),
        (200, b'{"error": "bad_verification_code"}', "client_credentials", "ok"),
        (200, b'{"error": "incorrect_client_credentials"}', "client_credentials", "fault"),
        (200, b'{"access_token": "x"}', "token_endpoint", "fault"),
    ],
)
async def test_every_answer_to_the_made_up_code_means_something(
    patient: Patient, status: int, body: bytes, check: str, level: Any
) -> None:
    """Some say neither yes nor no, which is a warning and not a guess."""
    headers = {"Content-Type": "text/html" if b"<" in body else "application/json"}
    patient.provider.faults.fail("token", status=status, headers=headers, body=body)
    assert (await patient.examined()).at(check, level=level)
