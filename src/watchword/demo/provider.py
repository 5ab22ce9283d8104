"""The demo's development provider: one for all processes that serve the same address.

The port follows from the base URL. The process that binds it first serves the provider; the
others find it there, and one of them takes over when that process ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import json
import time
from dataclasses import dataclass
from typing import Final

from watchword.config.base_url import is_loopback_url
from watchword.config.provider import ProviderSettings
from watchword.config.secrets import read_secret
from watchword.dev_provider import DevClient, DevProviderServer
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET, MARK
from watchword.errors import ConfigurationError

DISPLAY_NAME: Final = "the development provider"
_FIRST_PORT: Final = 20_000
_PORTS: Final = 10_000
_TRIES: Final = 8
_PATIENCE_SECONDS: Final = 3.0
_WATCH_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class DemoProvider:
    """Where the demo signs people in; ``server`` serves it here while no other process does."""

    settings: ProviderSettings
    server: DevProviderServer

    async def keep(self) -> None:
        """Take over whenever the process that served it has gone. Runs until it is cancelled."""
        while True:
            with contextlib.suppress(ConfigurationError):
                self.server.start()
            await asyncio.sleep(_WATCH_SECONDS)

    def stop(self) -> None:
        self.server.stop()


def join_or_start(base_url: str) -> DemoProvider:
    """Start the provider of this base URL, or use the one another process of it has started.

    Raises ConfigurationError when none of the ports it may use is free.
    """
    for port in _ports(base_url):
        server = DevProviderServer(port=port, clients=[_client(base_url)])
        try:
            server.start()
        except ConfigurationError:
            if not _is_development_provider(port):
                continue
        return DemoProvider(_settings(port), server)
    raise ConfigurationError(
        ["the demo found no free port for its development provider; configure a provider instead"]
    )


def _client(base_url: str) -> DevClient:
    if is_loopback_url(base_url):
        return DevClient(CLIENT_ID, CLIENT_SECRET, any_loopback=True)
    return DevClient(
        CLIENT_ID,
        CLIENT_SECRET,
        redirect_uris=[f"{base_url}/auth/callback/dev"],
        post_logout_redirect_uris=[f"{base_url}/auth/signed-out"],
    )


def _settings(port: int) -> ProviderSettings:
    return ProviderSettings(
        issuer=f"http://127.0.0.1:{port}",
        client_id=CLIENT_ID,
        client_secret=read_secret(CLIENT_SECRET),
        display_name=DISPLAY_NAME,
    )


def _ports(base_url: str) -> list[int]:
    start = int.from_bytes(hashlib.sha256(base_url.encode()).digest()[:4], "big")
    return [_FIRST_PORT + (start + step * 97) % _PORTS for step in range(_TRIES)]


def _is_development_provider(port: int) -> bool:
    """Whether a provider of our kind answers there, which a process about to serve it soon will."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
        try:
            connection.request("GET", "/.well-known/openid-configuration")
            document = json.loads(connection.getresponse().read(65_536))
            return isinstance(document, dict) and document.get(MARK) is True
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        except ValueError:
            return False
        finally:
            connection.close()
    return False
