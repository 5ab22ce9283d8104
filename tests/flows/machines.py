"""Confidential clients as the tests need them: secrets, keys, and every way to authenticate."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx2

from tests.flows.conftest import BASE_URL, Service, replicas, serve_provider
from tests.flows.first_party import CLIENTS, FirstParty
from tests.protocol.workshop import ED25519, OTHER_P256, P256, RSA, b64, jwk_of, signature
from watchword.protocol.client_authentication import ASSERTION_TYPE
from watchword.protocol.signing import PrivateKey
from watchword.testing import FakeClock

FORM = "application/x-www-form-urlencoded"
TOKEN_URL, REVOKE_URL, INTROSPECT_URL = (
    f"{BASE_URL}/auth/{name}" for name in ("token", "revoke", "introspect")
)
ITSELF = {"grant_type": "client_credentials"}
SECRETS = {
    "batch": "9f2b61d07c3a48e5b1d6f09c27e84a3d5b7c1e9f60a2d4838be5c7f1a0d96e42",
    "odd": "q8:W%2B+x2nA/7dKe=0LhV&5yTzR3mB9cJ1gUfP6oXi4vDtEbH",
    "backend": "mB9cJ1gUfP6oXi4vDtEbHq8sWx2nA7dKe0LhV5yTzR3-_a",
    "watcher": "XTzR3mB9cJ1gUfP6oXi4vDtEbHq8sWx2nA7dKe0LhV5y-_",
}
BACKEND_CALLBACK = "https://backend.example.test/cb"
MACHINES: dict[str, Any] = {
    **CLIENTS,
    "batch": {"secret": SECRETS["batch"], "scopes": ["orders:read", "orders:write"], "roles": ["editor"]},
    "odd": {"secret": SECRETS["odd"]},
    "watcher": {"secret": SECRETS["watcher"], "grants": []},
    "backend": {
        "secret": SECRETS["backend"],
        "redirect_uris": [BACKEND_CALLBACK],
        "scopes": ["orders:read"],
        "grants": ["authorization_code", "refresh_token", "client_credentials"],
    },
    "signer": {"key": {"keys": [jwk_of(P256, kid="p"), jwk_of(RSA, kid="r"), jwk_of(ED25519, kid="e")]}},
    "plain": {"key": jwk_of(OTHER_P256)},
}
KEYS: dict[str, tuple[str, PrivateKey]] = {
    "ES256": ("p", P256),
    "RS256": ("r", RSA),
    "PS256": ("r", RSA),
    "EdDSA": ("e", ED25519),
    "Ed25519": ("e", ED25519),
}
_numbers = itertools.count(1)


def basic(client_id: str, secret: str) -> str:
    """A Basic header, both parts form-encoded first (RFC 6749 §2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


@dataclass
class Machine:
    """One confidential client; ``ask`` authenticates the way it is registered."""

    service: Service
    client_id: str = "batch"
    secret: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.secret = SECRETS.get(self.client_id, "")

    def ask(self, path: str, fields: dict[str, str], **more: str) -> httpx2.Response:
        return self.send(path, fields, authorization=basic(self.client_id, self.secret), **more)

    def send(self, path: str, fields: dict[str, str], **headers: str) -> httpx2.Response:
        """A form from a program, with these headers and nothing else."""
        return self.service.browser().request("POST", path, data=fields, headers=headers)

    def raw(self, path: str, body: bytes, **headers: str) -> httpx2.Response:
        """A body to the byte."""
        sent = {"content-type": FORM} | headers
        return self.service.browser().request("POST", path, content=body, headers=sent)

    def token(self, **fields: str) -> dict[str, Any]:
        response = self.ask("/auth/token", ITSELF | fields)
        assert response.status_code == 200, response.text
        return dict(response.json())

    def introspect(self, token: str, **fields: str) -> dict[str, Any]:
        response = self.ask("/auth/introspect", {"token": token} | fields)
        assert response.status_code == 200, response.text
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-type"] == "application/json"
        return dict(response.json())

    def call(self, token: str, path: str = "/private") -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}"}
        return self.service.browser().request("GET", path, headers=headers)

    # --- assertions ---------------------------------------------------------------------------

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a good assertion, each with an identifier of its own; None leaves one out."""
        now = int(self.service.clock.time())
        made: dict[str, Any] = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": BASE_URL,
            "iat": now,
            "exp": now + 60,
            "jti": f"assertion-{next(_numbers)}",
        }
        return {name: value for name, value in (made | changes).items() if value is not None}

    def by(self, assertion: str, **fields: str) -> httpx2.Response:
        """A token for itself by an assertion."""
        return self.send("/auth/token", ITSELF | asserted(assertion) | fields)


@contextmanager
def serving_machines(folder: Path, **settings: Any) -> Iterator[Service]:
    """One replica that knows them all, for every test of a file."""
    clock = FakeClock()
    with serve_provider(clock) as server, replicas(server, clock, folder) as start:
        yield start(**{"clients": MACHINES, **settings})


def asserted(assertion: str) -> dict[str, str]:
    return {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}


def signed(
    claims: dict[str, Any], alg: str = "ES256", *, key: PrivateKey | None = None, **header: Any
) -> str:
    """An assertion under one of the keys of ``signer``; header members given as None are left out."""
    kid, own = KEYS[alg]
    members = {"alg": alg, "kid": kid, "typ": "JWT", **header}
    head = json.dumps({name: value for name, value in members.items() if value is not None})
    text = f"{b64(head.encode())}.{b64(json.dumps(claims).encode())}"
    return f"{text}.{b64(signature(alg, text.encode(), key or own))}"


def backend(service: Service) -> FirstParty:
    """The confidential client that signs people in; it does not authenticate by itself."""
    return FirstParty(service, "backend", BACKEND_CALLBACK)


def exchange(app: FirstParty, code: str, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "redirect_uri": app.redirect_uri,
        "code": code,
        "code_verifier": app.verifier,
        **changes,
    }


def refresh(token: str, **changes: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token, **changes}


def signed_in(machine: Machine, person: str = "alice") -> dict[str, Any]:
    """Tokens of a person at the confidential client."""
    app = backend(machine.service)
    response = machine.ask("/auth/token", exchange(app, app.code(person, scope="orders:read")))
    assert response.status_code == 200, response.text
    return dict(response.json())


def form(fields: dict[str, str]) -> bytes:
    return urlencode(fields).encode()
