"""The terms and callers with a provider's own token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.flows.conftest import replicas, serve_provider
from tests.flows.refusals import select
from tests.flows.terms import PAGE, is_held_back, terms
from tests.presets.access_tokens import SAMPLES
from tests.provider_tokens.bearer import Bearer, known, poll
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings


@pytest.fixture
def bearer(watchword_clock: FakeClock, tmp_path: Path) -> Iterator[Bearer]:
    sample = SAMPLES["oidc"]
    with serve_provider(watchword_clock) as server, replicas(server, watchword_clock, tmp_path) as start:
        dev = {**provider_settings(server), "accept_access_tokens": True, "audience": sample.audience}
        yield Bearer(start(providers={"dev": dev}, **terms()), replace(sample, issuer=server.issuer))


def test_a_person_without_an_account_needs_one(bearer: Bearer) -> None:
    """There is nobody who could have accepted; the way is to sign in here once."""
    assert is_held_back(bearer.get("/private"))
    assert is_held_back(bearer.get("/auth/verify", machines="1"))
    headers = {"authorization": f"Bearer {bearer.token()}"}
    refused = bearer.service.client.post(PAGE, json={"version": "1"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "account_required")
    assert bearer.get(PAGE).json()["accepted_at"] is None
    assert select(bearer.service, "SELECT version FROM ww_terms_acceptances") == []


def test_a_known_person_accepts_by_that_token(bearer: Bearer) -> None:
    """It counts for every token of the account, ours too."""
    _, subject = known(bearer, "alice")
    poll(bearer)
    token = bearer.token(sub=subject)
    assert is_held_back(bearer.get("/private", token))
    headers = {"authorization": f"Bearer {token}"}
    assert bearer.service.client.post(PAGE, json={"version": "1"}, headers=headers).status_code == 200
    assert not is_held_back(bearer.get("/private", token))
    assert not is_held_back(bearer.service.signed_in("alice").get("/private"))


def test_a_machine_of_the_provider_passes(bearer: Bearer) -> None:
    """Its subject is itself (RFC 9068 §2.2)."""
    assert bearer.get("/private", bearer.token(sub="batch", client_id="batch")).status_code == 200
