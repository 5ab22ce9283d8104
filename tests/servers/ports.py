"""Ports for servers that tests start.

The kernel hands out its ephemeral ports to every outgoing connection, so one that is free when it is
chosen may be taken when the server gets to it, or while the server is down between two starts. These
lie below that range, and no two calls in one process name the same.
"""

from __future__ import annotations

import random
import socket

_FIRST, _LAST = 20_000, 32_000
_drawn: set[int] = set()


def loopback_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on and no outgoing connection is given."""
    draw = random.SystemRandom()
    for _ in range(200):
        port = draw.randint(_FIRST, _LAST)
        if port not in _drawn and _is_free(port):
            _drawn.add(port)
            return port
    raise RuntimeError(f"no free port between {_FIRST} and {_LAST}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
