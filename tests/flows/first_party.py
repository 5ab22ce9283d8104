"""A first-party client as the tests need one: it begins, gets its code, and redeems it."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2

from tests.flows.browser import Browser, local_part, query_of
from tests.flows.conftest import BASE_URL, Service

SPA = "https://spa.example.test/cb"
MOBILE = "com.example.app:/cb"
LOOPBACK = "http://127.0.0.1/cb"
OWN_PAGE = f"{BASE_URL}/docs/oauth2-redirect"
CLIENTS: dict[str, Any] = {
    "spa": {"redirect_uris": [SPA], "scopes": ["orders:read", "orders:write"]},
    "other": {"redirect_uris": ["https://other.example.test:8443/cb?tenant=1"], "scopes": ["orders:read"]},
    "native": {"redirect_uris": [MOBILE, LOOPBACK]},
    "docs": {"redirect_uris": [OWN_PAGE]},
}


@dataclass
class FirstParty:
    """One client's side of one or more sign-ins, with the verifier and state of the first."""

    service: Service
    client_id: str = "spa"
    redirect_uri: str = SPA
    verifier: str = "v" * 20 + "-._~" + "0" * 30
    state: str = "state of the client"
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.service.browser()

    def request(self, **changes: str | None) -> str:
        """The path that begins; None leaves a parameter out."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
        }
        kept = {name: value for name, value in (asked | changes).items() if value is not None}
        return "/auth/authorize?" + urlencode(kept)

    def authorize(self, **changes: str | None) -> httpx2.Response:
        return self.browser.get(self.request(**changes))

    def answer(self, person: str = "alice", **changes: str | None) -> dict[str, str]:
        """What comes back at the redirect URI after a person signed in."""
        begun = self.authorize(**changes)
        assert begun.status_code == 303, begun.text
        return self.finish(begun.headers["location"], person)

    def finish(self, location: str, person: str = "alice") -> dict[str, str]:
        """From the provider's address to the answer of ours."""
        done = self.browser.get(self.service.approve(location, person))
        assert done.status_code == 303, done.text
        assert done.headers["location"].startswith(self.redirect_uri)
        return query_of(done.headers["location"])

    def code(self, person: str = "alice", **changes: str | None) -> str:
        return self.answer(person, **changes)["code"]

    def exchange(self, given: str, /, **changes: str | None) -> httpx2.Response:
        asked: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code": given,
            "code_verifier": self.verifier,
        }
        return self.post("/auth/token", asked | changes)

    def refresh(self, token: str, **changes: str | None) -> httpx2.Response:
        asked: dict[str, str | None] = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "refresh_token": token,
        }
        return self.post("/auth/token", asked | changes)

    def post(self, path: str, fields: dict[str, str | None], **headers: str) -> httpx2.Response:
        """A form, from a program: no cookies, no fetch metadata."""
        kept = {name: value for name, value in fields.items() if value is not None}
        return self.service.browser().request("POST", path, data=kept, headers=headers)

    def tokens(self, person: str = "alice", **changes: str | None) -> dict[str, Any]:
        """The whole way to a token response."""
        response = self.exchange(self.code(person, **changes))
        assert response.status_code == 200, response.text
        return dict(response.json())

    def call(self, access_token: str, path: str = "/private") -> httpx2.Response:
        headers = {"authorization": f"Bearer {access_token}"}
        return self.service.browser().request("GET", path, headers=headers)


def challenge(verifier: str) -> str:
    """RFC 7636 §4.2, by other means than the code under test."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    read = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert isinstance(read, dict)
    return read


def error_at_client(response: httpx2.Response, redirect_uri: str = SPA) -> dict[str, str]:
    """The answer of a refused request at the client's address, which carries no code."""
    assert response.status_code == 303, response.text
    assert response.headers["location"].partition("?")[0] == redirect_uri
    told = query_of(response.headers["location"])
    assert "code" not in told
    assert told["iss"] == BASE_URL
    return told


def oauth_error(response: httpx2.Response, status: int, error: str) -> None:
    """RFC 6749 §5.2: JSON, not to be kept."""
    assert (response.status_code, response.json()["error"]) == (status, error), response.text
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"


__all__ = ["CLIENTS", "FirstParty", "challenge", "claims_of", "error_at_client", "local_part", "oauth_error"]
