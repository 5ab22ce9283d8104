"""``watchword serve`` started while the provider is down: whoever is signed in is served."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.servers.service import running_service
from watchword import Settings, Watchword
from watchword.auth.grants import BROWSER, ClientContext, Grant
from watchword.auth.ports import ProviderIdentity
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.testing.provider import development_provider

BASE_URL = "http://127.0.0.1:8000"
JSON = {"content-type": "application/json"}
KEY = "OXkDnbxMrn5P0Bp2cGg5m1V9mqDVEMcd4bDWxCiyGSM="


def test_flt_17_a_cold_start_in_an_outage(tmp_path: Path) -> None:
    """Two workers and a replica beside them start; tokens and refreshes of one are good at the other;
    sign-ins are told to wait, and ``/readyz`` shows the provider as down and is 200 all the same."""
    with development_provider() as server:
        server.refuse()
        provider = {"issuer": server.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        given = {f"PROVIDERS__DEV__{name.upper()}": value for name, value in provider.items()}
        with running_service(
            tmp_path, "--workers", "2", BASE_URL=BASE_URL, SECRET_KEY=KEY, **given
        ) as process:
            grant = asyncio.run(signed_in_at_a_replica(tmp_path, provider))
            bearer = {"authorization": f"Bearer {grant.access.text}"}
            for _ in range(8):
                with closing(Worker(process.port)) as any_of_them:
                    assert any_of_them.call("GET", "/auth/me", bearer)[0] == 200
                    assert any_of_them.call("GET", "/healthz")[0] == 200
            with closing(Worker(process.port)) as worker:
                for _ in range(6):
                    status, headers, _ = worker.call("GET", "/auth/login/dev")
                    assert (status, 1 <= int(headers["retry-after"]) <= 72) == (503, True)
                status, _, body = worker.call("GET", "/readyz")
                assert (status, json.loads(body)["providers"]) == (200, {"dev": {"state": "open"}})
                assert worker.call("GET", "/auth/me", bearer)[0] == 200
                refresh = json.dumps({"refresh_token": grant.refresh_token})
                assert worker.call("POST", "/auth/refresh", JSON, refresh)[0] == 200


class Worker:
    """One connection, which one of the workers serves for as long as it lasts."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> tuple[int, Any, bytes]:
        self._connection.request(method, target, body=body, headers=dict(headers or {}))
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def close(self) -> None:
        self._connection.close()


async def signed_in_at_a_replica(folder: Path, provider: dict[str, str]) -> Grant:
    """Somebody whom another process of the same service has signed in."""
    settings = Settings(
        base_url=BASE_URL,
        secret_key=KEY,
        database_url=f"sqlite:///{folder}/.watchword/watchword.db",
        providers={"dev": provider},
    )
    replica = Watchword(settings)
    identity = ProviderIdentity(
        provider_id="dev",
        issuer=provider["issuer"],
        subject="dev-alice",
        email=None,
        email_verified=False,
        name="Alice",
        roles=frozenset(),
    )
    try:
        return await (await replica.services()).sessions.open(
            identity,
            client_id=BROWSER,
            scopes=frozenset(),
            auth_time=replica.now(),
            auth_time_asserted=True,
            provider_sid=None,
            client=ClientContext(),
        )
    finally:
        await replica.stop()
