"""A service that accepts access tokens of the development provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.flows.conftest import Service, replicas, serve_provider
from tests.presets.access_tokens import SAMPLES
from tests.presets.conftest import WELL_KNOWN
from tests.provider_tokens.bearer import Bearer
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings

REGISTRATION = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "accept_access_tokens": True}


@pytest.fixture
def bearer(watchword_clock: FakeClock, tmp_path: Path) -> Iterator[Bearer]:
    """With tokens of the RFC 9068 profile, of the provider where people sign in, too."""
    sample = SAMPLES["oidc"]
    with serve_provider(watchword_clock) as server, replicas(server, watchword_clock, tmp_path) as start:
        dev = {**provider_settings(server), "accept_access_tokens": True, "audience": sample.audience}
        yield Bearer(start(providers={"dev": dev}), replace(sample, issuer=server.issuer))


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service that accepts the tokens of every preset that has any."""
    clock = FakeClock()
    with serve_provider(clock) as server, replicas(server, clock, tmp_path_factory.mktemp("all")) as start:
        providers = {
            preset: {
                **REGISTRATION,
                **sample.settings,
                "preset": preset,
                "issuer": sample.issuer,
                "audience": sample.audience,
                "metadata_url": server.issuer + WELL_KNOWN,
            }
            for preset, sample in SAMPLES.items()
        }
        yield start(providers=providers)
