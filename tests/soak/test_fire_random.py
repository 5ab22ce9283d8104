"""SES-13 at length: fifty clients do whatever clients do, and what thieves do, at two replicas."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest

from tests.servers.own_postgres import OwnPostgres, own_postgres
from tests.soak.fire import SignIns, http_to, replicas, signing_in
from tests.soak.timing import SOAK_SECONDS

pytestmark = pytest.mark.soak
CLIENTS = 50
ENDED_WITHIN_SECONDS = 5.0
WEIGHTS = {"refresh": 50, "again": 15, "lost": 15, "call": 30, "stolen": 3, "logout": 3, "race": 3}


@pytest.fixture
def server() -> Iterator[OwnPostgres]:
    with own_postgres() as running:
        yield running


@dataclass(slots=True)
class Person:
    """One after the other, the sessions of somebody; ``tokens`` are those of the one that lives."""

    subject: str
    signs_in: SignIns
    replicas: list[httpx2.AsyncClient]
    random: Random
    tokens: list[str] = field(default_factory=list)
    access: str = ""
    done: Counter[str] = field(default_factory=Counter)

    @property
    def replica(self) -> httpx2.AsyncClient:
        return self.random.choice(self.replicas)

    async def sign_in(self) -> None:
        grant = await self.signs_in.open(self.subject)
        self.tokens, self.access = [grant.refresh_token], grant.access.text

    async def live(self, until: float) -> None:
        await self.sign_in()
        while time.monotonic() < until:
            (name,) = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))
            await getattr(self, name)()
            self.done[name] += 1

    async def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Where there is a crowd, come back as told, sooner."""
        while True:
            answer = await self.replica.request(method, path, **options)
            if answer.status_code != 503:
                return answer
            assert "retry-after" in answer.headers
            self.done["503"] += 1
            await asyncio.sleep(0.1)

    async def present(self, token: str) -> httpx2.Response:
        return await self.ask("POST", "/auth/refresh", json={"refresh_token": token})

    async def log_out(self) -> int:
        bearer = {"authorization": f"Bearer {self.access}"}
        return (await self.ask("POST", "/auth/logout", headers=bearer)).status_code

    async def refresh(self) -> None:
        """Also whatever was rotated, and its answer lost, comes out here."""
        answer = await self.present(self.tokens[-1])
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["refresh_token"] not in self.tokens
        self.tokens.append(told["refresh_token"])
        self.access = told["access_token"]

    async def again(self) -> None:
        """At once, before the successor is used: the same for everybody."""
        await self.refresh()
        answers = await asyncio.gather(*(self.present(self.tokens[-2]) for _ in range(3)))
        assert {each.status_code for each in answers} == {200}, answers[0].text
        assert {each.json()["refresh_token"] for each in answers} == {self.tokens[-1]}

    async def lost(self) -> None:
        """Nobody waits for the first answer: the client asks again, and whichever comes first, both bring
        the same. It is over before the successor is used, which would make the first a replay."""
        asked = asyncio.create_task(self.present(self.tokens[-1]))
        await asyncio.sleep(self.random.uniform(0, 0.03))
        await self.refresh()
        answer = await asked
        assert (answer.status_code, answer.json()["refresh_token"]) == (200, self.tokens[-1])

    async def call(self) -> None:
        assert await self.is_accepted(self.replica, self.access)

    async def stolen(self) -> None:
        """A token two generations old ends the session."""
        await self.refresh()
        await self.refresh()
        assert (await self.present(self.tokens[-3])).status_code == 401
        await self.over({self.access})

    async def logout(self) -> None:
        assert await self.log_out() == 204
        await self.over({self.access})

    async def race(self) -> None:
        """A refresh beside a logout: whatever it brings is worth nothing when both are done."""
        answer, ended = await asyncio.gather(self.present(self.tokens[-1]), self.log_out())
        assert ended == 204
        assert answer.status_code in (200, 401)
        minted = {self.access}
        if answer.status_code == 200:
            self.tokens.append(answer.json()["refresh_token"])
            minted.add(answer.json()["access_token"])
        await self.over(minted)

    async def over(self, minted: set[str]) -> None:
        """No refresh token of the session works, no access token is accepted anywhere any more."""
        for token in self.tokens[-3:]:
            assert (await self.present(token)).status_code == 401
        give_up_at = time.monotonic() + ENDED_WITHIN_SECONDS
        for access in minted:
            for replica in self.replicas:
                while await self.is_accepted(replica, access):
                    assert time.monotonic() < give_up_at
        await self.sign_in()

    async def is_accepted(self, replica: httpx2.AsyncClient, access: str) -> bool:
        answer = await replica.get("/auth/verify", headers={"authorization": f"Bearer {access}"})
        assert answer.status_code in (200, 401)
        return answer.status_code == 200


async def test_ses_13_fifty_clients_at_random(server: OwnPostgres, tmp_path: Path) -> None:
    """At most one live token a session, the same for all who ask; a second use outside the overlap ends
    it; nothing that was ended lives; every token that was given out works, at either replica."""
    async with signing_in(server.url) as signs_in:
        with replicas(tmp_path, server.url, number=2) as (one, other):
            async with http_to(one) as first, http_to(other) as second:
                people = [
                    Person(f"person-{each}", signs_in, [first, second], Random(each))  # noqa: S311
                    for each in range(CLIENTS)
                ]
                until = time.monotonic() + SOAK_SECONDS
                await asyncio.gather(*(each.live(until) for each in people))
                for each in people:
                    await each.refresh()
                    await each.call()
    done: Counter[str] = sum((each.done for each in people), Counter())
    sys.stdout.write(f"at random: {dict(done)}\n")
