"""Every kind of entry in the feed, from the table to the refusal of a running service."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.flows.commands import read_feed
from tests.flows.conftest import Service
from tests.flows.first_party import claims_of
from tests.flows.refusals import change
from watchword.models.types import utc_to_text

KINDS: dict[str, dict[str, str]] = {
    "session": {"session_id": "sid"},
    "generation": {"session_id": "sid", "generation": "generation"},
    "token": {"value": "jti"},
    "client": {"value": "client_id"},
    "subject": {"issuer": "iss", "value": "sub"},
    "key": {"value": "kid"},
}
"""Which claim of a token goes into which column, by kind."""


def facts_of(token: str) -> dict[str, Any]:
    """Claims, the id of the signing key, the generation, and the session's id as SQLite keeps it."""
    head = token.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    claims = claims_of(token)
    return claims | {"kid": header["kid"], "generation": 1, "sid": claims["sid"].replace("-", "")}


def revoke(service: Service, kind: str, facts: dict[str, Any]) -> None:
    """What whoever revokes writes, and the next look of the service."""
    now = service.clock.now()
    row = {"kind": kind, "created_at": utc_to_text(now), "expires_at": utc_to_text(now + timedelta(hours=1))}
    row |= {column: facts[claim] for column, claim in KINDS[kind].items()}
    values = ", ".join(f"'{value}'" for value in row.values())
    change(service, f"INSERT INTO ww_revocations ({', '.join(row)}) VALUES ({values})")
    read_feed(service)


def published(service: Service) -> set[str]:
    return {key["kid"] for key in service.client.get("/.well-known/jwks.json").json()["keys"]}


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_refuses_the_token_it_is_about(service: Service, kind: str) -> None:
    """Also one that was let in before; that of another session only where it is about more than one
    person's; a revoked key is not published any more either."""
    browser, other = service.signed_in("alice"), service.signed_in("bob")
    assert [each.get("/private").status_code for each in (browser, browser, other)] == [200, 200, 200]
    facts = facts_of(browser.access)
    assert facts["kid"] in published(service)
    revoke(service, kind, facts)
    assert browser.get("/private").status_code == 401
    assert other.get("/private").status_code == (401 if kind in ("client", "key") else 200)
    assert (facts["kid"] in published(service)) is (kind != "key")


@pytest.mark.parametrize("kind", ["generation", "client", "subject"])
def test_whoever_is_admitted_again_gets_tokens_that_count(service: Service, kind: str) -> None:
    """A refresh after a change of roles, a sign-in after the margin for clocks that differ."""
    browser = service.signed_in("alice")
    revoke(service, kind, facts_of(browser.access))
    service.clock.advance(61)
    assert browser.post("/auth/refresh").status_code == 200
    assert browser.get("/private").status_code == 200
