"""Whether endpoints answer at all, and how: each fault of a network or a server, by a switch."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from watchword.dev_provider.behaviour import Endpoint

Target = Endpoint | Literal["*"]
"""One endpoint, or every one of them."""
Delivery = Literal["whole", "slowly", "half", "not", "not_after_work"]

ENDPOINTS: tuple[Endpoint, ...] = get_args(Endpoint)

_PORTAL = b"<!doctype html><title>Welcome to our Wi-Fi</title><p>Accept our terms to go on.\n"
_PORTAL_ADDRESS = "http://portal.invalid/login"


@dataclass(frozen=True, slots=True)
class Failure:
    """The answer an endpoint gives instead of its own."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to the requests of one endpoint, ``times`` of them, or all with None."""

    delay_seconds: float = 0.0
    failure: Failure | None = None
    delivery: Delivery = "whole"
    pause_seconds: float = 0.0
    times: int | None = None


class Faults:
    """Per endpoint, or with ``"*"`` for each of them: fail, be slow, break off, until healed.

    Faults of one endpoint compose: a delayed one may also fail, and its failure may come slowly.
    With ``times=n`` an endpoint heals by itself after so many requests to it; of several switches
    the last one decides that. Safe to call from any thread; what is under way goes on as it began.
    """

    def __init__(self) -> None:
        self._plans: dict[Endpoint, Plan] = {}
        self._lock = threading.Lock()

    def take(self, endpoint: Endpoint | None) -> Plan | None:
        """What happens to the request that is here now; None when nothing is wrong."""
        if endpoint is None:
            return None
        with self._lock:
            plan = self._plans.get(endpoint)
            if plan is not None and plan.times is not None:
                if plan.times > 1:
                    self._plans[endpoint] = replace(plan, times=plan.times - 1)
                else:
                    del self._plans[endpoint]
            return plan

    def fail(
        self,
        endpoint: Target,
        *,
        status: int = 503,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        times: int | None = None,
    ) -> None:
        """Answer this instead of doing any work; ``body`` may be anything, with status 200 too.

        Raises ValueError for a status that no final answer has.
        """
        if not 200 <= status <= 599:
            raise ValueError(f"an answer has a status from 200 to 599, not {status}")
        self._change(endpoint, times, failure=Failure(status, dict(headers or {}), body))

    def captive_portal(
        self, endpoint: Target = "*", *, redirect: bool = False, times: int | None = None
    ) -> None:
        """Answer like a network that wants a sign-in first: 200 with a page, or 302 to one."""
        if redirect:
            self.fail(endpoint, status=302, headers={"location": _PORTAL_ADDRESS}, times=times)
        else:
            page = {"content-type": "text/html; charset=utf-8"}
            self.fail(endpoint, status=200, headers=page, body=_PORTAL, times=times)

    def delay(self, endpoint: Target, seconds: float, *, times: int | None = None) -> None:
        """Wait before the answer, or until the client has gone. Raises ValueError for no time at all."""
        if not seconds > 0:
            raise ValueError(f"a delay takes some time, not {seconds} s")
        self._change(endpoint, times, delay_seconds=seconds)

    def hang(self, endpoint: Target, *, times: int | None = None) -> None:
        """Take the request and never answer."""
        self._change(endpoint, times, delay_seconds=math.inf)

    def drip(self, endpoint: Target, *, pause_seconds: float = 1.0, times: int | None = None) -> None:
        """Answer with the headers at once and the body byte by byte, a pause before each."""
        self._change(endpoint, times, delivery="slowly", pause_seconds=pause_seconds)

    def break_off(self, endpoint: Target, *, times: int | None = None) -> None:
        """Reset the connection (RST) in the middle of the body, after the work.

        Needs DevProviderServer: without a real connection the request raises RuntimeError.
        """
        self._change(endpoint, times, delivery="half")

    def drop(self, endpoint: Target, *, after_work: bool = False, times: int | None = None) -> None:
        """Close the connection without an answer; ``after_work`` first does what was asked.

        Needs DevProviderServer: without a real connection the request raises RuntimeError.
        """
        self._change(endpoint, times, delivery="not_after_work" if after_work else "not")

    def heal(self, endpoint: Target | None = None) -> None:
        """End the faults of one endpoint, or of all."""
        with self._lock:
            for each in _named("*" if endpoint is None else endpoint):
                self._plans.pop(each, None)

    def _change(self, endpoint: Target, times: int | None, **change: Any) -> None:
        if times is not None and times < 1:
            raise ValueError(f"a fault happens at least once, not {times} times")
        with self._lock:
            for each in _named(endpoint):
                self._plans[each] = replace(self._plans.get(each, Plan()), times=times, **change)


def _named(endpoint: Target) -> Iterable[Endpoint]:
    if endpoint == "*":
        return ENDPOINTS
    if endpoint not in ENDPOINTS:
        raise ValueError(f"there is no endpoint {endpoint!r}; there are {', '.join(ENDPOINTS)} and '*'")
    return (endpoint,)
