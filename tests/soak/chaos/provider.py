"""The provider of a chaos run, as a process of its own: it obeys one order a line and ends with its input."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from benchmarks.through_outage.provider import BACK_END, FAULTS
from watchword.dev_provider import DevClient, DevProviderServer, Person
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.testing.provider import provider_settings

ALMOST_TOO_LATE_SECONDS: Final = 4.9
Order = Callable[[DevProviderServer], None]


def _at_back_end(fault: str) -> Order:
    def order(server: DevProviderServer) -> None:
        for endpoint in BACK_END:
            FAULTS[fault](server.provider, endpoint)

    return order


def _crash(server: DevProviderServer) -> None:
    for endpoint in BACK_END:
        server.provider.fail(endpoint, status=500)


def _slow(server: DevProviderServer) -> None:
    for endpoint in BACK_END:
        server.provider.delay(endpoint, ALMOST_TOO_LATE_SECONDS)


def _rotate(server: DevProviderServer) -> None:
    server.provider.fail("jwks")
    server.provider.rotate_keys()


def _frozen_keys(server: DevProviderServer) -> None:
    server.provider.freeze_keys()
    server.provider.rotate_keys()


def _heal(server: DevProviderServer) -> None:
    server.start()
    server.provider.heal()


ORDERS: Final[Mapping[str, Order]] = {
    **{name: _at_back_end(name) for name in ("hang", "drip", "reset", "fail", "throttle", "portal")},
    "crash": _crash,
    "slow": _slow,
    "refuse": DevProviderServer.refuse,
    "swallow": DevProviderServer.swallow,
    "jwks": lambda server: server.provider.fail("jwks"),
    "discovery": lambda server: server.provider.fail("discovery"),
    "token": lambda server: server.provider.fail("token"),
    "rotate": _rotate,
    "frozen_keys": _frozen_keys,
    "herd": _at_back_end("hang"),
    "cold": _at_back_end("hang"),
    "disable": _at_back_end("fail"),
    "heal": _heal,
}


def main(people: int) -> None:
    """Say which settings lead here, then obey. Its name is ``localhost``, so that a resolver is asked."""
    everybody = [
        Person(f"p{each}", f"sub-{each}", f"Person {each}", f"p{each}@example.test") for each in range(people)
    ]
    client = DevClient(CLIENT_ID, CLIENT_SECRET, any_loopback=True)
    with DevProviderServer(host="localhost", clients=[client], people=everybody) as server:
        server.provider.behaviour.always_give_refresh_token = True
        server.provider.behaviour.keep_refresh_tokens = True
        _say({**provider_settings(server), "people": [each.username for each in everybody]})
        for line in sys.stdin:
            ORDERS[line.strip()](server)
            _say({"done": line.strip()})


def _say(what: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
