"""The development provider as a process of its own, with its faults and counts at the end of a pipe.

``python -m benchmarks.through_outage.provider`` writes what it is in a line of JSON, then answers each
line it reads: a fault's name, ``heal``, or ``calls``. It ends with its input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from watchword.dev_provider import DevProvider
from watchword.testing.provider import development_provider, provider_settings

BACK_END: Final = ("discovery", "jwks", "token", "userinfo", "par")
"""What the service itself calls. The sign-in page, which browsers call, keeps answering, so that sign-ins
come back and have their codes redeemed: the most that a service is asked to do."""

FAULTS: Final[Mapping[str, Callable[[DevProvider, Any], None]]] = {
    "hang": lambda provider, endpoint: provider.faults.hang(endpoint),
    "fail": lambda provider, endpoint: provider.fail(endpoint, status=503),
    "drop": lambda provider, endpoint: provider.drop(endpoint),
    "drip": lambda provider, endpoint: provider.faults.drip(endpoint),
    "reset": lambda provider, endpoint: provider.faults.break_off(endpoint),
    "throttle": lambda provider, endpoint: provider.fail(endpoint, status=429, headers={"Retry-After": "5"}),
    "portal": lambda provider, endpoint: provider.faults.captive_portal(endpoint),
    "slow": lambda provider, endpoint: provider.delay(endpoint, 2.5),
}
"""Requests are taken and never answered, answered with 503, their connection is closed; answers come byte
by byte, break off, say 429, are the page of somebody's network, or come late but in time."""


def obey(provider: DevProvider, order: str) -> dict[str, int]:
    """Carry out one order; the answer is how often the service has called each endpoint until now."""
    if order == "heal":
        provider.heal()
    elif order in FAULTS:
        for endpoint in BACK_END:
            FAULTS[order](provider, endpoint)
    return {endpoint: provider.count(endpoint) for endpoint in BACK_END}


def main() -> None:
    """Serve until standard input ends."""
    with development_provider() as server:
        _say({**provider_settings(server), "people": [each.username for each in server.provider.people]})
        for line in sys.stdin:
            _say(obey(server.provider, line.strip()))


def _say(what: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
