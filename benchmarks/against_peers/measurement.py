"""The phases of a run: short blocks on the bare and the guarded route in turn, all subjects in turn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, repeat
from typing import Final, Literal

from benchmarks.against_peers.client import LoadClient, request_for
from benchmarks.against_peers.servers import Server
from benchmarks.against_peers.spread import Block, Pair
from benchmarks.subjects.subject import BARE_PATH, GUARDED_PATH

BODY: Final = b'{"hello":"world"}'
PhaseName = Literal["one", "first", "many", "load"]
Measured = dict[PhaseName, list[Pair]]


@dataclass(frozen=True, slots=True)
class Phase:
    """``one``: one token; ``first``: each of the others for the first time; ``many``: the others over
    and over; ``load``: the same with many connections, for requests per second."""

    name: PhaseName
    rounds: int
    connections: int
    block_seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. ``tokens`` are distinct ones."""

    tokens: int = 10_000
    rounds: int = 15
    block_seconds: float = 0.4
    load_block_seconds: float = 1.0
    warm_up_seconds: float = 2.0

    def phases(self) -> list[Phase]:
        """In order: each token is new in ``first`` and known afterwards."""
        until_all_are_shown = 600.0
        return [
            Phase("one", self.rounds, 8, self.block_seconds),
            Phase("first", max(1, min(20, self.tokens // 100)), 8, until_all_are_shown),
            Phase("many", self.rounds, 8, self.block_seconds),
            Phase("load", self.rounds, 32, self.load_block_seconds),
        ]


class Course:
    """One subject's way through the phases: its first credential is the one token."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._one, *self._many = server.credentials
        self._cycling = {path: cycle(self._many) for path in (BARE_PATH, GUARDED_PATH)}

    def warm_up(self, client: LoadClient, seconds: float) -> None:
        """Both routes with the one token: compilers settle, pools fill."""
        for path in (BARE_PATH, GUARDED_PATH):
            client.drive(_requests(path, repeat(self._one)), at_most_seconds=seconds)

    def pair(self, phase: Phase, number: int, client: LoadClient) -> Pair:
        """One block on each route, of requests that differ in nothing but the path. Which route comes
        first alternates, so that a drift of the machine cancels out."""
        order = (BARE_PATH, GUARDED_PATH) if number % 2 == 0 else (GUARDED_PATH, BARE_PATH)
        blocks = {path: self._block(phase, number, client, path) for path in order}
        return Pair(blocks[BARE_PATH], blocks[GUARDED_PATH])

    def _block(self, phase: Phase, number: int, client: LoadClient, path: str) -> Block:
        requests = _requests(path, self._shown(phase, number, path))
        cpu, waited = self.server.cpu_seconds(), self.server.waited_seconds()
        driven = client.drive(requests, at_most_seconds=phase.block_seconds)
        return Block(
            requests=driven.requests,
            seconds=driven.seconds,
            server_cpu_seconds=self.server.cpu_seconds() - cpu,
            server_waited_seconds=self.server.waited_seconds() - waited,
            client_cpu_seconds=driven.cpu_seconds,
        )

    def _shown(self, phase: Phase, number: int, path: str) -> Iterator[str]:
        match phase.name:
            case "one":
                return repeat(self._one)
            case "first":
                share = -(-len(self._many) // phase.rounds)
                return iter(self._many[number * share : (number + 1) * share])
            case "many" | "load":
                return self._cycling[path]


def measure(servers: Sequence[Server], plan: Plan, tell: Callable[[str], None]) -> dict[str, Measured]:
    """Every phase of every subject. Raises UnexpectedAnswer, CannotMeasure, OSError."""
    courses = [Course(server) for server in servers]
    found: dict[str, Measured] = {server.subject.name: {} for server in servers}
    with clients(servers, connections=8) as open_clients:
        for course, client in zip(courses, open_clients, strict=True):
            course.warm_up(client, plan.warm_up_seconds)
    for phase in plan.phases():
        with clients(servers, phase.connections) as open_clients:
            for number in range(phase.rounds):
                tell(f"{phase.name}: round {number + 1} of {phase.rounds}")
                for course, client in zip(courses, open_clients, strict=True):
                    pairs = found[course.server.subject.name].setdefault(phase.name, [])
                    pairs.append(course.pair(phase, number, client))
    return found


@contextmanager
def clients(servers: Sequence[Server], connections: int) -> Iterator[list[LoadClient]]:
    with ExitStack() as closing:
        yield [
            closing.enter_context(LoadClient(server.port, connections, expected_body=BODY))
            for server in servers
        ]


@contextmanager
def other_processors() -> Iterator[Callable[[], None]]:
    """Processes started inside share every processor but the first; after calling what it gives, this
    one keeps to the first. On a machine with one processor, or none to be had, nothing happens."""
    if not hasattr(os, "sched_setaffinity") or len(all_of_them := os.sched_getaffinity(0)) < 2:
        yield lambda: None
        return
    first = min(all_of_them)
    os.sched_setaffinity(0, all_of_them - {first})
    try:
        yield lambda: os.sched_setaffinity(0, {first})
    finally:
        os.sched_setaffinity(0, all_of_them)


def _requests(path: str, shown: Iterator[str]) -> Iterator[bytes]:
    return (request_for(path, credential) for credential in shown)
