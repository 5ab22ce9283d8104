"""The development provider in a vendor's clothes: its issuer, metadata, keys and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2

from tests.flows.browser import Browser, local_part, query_of
from tests.flows.changes import drop
from tests.flows.conftest import Service
from tests.flows.refusals import Refusals, select
from watchword.dev_provider.behaviour import Change
from watchword.dev_provider.registration import CLIENT_ID


def unchanged(given: dict[str, Any]) -> dict[str, Any]:
    return given


@dataclass(frozen=True)
class Vendor:
    """What a vendor's documents look like. Every change gets what the development provider would say.

    ``issuer`` is what tokens say, ``published`` what the metadata say where that differs; ``settings``
    is a service's configuration but for addresses and the client.
    """

    issuer: str
    settings: Mapping[str, Any]
    claims: Change = unchanged
    header: Change = unchanged
    userinfo: Change = unchanged
    jwks: Change = unchanged
    metadata: Mapping[str, Any] = field(default_factory=dict)
    published: str | None = None


class Desk:
    """A service whose provider ``dev`` is the vendor's, reached through ``METADATA_URL``."""

    def __init__(self, vendor: Vendor, service: Service) -> None:
        self.vendor = vendor
        self.service = service
        self.known_at: datetime | None = None

    @property
    def client_id(self) -> str:
        return CLIENT_ID

    def dress(self) -> None:
        """Behave as the vendor does."""
        behaviour = self.service.provider.behaviour
        behaviour.reset()
        behaviour.metadata = lambda given: {
            **drop("watchword_development_provider", "authorization_response_iss_parameter_supported")(given),
            "issuer": self.vendor.published or self.vendor.issuer,
            **self.vendor.metadata,
        }
        behaviour.authorization_response = drop("iss")
        behaviour.userinfo = self.vendor.userinfo
        behaviour.jwks = self.vendor.jwks
        behaviour.id_token_header = self.vendor.header
        self.say()

    def say(self, *without: str, **claims: Any) -> None:
        """The vendor's ID token with these claims set or left out."""
        self.service.provider.behaviour.id_token_claims = lambda given: {
            **drop(*without)(self.vendor.claims({**given, "iss": self.vendor.issuer})),
            **claims,
        }

    def asked(self) -> dict[str, str]:
        """The parameters of an authorization request."""
        return query_of(self.service.begin(self.service.browser()))

    def try_sign_in(self, person: str = "alice") -> tuple[Browser, httpx2.Response]:
        """A sign-in and how it ended; the vendor asks by its own rules, not by the strict ones here."""
        browser = self.service.browser()
        location = self.service.begin(browser)
        return browser, browser.get(local_part(self.service.provider.approve(location, person)))

    def caller(self, person: str = "alice") -> dict[str, Any]:
        """Who a sign-in made, as ``GET /auth/me`` tells."""
        browser, response = self.try_sign_in(person)
        assert response.status_code == 303, response.text
        me: dict[str, Any] = browser.get("/auth/me").json()
        return me

    def due_again(self, browser: Browser) -> httpx2.Response:
        """What a refresh says once the vendor has to be asked again."""
        self.service.clock.advance(self.service.auth.settings.provider_recheck_seconds + 1)
        return browser.post("/auth/refresh")

    def sealed_tokens(self) -> set[bytes]:
        """The refresh tokens that are kept, sealed."""
        kept = "SELECT sealed_tokens FROM ww_provider_grants WHERE sealed_tokens IS NOT NULL"
        return set(select(self.service, kept))

    def issuers(self) -> set[str]:
        """Under which issuers people are on record."""
        return set(select(self.service, "SELECT issuer FROM ww_identities"))

    def refused(self, refusals: Refusals, detail: str, *, calls: tuple[str, ...] = ("/token",)) -> None:
        """A sign-in that ends on a neutral page for the reason that ``detail`` is a part of."""
        browser = self.service.browser()
        target = self.service.approve(self.service.begin(browser))
        refusals.callback(browser, target, reason="id_token_rejected", detail=detail, calls=calls)
