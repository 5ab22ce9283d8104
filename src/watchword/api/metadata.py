"""What clients may find out by themselves: RFC 8414 and RFC 9728, and only what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from watchword.api.decorators import public
from watchword.api.registered_clients import RegisteredClients
from watchword.protocol.client_assertion import ASSERTION_ALGORITHMS
from watchword.protocol.clients import GRANT_TYPES

_HEADERS = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Metadata:
    """Both documents follow from the settings alone, so that they are there while the database is
    away."""

    clients: RegisteredClients

    def routes(self) -> list[BaseRoute]:
        named = {
            "oauth-authorization-server": self.authorization_server,
            "oauth-protected-resource": self.protected_resource,
        }
        return [
            Route(f"/.well-known/{name}", endpoint, methods=["GET"], include_in_schema=False)
            for name, endpoint in named.items()
        ]

    @public
    async def authorization_server(self, _: Request) -> Response:
        """RFC 8414 §2, with ``iss`` in answers (RFC 9207 §3)."""
        base_url = self.clients.settings.base_url
        document: dict[str, Any] = {
            "issuer": base_url,
            "authorization_endpoint": f"{base_url}/auth/authorize",
            "token_endpoint": f"{base_url}/auth/token",
            "revocation_endpoint": f"{base_url}/auth/revoke",
            "jwks_uri": f"{base_url}/.well-known/jwks.json",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [each for each in GRANT_TYPES if each in self.clients.grants],
            **self._authentication("token_endpoint"),
            **self._authentication("revocation_endpoint"),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "protected_resources": [base_url],
        }
        if self.clients.confidential:
            document["introspection_endpoint"] = f"{base_url}/auth/introspect"
            document |= self._authentication("introspection_endpoint", public=False)
        return self._answer(document)

    @public
    async def protected_resource(self, _: Request) -> Response:
        """RFC 9728 §2: our API and who issues tokens for it."""
        base_url = self.clients.settings.base_url
        document: dict[str, Any] = {
            "resource": base_url,
            "authorization_servers": [base_url],
            "bearer_methods_supported": ["header"],
        }
        return self._answer(document)

    def _authentication(self, endpoint: str, *, public: bool = True) -> dict[str, Any]:
        """How clients authenticate there: the ways of those that are registered."""
        credentials = self.clients.credentials
        methods = ["none"] if public and (not self.clients.confidential or "none" in credentials) else []
        if "secret" in credentials:
            methods += ["client_secret_basic", "client_secret_post"]
        said: dict[str, Any] = {f"{endpoint}_auth_methods_supported": methods}
        if "key" in credentials:
            methods.append("private_key_jwt")
            said[f"{endpoint}_auth_signing_alg_values_supported"] = sorted(ASSERTION_ALGORITHMS)
        return said

    def _answer(self, document: dict[str, Any]) -> Response:
        if self.clients.scopes:
            document["scopes_supported"] = list(self.clients.scopes)
        return JSONResponse(document, headers=_HEADERS)
