"""People who use a service all the while: API calls, refreshes and sign-ins, each at its own rate.

A request starts when its time has come, whether or not those before it were answered, and its time counts
from there: a service that stalls is not asked less, and does not look better for it.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Final
from urllib.parse import urljoin

import httpx2

from benchmarks.through_outage.plan import PHASES, Kind, Phase, Plan

Turn = Callable[[float], Coroutine[None, None, None]]
"""One request or sign-in; it gets the moment at which it was due."""

_TIMEOUT_SECONDS: Final = 20.0
_GUARDED: Final = "/v2/orders"
_HTML: Final = {"accept": "text/html,application/xhtml+xml"}
_FORM: Final = re.compile(r'<form method="post" action="([^"]+)"')
_PAGE: Final = re.compile(r'name="page" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Sample:
    """One API call, refresh or sign-in. ``at`` and ``seconds`` are measured from when it was due;
    ``status`` is the last answer's, None where there was none; ``good``: it came to what it should."""

    kind: Kind
    phase: Phase
    at: float
    seconds: float
    status: int | None
    good: bool


@dataclass(slots=True)
class Person:
    """Somebody with a session. ``busy``: a refresh is under way."""

    access: str
    refresh: str
    busy: bool = False


@dataclass(slots=True)
class Record:
    """What was seen; ``healed_at`` in the same seconds as samples are. ``late`` is by how much these people
    themselves started too late, which says how busy the machine was and nothing of the service."""

    samples: list[Sample] = field(default_factory=list)
    healed_at: float = 0.0
    late: list[tuple[Phase, float]] = field(default_factory=list)


class Crowd:
    """The people and their browsers, at one service."""

    def __init__(self, base_url: str, usernames: list[str]) -> None:
        self._base_url = base_url
        self._usernames = itertools.cycle(usernames)
        limits = httpx2.Limits(max_connections=200, max_keepalive_connections=100)
        self._http = httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS, limits=limits, follow_redirects=False)
        self.record = Record()
        self._people: list[Person] = []
        self._phase: Phase = "before"

    async def close(self) -> None:
        await self._http.aclose()

    async def gather(self, number: int) -> None:
        """Sign in so many people. Raises RuntimeError where one cannot."""
        for _ in range(number):
            status, person = await self._signed_in()
            if person is None:
                raise RuntimeError(f"a sign-in before the run was answered {status}")
            self._people.append(person)

    async def go(self, plan: Plan, enter: Callable[[Phase], Awaitable[None]]) -> Record:
        """All phases of the plan; ``enter`` changes the world at the start of each."""
        self._callers, self._refreshers = itertools.cycle(self._people), itertools.cycle(self._people)
        turns: dict[Kind, Turn] = {"api": self._call, "refresh": self._refresh, "sign_in": self._sign_in}
        until = time.monotonic() + plan.total_seconds
        async with asyncio.TaskGroup() as tasks:
            for kind, rate in plan.rates().items():
                tasks.create_task(self._regularly(turns[kind], rate, until))
            tasks.create_task(self._pass_through(plan, enter))
        return self.record

    async def _pass_through(self, plan: Plan, enter: Callable[[Phase], Awaitable[None]]) -> None:
        for phase in PHASES:
            if phase == "outage":
                self._phase = phase
            await enter(phase)
            if phase == "after":
                self._phase = phase
                self.record.healed_at = time.monotonic()
            await asyncio.sleep(plan.seconds(phase))

    async def _regularly(self, turn: Turn, rate: float, until: float) -> None:
        """Start a turn whenever it is due, and wait for the last of them."""
        async with asyncio.TaskGroup() as tasks:
            for due in _moments(rate, until):
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self.record.late.append((self._phase, time.monotonic() - due))
                tasks.create_task(turn(due))

    def _note(self, kind: Kind, phase: Phase, due: float, status: int | None, *, good: bool) -> None:
        """What began or ended in the outage, or spans it, is of the outage."""
        phase = phase if phase == self._phase else "outage"
        self.record.samples.append(Sample(kind, phase, due, time.monotonic() - due, status, good))

    async def _call(self, due: float) -> None:
        phase, person = self._phase, next(self._callers)
        answer = await self._ask("GET", _GUARDED, headers={"authorization": f"Bearer {person.access}"})
        status = None if answer is None else answer.status_code
        self._note("api", phase, due, status, good=status == 200)

    async def _refresh(self, due: float) -> None:
        phase, person = self._phase, self._next_at_leisure()
        if person is None:
            return
        person.busy = True
        answer = await self._ask("POST", "/auth/refresh", json={"refresh_token": person.refresh})
        person.busy = False
        status = None if answer is None else answer.status_code
        self._note("refresh", phase, due, status, good=status == 200)
        if answer is not None and status == 200:
            person.access, person.refresh = answer.json()["access_token"], answer.json()["refresh_token"]

    async def _sign_in(self, due: float) -> None:
        phase = self._phase
        status, person = await self._signed_in()
        self._note("sign_in", phase, due, status, good=person is not None)

    def _next_at_leisure(self) -> Person | None:
        """As a browser does: nobody refreshes twice at once."""
        several = itertools.islice(self._refreshers, len(self._people))
        return next((person for person in several if not person.busy), None)

    async def _signed_in(self) -> tuple[int | None, Person | None]:
        """From the button to the session, in a fresh browser; the last status, and the session if any."""
        begun = await self._ask("GET", "/auth/login/dev", headers=_HTML)
        if begun is None or begun.status_code != 303:
            return _status(begun), None
        page = await self._ask("GET", begun.headers["location"])
        form = None if page is None else _FORM.search(page.text)
        page_id = None if page is None else _PAGE.search(page.text)
        if form is None or page_id is None:
            return _status(page), None
        answer = {"page": unescape(page_id[1]), "person": next(self._usernames)}
        pressed = await self._ask("POST", urljoin(begun.headers["location"], unescape(form[1])), data=answer)
        if pressed is None or "location" not in pressed.headers:
            return _status(pressed), None
        cookie = "; ".join(_cookies(begun))
        done = await self._ask("GET", pressed.headers["location"], headers={**_HTML, "cookie": cookie})
        if done is None or done.status_code != 303:
            return _status(done), None
        kept = dict(each.split("=", 1) for each in _cookies(done))
        return 303, Person(kept["ww_access"], kept["ww_refresh"])

    async def _ask(self, method: str, target: str, **options: object) -> httpx2.Response | None:
        try:
            answer = await self._http.request(method, urljoin(self._base_url, target), **options)  # type: ignore[arg-type]
        except httpx2.HTTPError:
            return None
        finally:
            self._http.cookies.clear()
        return answer


def _moments(rate: float, until: float) -> Iterator[float]:
    due = time.monotonic()
    while rate > 0 and due < until:
        yield due
        due += 1 / rate


def _status(answer: httpx2.Response | None) -> int | None:
    return None if answer is None else answer.status_code


def _cookies(answer: httpx2.Response) -> list[str]:
    return [header.partition(";")[0] for header in answer.headers.get_list("set-cookie")]
