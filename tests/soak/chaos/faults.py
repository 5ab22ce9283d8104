"""Which faults there are, and which of them a seed draws for which minute."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final, Literal

Touched = Literal["provider", "database", "replica", "cache", "clock", "secrets"]


@dataclass(frozen=True, slots=True)
class Fault:
    """``row`` of the catalogue of tests; ``order`` is what it is called to whoever carries it out;
    ``seconds`` is how long it lasts in a slot of a minute."""

    row: str
    order: str
    what: str
    touched: Touched
    seconds: float

    @property
    def takes_the_database(self) -> bool:
        """A minute that does not count for availability."""
        return self.touched == "database" and not self.of_one_replica

    @property
    def of_one_replica(self) -> bool:
        return self.row == "SES-49"


FAULTS: Final = (
    Fault("FLT-01", "refuse", "provider refuses connections", "provider", 25),
    Fault("FLT-02", "swallow", "provider is a black hole", "provider", 25),
    Fault("FLT-03", "hang", "provider takes requests and never answers", "provider", 25),
    Fault("FLT-04", "drip", "provider answers a byte a second", "provider", 25),
    Fault("FLT-05", "reset", "provider breaks off its answers by RST", "provider", 25),
    Fault("FLT-06", "fail", "provider answers 503", "provider", 25),
    Fault("FLT-06", "crash", "provider answers 500", "provider", 25),
    Fault("FLT-07", "throttle", "provider answers 429 with `Retry-After: 5`", "provider", 25),
    Fault("FLT-09", "slow", "every call to the provider takes 4.9 s", "provider", 25),
    Fault("FLT-10", "nxdomain", "the provider's name is not known", "provider", 25),
    Fault("FLT-10", "resolver", "the resolver does not answer", "provider", 25),
    Fault("FLT-12", "portal", "a page of somebody's network answers for the provider", "provider", 25),
    Fault("FLT-13", "jwks", "only the provider's keys are away", "provider", 25),
    Fault("FLT-13", "discovery", "only the provider's metadata are away", "provider", 25),
    Fault("FLT-13", "token", "only the provider's token endpoint is away", "provider", 25),
    Fault("FLT-14", "rotate", "provider rotates its keys while they cannot be fetched", "provider", 25),
    Fault("FLT-16", "herd", "provider is away; fifty sign-ins at once when it is back", "provider", 25),
    Fault("FLT-17", "cold", "a replica is killed and starts while the provider is away", "provider", 25),
    Fault("FLT-22", "frozen_keys", "provider rotates its keys and publishes the old ones", "provider", 25),
    Fault("FLT-23", "sealed", "the secret store is sealed", "secrets", 25),
    Fault("FLT-23", "vault_hang", "the secret store does not answer", "secrets", 25),
    Fault("FLT-25", "disable", "an account is disabled while the provider is away", "provider", 25),
    Fault("SES-42", "kill", "`kill -9` of a replica, started again after 5 s", "replica", 5),
    Fault("SES-44", "restart", "PostgreSQL cut off and started again", "database", 4),
    Fault("SES-45", "freeze", "PostgreSQL stands still (`SIGSTOP`)", "database", 25),
    Fault("SES-48", "cache_stop", "Valkey stopped, and started again empty", "cache", 15),
    Fault("SES-48", "cache_flush", "Valkey flushed", "cache", 1),
    Fault("SES-48", "cache_freeze", "Valkey stands still (`SIGSTOP`)", "cache", 15),
    Fault("SES-49", "cut", "one replica cut off from PostgreSQL, refused", "database", 10),
    Fault("SES-49", "silence", "one replica cut off from PostgreSQL, unheard", "database", 10),
    Fault("SES-50", "ahead", "the service's clock is 5 min ahead, then right", "clock", 20),
    Fault("SES-50", "behind", "the service's clock is 5 min behind, then right", "clock", 20),
    Fault("SES-50", "suspend", "a replica is suspended (`SIGSTOP`)", "replica", 8),
)
"""A row of the catalogue that can happen in several ways is in here several times."""

LEFT_OUT: Final = {
    "FLT-11": "the provider here speaks plain HTTP",
    "FLT-18": "a property of one process under a load that this machine has not; it is no fault to inject",
    "FLT-19": "takes a clock that is a day ahead",
    "FLT-20": "forks and reloads are no state of a running replica",
}


def draw(seed: int, slots: int) -> list[Fault]:
    """One fault for each slot: every one of them once where there are slots enough, and by chance beyond
    that, in an order by chance."""
    random_ = random.Random(seed)  # noqa: S311
    every = random_.sample(FAULTS, len(FAULTS))
    drawn = every[:slots] + random_.choices(FAULTS, k=max(0, slots - len(every)))
    random_.shuffle(drawn)
    return drawn
