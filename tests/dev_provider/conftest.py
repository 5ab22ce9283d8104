"""A relying party of the tests' own, which checks signatures with joserfc alone."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.testclient import TestClient

from watchword.dev_provider import DevClient, DevProvider, create_dev_provider

ISSUER = "http://127.0.0.1:9400"
CALLBACK = "https://app.example.test/auth/callback/dev"
LOOPBACK_CALLBACK = "http://127.0.0.1/callback"
SIGNED_OUT = "https://app.example.test/auth/signed-out"
VERIFIER = "verifier-of-the-tests-0123456789.ABCDEFGHIJ~klm_nopq"
SECRET = "a secret: 100% strange+odd/ü"

CLIENTS = (
    DevClient("web app", SECRET, [CALLBACK, LOOPBACK_CALLBACK], post_logout_redirect_uris=[SIGNED_OUT]),
    DevClient("poster", "other-secret", [CALLBACK], auth_method="client_secret_post"),
    DevClient("native", None, [CALLBACK, LOOPBACK_CALLBACK], auth_method="none"),
    DevClient("anywhere", "any-secret", any_loopback=True),
)


def challenge(verifier: str = VERIFIER) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def basic(client_id: str, secret: str) -> str:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


class FakeClock:
    """Seconds since 1970 that move only when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class RelyingParty:
    """Drives a provider over HTTP; every step takes overrides, None leaves a parameter out."""

    http: httpx2.Client
    client_id: str = "web app"
    authorization: str | None = field(default_factory=lambda: basic("web app", SECRET))
    issuer: str = ISSUER
    callback: str = CALLBACK
    loopback_callback: str = LOOPBACK_CALLBACK
    signed_out: str = SIGNED_OUT
    secret: str = SECRET
    verifier: str = VERIFIER

    @staticmethod
    def basic(client_id: str, secret: str) -> str:
        """HTTP Basic with form-urlencoded halves (RFC 6749 §2.3.1)."""
        return basic(client_id, secret)

    @staticmethod
    def challenge(verifier: str) -> str:
        return challenge(verifier)

    @staticmethod
    def query_of(location: str) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))

    @staticmethod
    def oauth_error(answer: httpx2.Response, status: int = 400) -> str:
        """The code of a well-formed error answer (RFC 6749 §5.2)."""
        assert answer.status_code == status, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"
        error = answer.json()["error"]
        assert isinstance(error, str)
        return error

    def authorization_url(self, **overrides: str | None) -> str:
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid profile email offline_access",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        } | overrides
        given = {name: value for name, value in asked.items() if value is not None}
        return f"{self.issuer}/authorize?{urlencode(given)}"

    def open_page(self, **overrides: str | None) -> httpx2.Response:
        return self.http.get(self.authorization_url(**overrides))

    def press(self, page: httpx2.Response, /, **button: str) -> httpx2.Response:
        found = re.search(r'name="page" value="([^"]+)"', page.text)
        assert found, page.text
        return self.http.post(f"{self.issuer}/decision", data={"page": found[1], **button})

    def sign_in(self, person: str = "alice", **overrides: str | None) -> str:
        """The code, after the page and its button."""
        answer = self.press(self.open_page(**overrides), person=person)
        assert answer.status_code == 303, answer.text
        return self.query_of(answer.headers["location"])["code"]

    def token(self, *, authorization: str | None = "", **form: str | None) -> httpx2.Response:
        header = self.authorization if authorization == "" else authorization
        return self.http.post(
            f"{self.issuer}/token",
            data={name: value for name, value in form.items() if value is not None},
            headers={"authorization": header} if header else {},
        )

    def redeem(self, code: str, **overrides: Any) -> httpx2.Response:
        form: dict[str, Any] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        } | overrides
        return self.token(**form)

    def refresh(self, refresh_token: str, **overrides: Any) -> httpx2.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token, **overrides)

    def tokens(self, person: str = "alice", **overrides: str | None) -> dict[str, Any]:
        answer = self.redeem(self.sign_in(person, **overrides))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def userinfo(self, access_token: str) -> httpx2.Response:
        return self.http.get(f"{self.issuer}/userinfo", headers={"authorization": f"Bearer {access_token}"})

    def verified(self, id_token: str, algorithm: str = "ES256") -> jwt.Token:
        """Header and claims, verified with the published keys."""
        keys = KeySet.import_key_set(self.http.get(f"{self.issuer}/jwks").json())
        return jwt.decode(id_token, keys, algorithms=[algorithm])

    def end_session(self, **parameters: str) -> httpx2.Response:
        return self.http.get(f"{self.issuer}/end-session?{urlencode(parameters)}")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def provider(clock: FakeClock) -> DevProvider:
    return create_dev_provider(issuer=ISSUER, clients=CLIENTS, clock=clock)


def client_of(provider: DevProvider) -> TestClient:
    return TestClient(provider.app, base_url=ISSUER, client=("127.0.0.1", 50000), follow_redirects=False)


@pytest.fixture
def rp(provider: DevProvider) -> Iterator[RelyingParty]:
    with client_of(provider) as http:
        yield RelyingParty(http)
