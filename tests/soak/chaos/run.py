"""The run: a hundred people who go on, and a fault in every slot."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from benchmarks.machine import processor_name
from tests.soak.chaos import invariants
from tests.soak.chaos.balancer import Balancer
from tests.soak.chaos.faults import FAULTS, Fault, draw
from tests.soak.chaos.invariants import Minted
from tests.soak.chaos.model import Answer, Bar
from tests.soak.chaos.person import Person, payload_of
from tests.soak.chaos.processes import ROOT, command
from tests.soak.chaos.record import Record, Slot
from tests.soak.chaos.world import World, world

GOOD_SECONDS: Final = 3.0
"""Of a slot, before its fault."""
BARRED_SECONDS: Final = 10.0
HERD: Final = 50
TICK_SECONDS: Final = 0.05
STALL_SECONDS: Final = 0.25
MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """``slot_seconds`` of other than a minute shorten or stretch the faults alike. ``only`` names the faults
    to have one after the other, instead of what the seed draws."""

    seconds: float = 3600.0
    slot_seconds: float = MINUTE
    people: int = 100
    seed: int = 20
    only: tuple[str, ...] = ()

    def faults(self) -> list[Fault]:
        if self.only:
            return [each for order in self.only for each in FAULTS if each.order == order]
        return draw(self.seed, max(1, round(self.seconds / self.slot_seconds)))


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where and when; ``used`` are megabytes and threads of each replica at the start and the end."""

    begun: str
    commit: str
    machine: str
    processors: int
    load_before: float
    load_after: float
    used: dict[str, list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Run:
    """All that a report is made of."""

    plan: Plan
    conditions: Conditions
    record: Record


@dataclass(slots=True)
class Chaos:
    """One run under way."""

    plan: Plan
    place: World
    balancer: Balancer
    draw: random.Random
    record: Record = field(default_factory=Record)
    minted: dict[str, Minted] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    over: bool = False
    tell: Callable[[str], None] = lambda line: None

    async def go(self) -> None:
        """Everybody signs in, then slot after slot; at the end everybody's session is tried once more."""
        for number in range(self.plan.people):
            own = random.Random(f"{self.plan.seed}/{number}")  # noqa: S311
            what = self.place.what
            self.people.append(Person(f"p{number}", self.balancer, self.record, what, own, self.see))
        for each in self.people:
            await each.sign_in()
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._watch_the_time())
            for each in self.people:
                tasks.create_task(each.live(lambda: self.over))
            try:
                for number, fault in enumerate(self.plan.faults()):
                    await self._slot(number, fault)
            finally:
                self.over = True
                watching.cancel()
        for each in self.people:
            if each.session is not None:
                await each.call(each.session)
            if each.session is not None:
                await each.refresh(each.session)
        await self._check()

    def see(self, access: str) -> None:
        told = payload_of(access)
        known = self.minted.get(told["sid"], Minted(0, time.monotonic()))
        self.minted[told["sid"]] = Minted(max(told["iat"], known.issued_at), known.first_seen)

    async def _slot(self, number: int, fault: Fault) -> None:
        scale = self.plan.slot_seconds / MINUTE
        slot = Slot(fault, time.monotonic())
        self.record.slots.append(slot)
        self.tell(f"{number + 1}: {fault.row} {fault.what}")
        await asyncio.sleep(GOOD_SECONDS * scale)
        slot.fault_begun = time.monotonic()
        await self.place.begin(fault)
        barred = await self._bar() if fault.order == "disable" else None
        await asyncio.sleep(max(0.0, slot.fault_begun + fault.seconds * scale - time.monotonic()))
        await self.place.end(fault)
        slot.fault_over = time.monotonic()
        async with asyncio.TaskGroup() as after:
            if fault.order == "herd":
                for person in self.draw.sample(self.people, min(HERD, len(self.people))):
                    after.create_task(person.visit())
            if barred is not None:
                after.create_task(self._let_in(barred, BARRED_SECONDS * scale))
            rest = slot.begun + self.plan.slot_seconds - time.monotonic()
            await asyncio.sleep(max(0.0, rest))
        await self._check()
        slot.over = time.monotonic()

    async def _bar(self) -> Person:
        """An operator disables somebody's account, by the command line."""
        person = self.draw.choice([each for each in self.people if each.session is not None])
        session = person.session
        assert session is not None
        user_id = payload_of(session.access[-1].text)["sub"]
        sent = time.monotonic()
        person.bar = Bar(sent)
        for each in (session, person.session):
            if each is not None:
                each.may_end(Answer(sent, sent, 0), "disabled")
        await command(self.place.given, "users", "disable", user_id, "--yes")
        done = time.monotonic()
        person.bar.done = done
        for each in (session, person.session):
            if each is not None:
                each.has_ended(Answer(sent, done, 200), "disabled")
        return person

    async def _let_in(self, person: Person, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        assert person.bar is not None
        known = person.session or person.drawer[-1]
        person.bar.lifting = time.monotonic()
        await command(self.place.given, "users", "enable", payload_of(known.access[-1].text)["sub"])
        person.bar.lifted = time.monotonic()

    async def _check(self) -> None:
        place = self.place
        found = await invariants.check(place.postgres.url, self.people, self.minted, place.what)
        self.record.checks += 1
        self.record.checked_sessions = found.sessions
        self.record.broken += [each for each in found.broken if each not in self.record.broken]

    async def _watch_the_time(self) -> None:
        """By how much the people themselves come too late."""
        while True:
            due = time.monotonic() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            late = time.monotonic() - due
            if late > STALL_SECONDS:
                self.record.stalls.append((time.monotonic(), late))


async def run(plan: Plan, *, logs: Path | None = None) -> Run:
    """Start, use, stop. Raises RuntimeError, OSError where something did not start or come back."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            async with world(plan.people, folder) as place, _chaos(plan, place) as chaos:
                begun, load = datetime.now(UTC), os.getloadavg()[0]
                used = {name: [each.used()] for name, each in place.replicas.items()}
                try:
                    await chaos.go()
                except* (
                    RuntimeError,
                    OSError,
                    AssertionError,
                    LookupError,
                    ValueError,
                    SQLAlchemyError,
                ) as fault:
                    chaos.record.cut_short = repr(fault.exceptions)
                for name, each in place.replicas.items():
                    used[name].append(each.used())
        finally:
            if logs is not None:
                await asyncio.to_thread(_keep, folder, logs)
    conditions = Conditions(
        begun.strftime("%Y-%m-%d %H:%M UTC"),
        _commit(),
        processor_name(),
        os.cpu_count() or 1,
        load,
        os.getloadavg()[0],
        used,
    )
    return Run(plan, conditions, chaos.record)


@asynccontextmanager
async def _chaos(plan: Plan, place: World) -> AsyncIterator[Chaos]:
    choose = random.Random(f"{plan.seed}/balancer")  # noqa: S311
    balancer = Balancer({name: each.url for name, each in place.replicas.items()}, choose)
    chooses = random.Random(f"{plan.seed}/whom")  # noqa: S311
    try:
        yield Chaos(plan, place, balancer, chooses, tell=_tell)
    finally:
        await balancer.close()


def _keep(folder: Path, logs: Path) -> None:
    logs.mkdir(parents=True, exist_ok=True)
    for log in folder.glob("*.log"):
        (logs / log.name).write_bytes(log.read_bytes())


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
    return done.stdout.strip() or "unknown"


def _tell(progress: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {progress}\n")
    sys.stderr.flush()
