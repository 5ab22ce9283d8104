"""Whoever comes with a provider's own access token."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx2

from tests.flows.commands import read_feed
from tests.flows.conftest import Service
from tests.flows.refusals import select
from tests.presets.access_tokens import ABSENT, Sample

TRAFFIC = ("/jwks", "/.well-known/openid-configuration")


class Bearer:
    """Whoever holds access tokens of the development provider, in the shape of one vendor's."""

    def __init__(self, service: Service, sample: Sample) -> None:
        self.service = service
        self.sample = sample

    def token(self, *, kid: str | None = None, typ: Any = None, **claims: Any) -> str:
        keys = self.service.provider.keys
        kind = self.sample.typ if typ is None else typ
        header = {**keys.header(), "typ": kind, **({} if kid is None else {"kid": kid})}
        if kind in (None, ABSENT):
            del header["typ"]
        return keys.sign(self.sample.changed(now=self.service.clock.now_seconds(), **claims), header)

    def get(self, path: str, token: str | None = None, **query: str) -> httpx2.Response:
        authorization = {"authorization": f"Bearer {self.token() if token is None else token}"}
        return self.service.client.get(path, params=query, headers=authorization)

    def caller(self, token: str | None = None) -> dict[str, str]:
        """Who ``/auth/verify`` says it is."""
        answer = self.get("/auth/verify", token, machines="1")
        assert answer.status_code == 200, answer.text
        return {name[7:]: value for name, value in answer.headers.items() if name.startswith("x-auth-")}

    def sign_in(self) -> httpx2.Response:
        """Where a sign-in ends: refused at the door, or the callback's answer."""
        browser = self.service.browser()
        begun = browser.get("/auth/login/dev")
        if begun.status_code != 303:
            return begun
        return browser.get(self.service.approve(begun.headers["location"]))

    def requests(self) -> int:
        """How often the provider was asked for metadata or keys."""
        return len([each for each in self.service.provider.requests if each.path in TRAFFIC])


def poll(bearer: Bearer) -> None:
    bearer.service.clock.advance(1)
    read_feed(bearer.service)


def known(bearer: Bearer, person: str) -> tuple[UUID, str]:
    """Signs in; the account's id and its subject at the provider."""
    browser = bearer.service.signed_in(person)
    (subject,) = select(bearer.service, "SELECT subject FROM ww_identities")
    return UUID(browser.get("/auth/me").json()["user_id"]), subject
