"""What a provider sends to end sessions, as a test wants it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx2

from tests.flows.browser import Browser
from tests.flows.conftest import Service
from watchword.dev_provider.registration import CLIENT_ID
from watchword.protocol.logout_token import EVENT

PATH = "/auth/backchannel-logout/dev"
ABSENT = object()


@dataclass
class ProviderSpeaks:
    """The service's provider, telling it who signed out."""

    service: Service
    ids: count[int] = field(default_factory=count)

    def signed_in(self, sid: str, person: str = "alice", provider: str = "dev") -> Browser:
        """Somebody whose session at the provider is called ``sid``."""
        behaviour = self.service.provider.behaviour
        behaviour.id_token_claims = lambda claims: claims | {"sid": sid}
        browser = self.service.browser()
        assert self.service.sign_in(browser, person, provider=provider).status_code == 303
        behaviour.id_token_claims = None
        return browser

    def subject(self, person: str = "alice") -> str:
        return next(each.sub for each in self.service.provider.people if each.username == person)

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(self.service.clock.now().timestamp())
        given: dict[str, Any] = {
            "iss": self.service.provider.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 120,
            "jti": f"logout-{id(self)}-{next(self.ids)}",
            "events": {EVENT: {}},
        }
        return {name: value for name, value in {**given, **changes}.items() if value is not ABSENT}

    def token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        header = {"typ": "logout+jwt"} if header is None else header
        return self.service.provider.sign_id_token(self.claims(**changes), header)

    def send(self, token: str, path: str = PATH) -> httpx2.Response:
        return self.service.client.post(path, data={"logout_token": token})

    def logout(self, **changes: Any) -> httpx2.Response:
        return self.send(self.token(**changes))


def still_in(*browsers: Browser) -> list[bool]:
    return [browser.get("/private").status_code == 200 for browser in browsers]
