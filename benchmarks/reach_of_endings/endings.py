"""People who are signed in, the endings of their sessions, and the other replica's first refusal."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import httpx2

from benchmarks.reach_of_endings.plan import ENDINGS, GIVE_UP_SECONDS, Ending
from benchmarks.reach_of_endings.postgres import CannotMeasure
from watchword.api.services import Services
from watchword.auth.account_manager import AccountManager
from watchword.auth.grants import BROWSER, ClientContext
from watchword.auth.ports import ProviderIdentity

ISSUER = "https://id.example.test"
_EVERYWHERE = "/auth/logout?everywhere=yes"


@dataclass(frozen=True, slots=True)
class Person:
    user_id: UUID
    session_id: UUID
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Pace:
    """How many are looked at at once, how long after signing in each session ends at most, and the pause
    between two questions of whether the other replica refuses."""

    at_once: int
    spread_seconds: float
    pause_seconds: float


@dataclass
class Endings:
    """``here`` is the replica where sessions end, ``there`` the one that must hear of it; what is ended by
    command is ended by this process, which is neither. Seconds by kind of ending in ``seconds``."""

    here: httpx2.AsyncClient
    there: httpx2.AsyncClient
    services: Services
    accounts: AccountManager
    seconds: dict[Ending, list[float]] = field(default_factory=lambda: {each: [] for each in ENDINGS})
    count: int = 0

    async def measure(self, times: int, pace: Pace) -> None:
        """So many endings of each kind, at any moment between two looks of the other replica."""
        due = iter([ending for _ in range(times) for ending in ENDINGS])
        draw = random.Random(times)

        async def one_after_the_other() -> None:
            for ending in due:
                person = await self.signed_in()
                await self._expect(200, person)
                await asyncio.sleep(draw.random() * pace.spread_seconds)
                self.seconds[ending].append(await self._reach(ending, person, pace))

        await asyncio.gather(*(one_after_the_other() for _ in range(pace.at_once)))

    async def ask(self, requests: int, person: Person) -> list[float]:
        """Authenticated requests, one after the other, to the other replica; the seconds of each."""
        taken = []
        for _ in range(requests):
            started = time.perf_counter()
            await self._expect(200, person)
            taken.append(time.perf_counter() - started)
        return taken

    async def signed_in(self) -> Person:
        self.count += 1
        grant = await self.services.sessions.open(
            ProviderIdentity(
                provider_id="none",
                issuer=ISSUER,
                subject=f"person-{time.time_ns()}-{self.count}",
                email=None,
                email_verified=False,
                name=None,
                roles=frozenset({"editor"}),
            ),
            client_id=BROWSER,
            scopes=frozenset(),
            auth_time=datetime.now(UTC),
            provider_sid=None,
            client=ClientContext(),
        )
        headers = {"authorization": f"Bearer {grant.access.text}"}
        return Person(grant.session.user_id, grant.session.session_id, headers)

    async def _reach(self, ending: Ending, person: Person, pace: Pace) -> float:
        await self._end(ending, person)
        ended_at = time.perf_counter()
        while time.perf_counter() - ended_at < GIVE_UP_SECONDS:
            answer = await self.there.get("/private", headers=person.headers)
            if answer.status_code == 401:
                return time.perf_counter() - ended_at
            await asyncio.sleep(pace.pause_seconds)
        raise CannotMeasure(f"the other replica never refused after: {ending}")

    async def _end(self, ending: Ending, person: Person) -> None:
        match ending:
            case "logout" | "everywhere":
                path = "/auth/logout" if ending == "logout" else _EVERYWHERE
                answer = await self.here.post(path, headers=person.headers)
                if answer.status_code != 204:
                    raise CannotMeasure(f"{path} answered {answer.status_code}")
            case "revoked":
                await self.accounts.revoke_session(person.session_id)
            case "disabled":
                await self.accounts.disable(person.user_id)
            case "role":
                await self.accounts.change_roles(person.user_id, deny=["editor"])

    async def _expect(self, status: int, person: Person) -> None:
        answer = await self.there.get("/private", headers=person.headers)
        if answer.status_code != status:
            raise CannotMeasure(f"the other replica answered {answer.status_code} instead of {status}")
