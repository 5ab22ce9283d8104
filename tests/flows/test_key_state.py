"""What ``/readyz`` and ``/metrics`` say of the signing keys."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
from starlette.applications import Starlette

from tests.flows.test_readiness import readiness
from tests.servers.sqlite import migrated_sqlite
from watchword import Settings, Watchword

if TYPE_CHECKING:
    from tests.servers.key_value import KeyValueServer

pytest_plugins = ["tests.servers.key_value"]

SECRET_KEY = base64.b64encode(bytes(32)).decode()


async def sample(client: httpx2.AsyncClient, name: str) -> str | None:
    """The value of a metric, with its labels if it has some."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", (await client.get("/metrics")).text, re.MULTILINE)
    return None if found is None else found[1]


async def test_flt_23_the_state_of_the_key_store_is_shown(tmp_path: Path, key_value: KeyValueServer) -> None:
    """A vault that is away, or holds what is no ring, degrades a replica that holds its keys, and no more.
    One without a key to sign with is not ready, until the vault is back."""
    app = Starlette()
    auth = Watchword(
        Settings(
            database_url=migrated_sqlite(tmp_path / "keys.db"),
            secret_key=SECRET_KEY,
            keys={"store": "vault", "path": "secret/keys"},
        )
    )
    auth.install(app)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        services = await auth.services()
        keyring, expected = services.keyring, {"database": "ok", "providers": {}}
        assert await readiness(client) == (200, {"status": "ready", "keys": "ok"} | expected)
        assert await sample(client, "watchword_key_store_up") == "1.0"
        assert await sample(client, "watchword_signing_key_changes_total") == "0.0"

        key_value.sealed = True
        await keyring.reload()
        assert await readiness(client) == (200, {"status": "degraded", "keys": "copy"} | expected)
        assert await sample(client, "watchword_key_store_up") == "0.0"
        key_value.sealed = False
        ring = key_value.versions["keys"][-1].data
        key_value.keep("keys", {"ring": "no ring"})
        await keyring.reload()
        assert await readiness(client) == (200, {"status": "degraded", "keys": "unreadable"} | expected)

        key_value.keep("keys", ring or {})
        key_value.sealed = True
        await services.key_manager.revoke(None)
        await keyring.reload()
        status, body = await readiness(client)
        assert (status, body["code"], body["keys"]) == (503, "key_store_unavailable", "unreadable")
        key_value.sealed = False
        await services.key_watch.look()
        assert await readiness(client) == (200, {"status": "ready", "keys": "ok"} | expected)
        await auth.stop()


async def test_the_metrics_tell_ages_and_changes(tmp_path: Path) -> None:
    """Of the active and the next key, without key ids; before the start nothing."""
    app = Starlette()
    auth = Watchword(Settings(database_url=migrated_sqlite(tmp_path / "keys.db"), secret_key=SECRET_KEY))
    auth.install(app)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        assert await sample(client, "watchword_key_store_up") is None
        services = await auth.services()
        for state in ("active", "next"):
            labels = f'{{algorithm="ES256",state="{state}"}}'
            assert await sample(client, f"watchword_signing_key_age_seconds{labels}") is not None
        first = services.keyring.active.kid
        await services.key_manager.rotate(at_once=True)
        await services.keyring.reload()
        services.keyring.forget(services.keyring.active.kid)
        assert await sample(client, "watchword_signing_key_changes_total") == "2.0"
        assert first not in (await client.get("/metrics")).text
        await auth.stop()
