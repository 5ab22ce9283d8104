"""One service for each vendor's file; the file says in ``VENDOR`` what that vendor is like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.conftest import StartService, replicas, serve_provider
from tests.flows.refusals import Refusals
from tests.presets.vendor import Desk, Vendor
from watchword.dev_provider import DevProviderServer
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.testing import FakeClock

WELL_KNOWN = "/.well-known/openid-configuration"


def settings_of(vendor: Vendor, server: DevProviderServer) -> dict[str, Any]:
    """The vendor's issuer, with its metadata on loopback."""
    registration = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    addresses = {"issuer": vendor.issuer, "metadata_url": server.issuer + WELL_KNOWN}
    return {**addresses, **registration, **vendor.settings}


@pytest.fixture(scope="module")
def vendor_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="module")
def vendor_server(vendor_clock: FakeClock) -> Iterator[DevProviderServer]:
    with serve_provider(vendor_clock) as server:
        yield server


@pytest.fixture(scope="module")
def start_for_vendor(
    vendor_server: DevProviderServer, vendor_clock: FakeClock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartService]:
    with replicas(vendor_server, vendor_clock, tmp_path_factory.mktemp("vendor")) as start:
        yield start


@pytest.fixture(scope="module")
def module_desk(
    request: pytest.FixtureRequest, vendor_server: DevProviderServer, start_for_vendor: StartService
) -> Desk:
    vendor: Vendor = request.module.VENDOR
    return Desk(vendor, start_for_vendor(providers={"dev": settings_of(vendor, vendor_server)}))


@pytest.fixture
def desk(module_desk: Desk) -> Desk:
    """The vendor as it documents itself, keys and metadata known, so that a test sees only the
    requests of its own sign-in."""
    module_desk.dress()
    module_desk.service.forget_faults()
    if module_desk.known_at != module_desk.service.clock.now():
        module_desk.caller("carol")
        module_desk.known_at = module_desk.service.clock.now()
    return module_desk


@pytest.fixture
def refusals(desk: Desk, caplog: pytest.LogCaptureFixture) -> Refusals:
    return Refusals(desk.service, caplog)
