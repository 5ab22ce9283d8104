"""The port of the development provider: taken, kept while it is down, and made a black hole."""

from __future__ import annotations

import os
import socket

from watchword.dev_provider.loopback import is_loopback
from watchword.errors import ConfigurationError

_FILLERS = 16
_FILL_SECONDS = 0.05
_BACKLOG = 128


def bound(host: str, port: int) -> socket.socket:
    """A socket with that port of this machine, which does not listen yet. Raises
    ConfigurationError."""
    if not is_loopback(host):
        raise ConfigurationError([f"the development provider listens on loopback only, not on {host!r}"])
    if not 0 <= port <= 65535:
        raise ConfigurationError([f"the port must be between 0 and 65535, not {port}"])
    address = "127.0.0.1" if host.lower() == "localhost" else host
    taken = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((address, port))
    except OSError as fault:
        taken.close()
        raise _refused(host, port, fault) from fault
    return taken


def listening(taken: socket.socket) -> socket.socket:
    """The same socket, which others can connect to. Raises ConfigurationError."""
    try:
        taken.listen(_BACKLOG)
    except OSError as fault:
        host, port, *_ = taken.getsockname()
        raise _refused(host, port, fault) from fault
    return taken


def _refused(host: str, port: int, fault: OSError) -> ConfigurationError:
    return ConfigurationError(
        [f"the development provider cannot listen on {host} port {port}: {fault.strerror}"]
    )


class HeldPort:
    """A port that is bound, so that nobody else is given it, and where nobody listens: connections are
    refused."""

    def __init__(self, taken: socket.socket) -> None:
        self._taken = taken
        self.fillers: list[socket.socket] = []

    def release(self) -> socket.socket:
        """The socket, ready to listen."""
        for filler in self.fillers:
            filler.close()
        return self._taken


def swallowing(taken: socket.socket) -> HeldPort:
    """A port where whoever connects hears nothing: its queue of connections is as short as can be and
    full of our own, which nobody accepts. Linux drops every further SYN, as a firewall would; where a
    system completes the handshake all the same, what follows is silence, too."""
    held = HeldPort(taken)
    taken.listen(0)
    for _ in range(_FILLERS):
        filler = socket.socket(taken.family, socket.SOCK_STREAM)
        held.fillers.append(filler)
        filler.settimeout(_FILL_SECONDS)
        try:
            filler.connect(taken.getsockname())
        except OSError:
            break
    return held
