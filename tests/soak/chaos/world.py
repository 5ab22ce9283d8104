"""Everything a chaos run consists of, and how each fault is brought about and taken away."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.through_outage.processes import Provider
from tests.servers.key_value import KeyValueServer, serving
from tests.servers.line import Line, line_to
from tests.servers.own_postgres import OwnPostgres, own_postgres
from tests.servers.valkey import ValkeyTestServer
from tests.soak.chaos.faults import Fault
from tests.soak.chaos.model import Circumstances, Trouble
from tests.soak.chaos.processes import Replica, running_provider, surroundings
from watchword.auth.provider_keys import UNKNOWN_KID_COOLDOWN_SECONDS

REPLICAS: Final = ("a", "b")
SHIFT_SECONDS: Final = 300.0
Deed = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class World:
    """``b`` is the replica that has the faults of one replica. ``what`` is what the judge has to know."""

    postgres: OwnPostgres
    lines: dict[str, Line]
    cache: ValkeyTestServer
    provider: Provider
    vault: KeyValueServer
    replicas: dict[str, Replica]
    given: dict[str, str]
    what: Circumstances = field(default_factory=Circumstances)
    _trouble: Trouble | None = None

    async def begin(self, fault: Fault) -> None:
        """From now on something is wrong."""
        self._trouble = self._told(fault)
        if fault.touched == "provider":
            await self._provider(fault.order)
        else:
            await self._deeds()[fault.order][0]()

    async def end(self, fault: Fault) -> None:
        """All is well, as far as it is ours: who was affected may still need a while."""
        if fault.touched == "clock" and self._trouble is not None:
            self._trouble.over = time.monotonic()
        if fault.touched == "provider":
            await self._heal_provider()
        else:
            await self._deeds()[fault.order][1]()
        if fault.touched != "clock" and self._trouble is not None:
            lingers = UNKNOWN_KID_COOLDOWN_SECONDS if fault.order == "frozen_keys" else 0
            self._trouble.over = time.monotonic() + lingers

    def _told(self, fault: Fault) -> Trouble | None:
        now = time.monotonic()
        if fault.touched == "provider":
            trouble = Trouble(now)
            self.what.provider.append(trouble)
            return trouble
        if fault.touched == "database":
            trouble = Trouble(now, replica="b" if fault.of_one_replica else "")
            self.what.away.append(trouble)
            return trouble
        if fault.order in ("ahead", "behind"):
            trouble = Trouble(now, shift=SHIFT_SECONDS if fault.order == "ahead" else -SHIFT_SECONDS)
            self.what.clocks.append(trouble)
            return trouble
        return None

    async def _provider(self, order: str) -> None:
        if order in ("nxdomain", "resolver"):
            names = "unknown" if order == "nxdomain" else "silent"
            self._all_wrong(names=names)
            return
        await asyncio.to_thread(self.provider.order, order)
        if order == "cold":
            await self._kill()
            await self._launch()

    async def _heal_provider(self) -> None:
        self._all_wrong()
        await asyncio.to_thread(self.provider.order, "heal")

    def _deeds(self) -> dict[str, tuple[Deed, Deed]]:
        postgres, cache, line, b = self.postgres, self.cache, self.lines["b"], self.replicas["b"]

        def thread(work: Callable[[], None]) -> Deed:
            return lambda: asyncio.to_thread(work)

        def soon(work: Callable[[], None]) -> Deed:
            async def deed() -> None:
                work()

            return deed

        async def clock(seconds: float) -> None:
            self._all_wrong(clock_seconds=seconds)
            await asyncio.sleep(0.3)

        def speak() -> None:
            self.vault.sealed = False
            if self.vault.hanging is not None:
                self.vault.hanging.set()
            self.vault.hanging = None

        return {
            "kill": (self._kill, self._launch),
            "suspend": (
                thread(lambda: b.signal(signal.SIGSTOP)),
                thread(lambda: b.signal(signal.SIGCONT)),
            ),
            "restart": (thread(postgres.stop), thread(postgres.start)),
            "freeze": (thread(postgres.freeze), thread(postgres.thaw)),
            "cut": (line.close, line.open),
            "silence": (soon(line.freeze), soon(line.restore)),
            "sealed": (soon(partial(setattr, self.vault, "sealed", True)), soon(speak)),
            "vault_hang": (soon(self._hang), soon(speak)),
            "cache_stop": (thread(cache.stop), thread(cache.start)),
            "cache_flush": (thread(lambda: cache.run("FLUSHALL")), soon(lambda: None)),
            "cache_freeze": (thread(cache.freeze), thread(cache.thaw)),
            "ahead": (lambda: clock(SHIFT_SECONDS), lambda: clock(0)),
            "behind": (lambda: clock(-SHIFT_SECONDS), lambda: clock(0)),
        }

    def _hang(self) -> None:
        self.vault.hang()

    def _all_wrong(self, **wrong: float | str) -> None:
        for each in self.replicas.values():
            each.go_wrong(**wrong)

    async def _kill(self) -> None:
        await asyncio.to_thread(self.replicas["b"].kill)

    async def _launch(self) -> None:
        await asyncio.to_thread(self.replicas["b"].launch)
        await self.replicas["b"].ready()


@asynccontextmanager
async def world(people: int, folder: Path) -> AsyncIterator[World]:
    """Running and ready: PostgreSQL, a line to it for each replica, Valkey, a provider, the replicas."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(own_postgres())
        socket = postgres.folder / ".s.PGSQL.5432"
        lines = {name: await stack.enter_async_context(line_to(socket)) for name in REPLICAS}
        (folder / "valkey").mkdir()
        cache = ValkeyTestServer(folder / "valkey")
        await asyncio.to_thread(cache.start)
        stack.callback(cache.stop)
        provider, provider_settings = stack.enter_context(running_provider(people))
        vault = stack.enter_context(serving())
        given = surroundings(postgres.url, cache.url, provider_settings, vault)
        made = World(postgres, lines, cache, provider, vault, {}, given)
        for name, line in lines.items():
            url = f"postgresql+asyncpg://postgres@127.0.0.1:{line.port}/service"
            replica = Replica(name, folder, given | {"WATCHWORD_DATABASE_URL": url})
            made.replicas[name] = replica
            stack.callback(replica.kill)
            await asyncio.to_thread(replica.launch)
        for replica in made.replicas.values():
            await asyncio.to_thread(replica.wait_until_ready)
        yield made
