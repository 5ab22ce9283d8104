"""A service in production, whose provider is away, and a session in it."""

from __future__ import annotations

import base64
import secrets

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from watchword.auth.grants import BROWSER, ClientContext
from watchword.auth.ports import ProviderIdentity
from watchword.config.secrets import Secret


def in_production(start_service: StartService) -> Service:
    nowhere = {"issuer": "https://127.0.0.1:9", "client_id": "app", "client_auth": "none"}
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return start_service(
        environment="production", secret_key=Secret(key, "environment"), providers={"dev": nowhere}
    )


def sign_in_by_hand(service: Service, browser: Browser, *, age: int, asserted: bool) -> None:
    """A session as a provider that cannot run in production would have opened it."""

    async def open_session() -> tuple[str, str]:
        services = await service.auth.services()
        grant = await services.sessions.open(
            ProviderIdentity("dev", "https://127.0.0.1:9", "alice", None, False, None, None),
            client_id=BROWSER,
            scopes=frozenset(),
            auth_time=service.clock.now(),
            auth_time_asserted=asserted,
            provider_sid=None,
            client=ClientContext(),
        )
        return grant.access.text, grant.refresh_token

    access, refresh = service.call(open_session)
    service.clock.advance(age)
    browser.cookies = {"__Host-ww_access": access, "__Host-ww_refresh": refresh}
