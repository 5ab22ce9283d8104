"""The development provider as tests and the demo start it."""

from __future__ import annotations

import time
from collections.abc import Callable

from watchword.dev_provider import DevClient, DevProviderServer
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET


def development_provider(*, port: int = 0, clock: Callable[[], float] = time.time) -> DevProviderServer:
    """A server, not yet started, that accepts any loopback redirect URI of ``CLIENT_ID``."""
    client = DevClient(CLIENT_ID, CLIENT_SECRET, any_loopback=True)
    return DevProviderServer(port=port, clients=[client], clock=clock)


def provider_settings(server: DevProviderServer) -> dict[str, str]:
    """What ``Settings(providers={"dev": …})`` needs to sign in at this server."""
    return {"issuer": server.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
