"""Keys that are rotated and revoked by command, beside two processes of the service."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.flows.commands import told
from tests.servers.demo import run
from tests.servers.sqlite import migrated_sqlite
from tests.soak.fire import SECRET_KEY, Replicas, replicas
from watchword.protocol import jws

SECRET = "q8sWx2nA7dKe0LhV5yTzR3mB9cJ1gUfP6oXi4vDtEbH"
PATIENCE_SECONDS = 120
PAUSE_SECONDS = 0.05
"""After each round, so that the commands get on."""


class Load:
    """Has tokens of every process, and presents all of them to every process, again and again."""

    def __init__(self, running: Replicas, http: httpx2.AsyncClient) -> None:
        self.urls = [each.url for each in running]
        self.http = http
        self.tokens: list[str] = []
        self.presented = self.refused = 0

    async def issued(self, url: str) -> str:
        form = {"grant_type": "client_credentials"}
        answer = await self.http.post(f"{url}/auth/token", data=form, auth=("robot", SECRET))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def accepted(self, url: str, token: str) -> bool:
        bearer = {"Authorization": f"Bearer {token}"}
        answer = await self.http.get(f"{url}/auth/verify?machines=1", headers=bearer)
        assert answer.status_code in (200, 204, 401), answer.text
        return answer.status_code != 401

    async def round(self) -> set[str]:
        """One token more of each; returns the ids of the keys that signed them."""
        await asyncio.sleep(PAUSE_SECONDS)
        made = [await self.issued(url) for url in self.urls]
        self.tokens = [*self.tokens[-2:], *made]
        for token in self.tokens:
            for url in self.urls:
                self.presented += 1
                self.refused += not await self.accepted(url, token)
        return {jws.parse(token).kid or "" for token in made}

    async def until_signed_by(self, kid: str) -> None:
        while await self.round() != {kid}:
            pass

    async def until_refused(self, token: str) -> None:
        while any([await self.accepted(url, token) for url in self.urls]):
            pass


class Commands:
    """``watchword keys`` in a process of its own, with the settings of the service."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self.settings = settings

    async def keys(self, *arguments: str) -> dict[str, Any]:
        ended = await asyncio.to_thread(run, self.folder, "keys", *arguments, "--json", **self.settings)
        assert (ended.returncode, ended.stderr) == (0, "")
        document = json.loads(ended.stdout)
        assert isinstance(document, dict)
        return document


async def test_key_09_what_commands_do_to_keys_is_true_in_every_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rotations at once refuse no valid token, and both processes sign with the same new key. After a
    revocation both refuse the old token, and issue new ones that both accept."""
    database_url = migrated_sqlite(tmp_path / "keys.db")
    clients = json.dumps({"robot": {"secret": SECRET, "grants": ["client_credentials"]}})
    settings = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}
    for name, value in settings.items():
        monkeypatch.setenv(f"WATCHWORD_{name}", value)
    commands = Commands(tmp_path, settings)
    with replicas(tmp_path, database_url, number=2, more={"CLIENTS": clients}) as running:
        async with httpx2.AsyncClient(timeout=PATIENCE_SECONDS) as http, asyncio.timeout(PATIENCE_SECONDS):
            load = Load(running, http)
            await load.round()
            rotating = [asyncio.create_task(commands.keys("rotate", "--now")) for _ in range(2)]
            while not all(task.done() for task in rotating):
                await load.round()
            actives = {(await task)["active"] for task in rotating}
            held = (await asyncio.to_thread(told, "keys", "list"))["keys"]
            (active,) = [key["kid"] for key in held if key["state"] == "active"]
            assert active in actives
            await load.until_signed_by(active)
            assert (load.refused, load.presented > 0) == (0, True)

            stolen = await load.issued(load.urls[0])
            revoked = await commands.keys("revoke", active, "--yes")
            assert revoked["revoked"] == [active]
            await load.until_refused(stolen)
            load.tokens.clear()
            await load.until_signed_by(revoked["active"])
            assert load.refused == 0
