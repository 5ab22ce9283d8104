"""KEY-8 on real processes: rotations every few seconds, fifty requests a second, no valid token refused."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from tests.servers.sqlite import migrated_sqlite
from tests.soak.fire import Replicas, replicas
from tests.soak.timing import SOAK_SECONDS
from watchword.protocol import jws

pytestmark = pytest.mark.soak

SECRET = "q8sWx2nA7dKe0LhV5yTzR3mB9cJ1gUfP6oXi4vDtEbH"
ROTATE_AFTER_SECONDS = 8
REQUESTS_A_SECOND = 50
LIFE_SECONDS = 20
SECONDS = min(60.0, SOAK_SECONDS)


class Fire:
    """Each round: one replica issues a token; that one, and one of those that still live, are presented to
    each of them."""

    def __init__(self, running: Replicas, http: httpx2.AsyncClient) -> None:
        self.urls = [each.url for each in running]
        self.http = http
        self.live: list[tuple[float, str]] = []
        self.answers: Counter[int] = Counter()
        self.kids: set[str] = set()

    async def round(self, number: int) -> None:
        now = asyncio.get_running_loop().time()
        self.live = [each for each in self.live if each[0] > now]
        token = await self.issued(self.urls[number % len(self.urls)])
        older = self.live[number * 7919 % len(self.live)][1] if self.live else token
        self.live.append((now + LIFE_SECONDS - 5, token))
        self.kids.add(jws.parse(token).kid or "")
        await asyncio.gather(*[self.present(url, each) for url in self.urls for each in (token, older)])

    async def issued(self, url: str) -> str:
        form = {"grant_type": "client_credentials"}
        answer = await self.http.post(f"{url}/auth/token", data=form, auth=("robot", SECRET))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def present(self, url: str, token: str) -> None:
        answer = await self.http.get(
            f"{url}/auth/verify?machines=1", headers={"Authorization": f"Bearer {token}"}
        )
        self.answers[answer.status_code] += 1


async def test_key_08_rotations_under_fire_refuse_no_valid_token(tmp_path: Path) -> None:
    """Two processes over one database, keys of which each signs for eight seconds."""
    settings = {
        "KEYS__ROTATE_AFTER_SECONDS": str(ROTATE_AFTER_SECONDS),
        "ACCESS_TOKEN_SECONDS": str(LIFE_SECONDS),
        "CLIENTS": json.dumps({"robot": {"secret": SECRET, "grants": ["client_credentials"]}}),
    }
    database_url = migrated_sqlite(tmp_path / "keys.db")
    with replicas(tmp_path, database_url, number=2, more=settings) as running:
        async with httpx2.AsyncClient(timeout=30) as http, asyncio.TaskGroup() as rounds:
            fire, pause_seconds = Fire(running, http), 5 / REQUESTS_A_SECOND
            for number in range(int(SECONDS / pause_seconds)):
                rounds.create_task(fire.round(number))
                await asyncio.sleep(pause_seconds)
    sys.stdout.write(f"{sum(fire.answers.values())} tokens presented, {len(fire.kids)} keys signed\n")
    assert set(fire.answers) <= {200, 204}
    assert len(fire.kids) >= SECONDS / (ROTATE_AFTER_SECONDS + 10)
