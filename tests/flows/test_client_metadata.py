"""Metadata documents, and the OpenAPI scheme that follows from them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import CLIENTS, FirstParty
from tests.flows.machines import MACHINES
from tests.flows.refusals import change

SERVER = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource"


@pytest.fixture
def service(start_service: StartService) -> Service:
    return start_service(clients=CLIENTS)


def document(service: Service, path: str) -> dict[str, Any]:
    response = service.browser().get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    return dict(response.json())


def test_the_server_describes_itself(service: Service) -> None:
    """RFC 8414 §2: the issuer is the base URL, and everything named works as named."""
    assert document(service, SERVER) == {
        "issuer": BASE_URL,
        "authorization_endpoint": f"{BASE_URL}/auth/authorize",
        "token_endpoint": f"{BASE_URL}/auth/token",
        "revocation_endpoint": f"{BASE_URL}/auth/revoke",
        "jwks_uri": f"{BASE_URL}/.well-known/jwks.json",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "protected_resources": [BASE_URL],
        "scopes_supported": ["orders:read", "orders:write"],
    }


def given(*names: str) -> dict[str, Any]:
    return {name: MACHINES[name] for name in names}


BY_SECRET = ["client_secret_basic", "client_secret_post"]
SIGNING = ["ES256", "Ed25519", "EdDSA", "PS256", "RS256"]


@pytest.mark.parametrize(
    ("clients", "grants", "methods"),
    [
        ({}, ["authorization_code", "refresh_token"], ["none"]),
        (given("spa"), ["authorization_code", "refresh_token"], ["none"]),
        (given("batch"), ["client_credentials"], BY_SECRET),
        (given("signer"), ["client_credentials"], ["private_key_jwt"]),
        (given("watcher"), ["authorization_code", "refresh_token"], BY_SECRET),
        (
            given("spa", "backend", "signer"),
            ["authorization_code", "refresh_token", "client_credentials"],
            ["none", *BY_SECRET, "private_key_jwt"],
        ),
    ],
)
def test_rfc_8414_2_the_document_says_what_is_configured(
    start_service: StartService, clients: dict[str, Any], grants: list[str], methods: list[str]
) -> None:
    """Grants, ways to authenticate and their algorithms at each endpoint; introspection only where
    somebody may ask."""
    found = document(start_service(clients=clients), SERVER)
    assert found["grant_types_supported"] == grants
    endpoints = ["token_endpoint", "revocation_endpoint"]
    confidential = methods != ["none"]
    if confidential:
        assert found["introspection_endpoint"] == f"{BASE_URL}/auth/introspect"
        endpoints.append("introspection_endpoint")
    for endpoint in endpoints:
        expected = [each for each in methods if each != "none" or endpoint != "introspection_endpoint"]
        assert found[f"{endpoint}_auth_methods_supported"] == expected
        algorithms = SIGNING if "private_key_jwt" in methods else None
        assert found.get(f"{endpoint}_auth_signing_alg_values_supported") == algorithms
    named = {name for name in found if name.startswith("introspection_endpoint")}
    assert bool(named) is confidential


def test_the_api_says_who_issues_its_tokens(service: Service) -> None:
    """RFC 9728 §2."""
    assert document(service, RESOURCE) == {
        "resource": BASE_URL,
        "authorization_servers": [BASE_URL],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["orders:read", "orders:write"],
    }


def test_every_endpoint_that_is_named_is_there(service: Service) -> None:
    """No address of the document answers 404."""
    named = {
        name: at for name, at in document(service, SERVER).items() if name.endswith(("_endpoint", "_uri"))
    }
    assert len(named) == 4
    for at in named.values():
        response = service.browser().get(at.removeprefix(BASE_URL))
        assert response.status_code in (200, 400, 405)


def test_scopes_nobody_may_get_are_not_named(start_service: StartService) -> None:
    """Without clients there is nothing to name."""
    service = start_service()
    assert "scopes_supported" not in document(service, SERVER)
    assert "scopes_supported" not in document(service, RESOURCE)


def test_the_documents_are_there_while_the_database_is_not(service: Service) -> None:
    """They follow from the settings."""
    change(service, "ALTER TABLE ww_users RENAME TO away")
    assert document(service, SERVER)["issuer"] == BASE_URL


def test_a_client_needs_nothing_but_the_document(service: Service) -> None:
    """Discovery, sign-in, exchange and a call, with the addresses that were found."""
    found = document(service, SERVER)
    spa = FirstParty(service)
    assert found["authorization_endpoint"].removeprefix(BASE_URL) == spa.request().partition("?")[0]
    answer = spa.answer()
    assert answer["iss"] == found["issuer"]
    tokens = spa.exchange(answer["code"]).json()
    assert spa.call(tokens["access_token"]).status_code == 200


def test_the_openapi_document_offers_the_flow(service: Service) -> None:
    """Protected operations name an OAuth2 scheme whose addresses are ours."""
    described = service.browser().get("/openapi.json").json()
    assert described["components"]["securitySchemes"]["watchword"] == {
        "type": "oauth2",
        "description": "Authorization code with PKCE, for registered clients that sign people in.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": f"{BASE_URL}/auth/authorize",
                "tokenUrl": f"{BASE_URL}/auth/token",
                "refreshUrl": f"{BASE_URL}/auth/token",
                "scopes": {"orders:read": "", "orders:write": ""},
            }
        },
    }
    assert described["paths"]["/private"]["get"]["security"] == [{"watchword": []}]


def test_the_openapi_document_offers_machines_their_flow(start_service: StartService) -> None:
    """Beside that for people, or alone; each with the scopes of its clients."""
    machine = {"tokenUrl": f"{BASE_URL}/auth/token", "scopes": {"orders:read": "", "orders:write": ""}}
    for clients, flows in (
        (given("batch"), {"clientCredentials"}),
        (given("batch", "native"), {"authorizationCode", "clientCredentials"}),
    ):
        described = start_service(clients=clients).browser().get("/openapi.json").json()
        scheme = described["components"]["securitySchemes"]["watchword"]
        assert set(scheme["flows"]) == flows
        assert scheme["flows"]["clientCredentials"] == machine
        assert "Client credentials, for registered clients that come for themselves." in scheme["description"]
    assert scheme["flows"]["authorizationCode"]["scopes"] == {}


def test_a_client_that_only_asks_offers_no_flow(start_service: StartService) -> None:
    """Nobody could get a token by it."""
    described = start_service(clients=given("watcher")).browser().get("/openapi.json").json()
    assert described["components"]["securitySchemes"]["watchword"]["type"] == "http"


def test_without_clients_the_openapi_document_asks_for_a_bearer_token(start_service: StartService) -> None:
    """A flow that nobody could start is not offered."""
    described = start_service().browser().get("/openapi.json").json()
    assert described["components"]["securitySchemes"]["watchword"]["type"] == "http"
