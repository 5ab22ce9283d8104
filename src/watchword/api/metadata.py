"""What clients may find out by themselves: RFC 8414 and RFC 9728, and only what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from watchword.api.decorators import public
from watchword.api.registered_clients import RegisteredClients

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
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "protected_resources": [base_url],
        }
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

    def _answer(self, document: dict[str, Any]) -> Response:
        if self.clients.scopes:
            document["scopes_supported"] = list(self.clients.scopes)
        return JSONResponse(document, headers=_HEADERS)
