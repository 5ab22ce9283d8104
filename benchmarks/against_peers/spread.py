"""Pairs of blocks, and what their differences and ratios come to."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """Requests answered one after another: how many, and the seconds that passed meanwhile: on the
    clock, of the server's CPU, of the server in wait for a processor, of the client's CPU."""

    requests: int
    seconds: float
    server_cpu_seconds: float
    server_waited_seconds: float
    client_cpu_seconds: float

    @property
    def cpu_microseconds(self) -> float:
        """The server's, per request."""
        return self.server_cpu_seconds / self.requests * 1e6

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def starved(self) -> float:
        """The share of the time in which the server could have computed and others did: 0 on a quiet
        machine, and where the system does not tell."""
        return self.server_waited_seconds / self.seconds

    @property
    def client_busy(self) -> float:
        """The share of the time in which the client had to compute: near 1 it is the bottleneck."""
        return self.client_cpu_seconds / self.seconds


@dataclass(frozen=True, slots=True)
class Pair:
    """One block on the bare route and one on the guarded, right after each other."""

    bare: Block
    guarded: Block

    @property
    def added_microseconds(self) -> float:
        """CPU of the server for each guarded request, less that of a bare one."""
        return self.guarded.cpu_microseconds - self.bare.cpu_microseconds

    @property
    def rate_ratio(self) -> float:
        """Guarded over bare requests per second."""
        return self.guarded.requests_per_second / self.bare.requests_per_second

    @property
    def cpu_ratio(self) -> float:
        """Guarded over bare requests per second of the server's CPU."""
        return self.bare.cpu_microseconds / self.guarded.cpu_microseconds


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and quartiles."""

    median: float
    lower: float
    upper: float


def spread(values: Iterable[float]) -> Spread:
    """Raises ValueError for no values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    if len(ordered) == 1:
        return Spread(ordered[0], ordered[0], ordered[0])
    lower, median, upper = statistics.quantiles(ordered, n=4, method="inclusive")
    return Spread(median, lower, upper)
