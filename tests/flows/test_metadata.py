"""Discovery at a provider that lies or stumbles (OpenID Connect Discovery §3, §4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.flows.browser import query_of
from tests.flows.changes import drop, put
from tests.flows.conftest import Service
from tests.flows.raw_server import RawServer, answer, sends
from tests.flows.refusals import Refusals

DISCOVERY = "/.well-known/openid-configuration"
A_WEEK_SECONDS = 8 * 86_400
TOO_OLD_SECONDS = 1.2 * 86_400


def refused_at_the_door(refusals: Refusals, *, status: int = 502, **expected: Any) -> httpx2.Response:
    """Sign-in at a provider whose old metadata are no longer believed: one look, and a page."""
    service = refusals.service
    service.clock.advance(A_WEEK_SECONDS)
    return refusals.request(
        service.browser(), "GET", "/auth/login/dev", status=status, calls=(DISCOVERY,), **expected
    )


BAD_METADATA: dict[str, tuple[Any, str]] = {
    "rp-23 issuer of another": (put(issuer="https://evil.example"), "another issuer"),
    "rp-23 issuer with a slash": (lambda given: {**given, "issuer": given["issuer"] + "/"}, "the slash"),
    "issuer missing": (drop("issuer"), "issuer is missing"),
    "issuer a list": (lambda given: {**given, "issuer": [given["issuer"]]}, "issuer is missing"),
    "authorization endpoint missing": (drop("authorization_endpoint"), "authorization_endpoint"),
    "token endpoint missing": (drop("token_endpoint"), "token_endpoint"),
    "keys missing": (drop("jwks_uri"), "jwks_uri"),
    "a script for an address": (put(authorization_endpoint="javascript:alert(1)"), "absolute URL"),
    "a file": (put(jwks_uri="file:///etc/passwd"), "neither https"),
    "plain http elsewhere": (put(token_endpoint="http://elsewhere.example/token"), "must be https"),
    "the cloud's own address": (put(jwks_uri="https://169.254.169.254/latest"), "IP address"),
    "loopback for a name": (put(token_endpoint="http://localhost:80@evil.example/"), "user name"),
    "a fragment": (put(jwks_uri="https://op.example/keys#x"), "fragment"),
    "a number": (put(token_endpoint=7), "not a string"),
    "60 KB of address": (put(jwks_uri="https://op.example/" + "x" * 60_000), "longer than 2048"),
    "algorithms none": (put(id_token_signing_alg_values_supported=["none", "HS256"]), "no algorithm"),
    "algorithms a word": (put(id_token_signing_alg_values_supported="ES256"), "list of strings"),
    "iss flag a word": (put(authorization_response_iss_parameter_supported="yes"), "neither true nor false"),
    "a list": (lambda given: [given], "not an object"),
}


@pytest.mark.parametrize(("change", "detail"), BAD_METADATA.values(), ids=BAD_METADATA)
def test_rp_23_bad_metadata_stop_before_the_authorization_request(
    refusals: Refusals, change: Any, detail: str
) -> None:
    """RP-23, NET-10: nobody is sent anywhere, and nothing but the metadata was asked for."""
    refusals.service.provider.behaviour.metadata = change
    refused_at_the_door(refusals, reason="provider_metadata_invalid", detail=detail)
    refusals.still_open_to_honest_people()


def test_metadata_beyond_64_kb_are_not_read(refusals: Refusals) -> None:
    """A provider that lists a novel."""
    refusals.service.provider.behaviour.metadata = put(scopes_supported=["x" * 65_536])
    refused_at_the_door(refusals, reason="provider_response_invalid", detail="more than 65536 bytes")
    refusals.still_open_to_honest_people()


BAD_DOCUMENTS: dict[str, tuple[dict[str, Any], str, int]] = {
    "404": ({"status": 404}, "provider_response_invalid", 502),
    "500": ({"status": 500}, "provider_unavailable", 503),
    "429": ({"status": 429, "headers": {"Retry-After": "7"}}, "provider_unavailable", 503),
    "204": ({"status": 204}, "provider_response_invalid", 502),
    "net-9 redirect": (
        {"status": 301, "headers": {"Location": "/jwks"}},
        "provider_response_invalid",
        502,
    ),
    "net-6 html": (
        {"status": 200, "headers": {"Content-Type": "text/html"}, "body": b"<h1>Welcome to our Wi-Fi"},
        "provider_response_invalid",
        502,
    ),
    "net-6 plain text": (
        {"status": 200, "headers": {"Content-Type": "text/plain"}, "body": b"{}"},
        "provider_response_invalid",
        502,
    ),
}


@pytest.mark.parametrize(("fault", "reason", "status"), BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS)
def test_net_6_net_9_faulty_discovery_is_told(
    refusals: Refusals, fault: dict[str, Any], reason: str, status: int
) -> None:
    """A provider that cannot be discovered: told, and the way is open as soon as it can be, and a wait
    that it asked for is over."""
    refusals.service.provider.fail("discovery", **fault)
    response = refused_at_the_door(refusals, reason=reason, status=status)
    wait = {429: "7", 500: "10"}.get(fault["status"])
    assert response.headers.get("retry-after") == wait
    refusals.service.clock.advance(9 if fault["status"] == 429 else 0)
    refusals.still_open_to_honest_people()


def test_faulty_discovery_of_a_known_provider_changes_nothing(service: Service) -> None:
    """Its last good metadata serve for a week, whatever the fault (design §6)."""
    for fault, _, _ in BAD_DOCUMENTS.values():
        service.provider.heal()
        service.clock.advance(TOO_OLD_SECONDS)
        service.signed_in()
        service.provider.fail("discovery", **fault)
        service.clock.advance(6 * 86_400)
        assert service.sign_in(service.browser()).status_code == 303


DOCUMENT = b'{"issuer": "%b", "x": 1}'
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "bom": lambda body: b"\xef\xbb\xbf" + body,
    "utf-16": lambda body: body.decode().encode("utf-16"),
    "issuer twice": lambda body: body.replace(b"{", b'{"issuer": "https://evil.example", ', 1),
    "NaN": lambda body: body.replace(b"{", b'{"x": NaN, ', 1),
    "latin-1": lambda body: body.replace(b"{", b'{"x": "\xff", ', 1),
    "deep": lambda body: body.replace(b"{", b'{"y": ' + b"[" * 100 + b"]" * 100 + b", ", 1),
    "truncated": lambda body: body[:-1],
    "empty": lambda body: b"",
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_net_6_metadata_in_another_encoding_are_refused(
    refusals: Refusals, encode: Callable[[bytes], bytes]
) -> None:
    """One reading of JSON only."""
    provider = refusals.service.provider
    body = encode(DOCUMENT.replace(b"%b", provider.issuer.encode()))
    provider.fail("discovery", status=200, headers={"Content-Type": "application/json"}, body=body)
    refused_at_the_door(refusals, reason="provider_metadata_invalid", detail="not acceptable JSON")


def test_rp_21_rp_22_endpoints_are_where_the_metadata_say(service: Service) -> None:
    """The next day they are elsewhere: the new addresses are asked, the old ones no more."""
    service.signed_in()
    keys = json.dumps(service.provider.keys.jwks()).encode()
    with RawServer(sends(answer(keys))) as moved:
        service.provider.behaviour.metadata = put(jwks_uri=f"{moved.address}/moved/keys?v=2")
        service.clock.advance(TOO_OLD_SECONDS)
        asked = len(service.provider.requests)
        assert service.sign_in(service.browser()).status_code == 303
    assert moved.requests[0].startswith(b"GET /moved/keys?v=2 HTTP/1.1\r\n")
    assert "/jwks" not in [each.path for each in service.provider.requests[asked:]]


def test_pk_2_pkce_is_s256_whatever_the_metadata_list(shared: Service) -> None:
    """No fallback to ``plain`` and none to nothing."""
    for methods in (["plain"], [], None):
        shared.clock.advance(A_WEEK_SECONDS)
        shared.provider.behaviour.metadata = put(code_challenge_methods_supported=methods)
        assert query_of(shared.begin(shared.browser()))["code_challenge_method"] == "S256"
