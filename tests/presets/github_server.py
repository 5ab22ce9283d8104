"""GitHub as its documentation has it: an OAuth 2.0 server and two pages of its API, on loopback."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.flows.browser import local_part, query_of
from tests.flows.raw_server import Exchange, RawServer, answer

CLIENT_ID, CLIENT_SECRET = "Iv1.8a61f9b3a7aba766", "0123456789abcdef0123456789abcdef01234567"
TOKEN = "gho_16C7e42F292c6912E7710c838347Ae178B4a"
FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json; charset=utf-8"
API = "/api/v3/user"


@dataclass
class GitHub:
    """``user``, ``emails`` and ``token`` are what the three endpoints say; ``statuses`` by path.

    A ``refresh_token`` in ``token``, which a GitHub App's has, is good once; its answer has the next.
    """

    server: RawServer = field(init=False)
    user: Any = None
    emails: Any = None
    token: Any = None
    statuses: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    challenges: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server = RawServer(self._serve)
        self.reset()

    def reset(self) -> None:
        self.user = {"login": "octocat", "id": 583231, "name": "Mona Octocat", "email": "shown@evil.test"}
        self.emails = [
            {"email": "old@example.test", "primary": False, "verified": True, "visibility": None},
            {"email": "mona@example.test", "primary": True, "verified": True, "visibility": "private"},
        ]
        self.token = {"access_token": TOKEN, "token_type": "bearer", "scope": "read:user,user:email"}
        self.statuses, self.headers = {}, {}

    @property
    def issuer(self) -> str:
        return self.server.address

    @property
    def asked(self) -> list[str]:
        """Paths of the requests so far."""
        return [request.split(b" ")[1].decode() for request in self.server.requests]

    def approve(self, location: str) -> str:
        """The person says yes: where the browser goes, as a path of ours."""
        asked = query_of(location)
        assert location.startswith(f"{self.issuer}/login/oauth/authorize?")
        code = f"code-{len(self.challenges)}"
        self.challenges[code] = asked["code_challenge"]
        assert asked["code_challenge_method"] == "S256"
        return local_part(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    def _serve(self, exchange: Exchange) -> None:
        head, _, body = exchange.request.partition(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        if path == "/login/oauth/access_token":
            said = self._token(dict(parse_qsl(body.decode())))
            if b"accept: application/json" not in head.lower():
                exchange.send(
                    answer(urlencode(said).encode(), content_type="application/x-www-form-urlencoded")
                )
                return
        elif f"authorization: Bearer {TOKEN}".encode() not in head:
            exchange.send(answer(b'{"message":"Bad credentials"}', status=401, content_type=JSON_TYPE))
            return
        else:
            said = {API: self.user, f"{API}/emails": self.emails}[path]
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        status = self.statuses.get(path, 200)
        exchange.send(answer(data, status=status, content_type=JSON_TYPE, headers=self.headers))

    def _token(self, form: dict[str, str]) -> Any:
        """Every refusal is a 200, as GitHub's are."""
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return {"error": "incorrect_client_credentials"}
        if form.get("grant_type") == "refresh_token":
            if form.get("refresh_token") != self.token.get("refresh_token"):
                return {"error": "bad_refresh_token", "error_description": "incorrect or expired."}
            self.token["refresh_token"] += "."
            return self.token
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if self.challenges.pop(form.get("code", ""), None) != challenge:
            return {
                "error": "bad_verification_code",
                "error_description": "The code is incorrect or expired.",
            }
        return self.token
