"""A load client that costs little: kept-alive connections, each with one request under way.

Answers are read in the order of the requests. A server that answers one connection much later than
the others would leave those waiting; with one worker that serves in turn this does not show. What it
computes is told with each block, so that a client that became the bottleneck is seen.
"""

from __future__ import annotations

import re
import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

_PATIENCE_SECONDS: Final = 60
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_OK: Final = b"HTTP/1.1 200 "


class UnexpectedAnswer(Exception):
    """A server did not answer 200 with the expected body."""


@dataclass(frozen=True, slots=True)
class Driven:
    """What a client did in one block."""

    requests: int
    seconds: float
    cpu_seconds: float


def request_for(path: str, credential: str) -> bytes:
    """The bytes of a GET request; ``credential`` is a header line."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n{credential}\r\n\r\n"
    ).encode("ascii")


class LoadClient:
    """``connections`` to a port on loopback, open until the end of the ``with`` block."""

    def __init__(self, port: int, connections: int, *, expected_body: bytes) -> None:
        self._expected = expected_body
        self._sockets = [
            socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS)
            for _ in range(connections)
        ]
        for each in self._sockets:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._sockets:
            each.close()

    def drive(self, requests: Iterator[bytes], *, at_most_seconds: float) -> Driven:
        """Send until the time is over or ``requests`` end, and read every answer.

        Raises UnexpectedAnswer, OSError.
        """
        started, cpu_before = time.perf_counter(), time.process_time()
        until = started + at_most_seconds
        waiting: deque[socket.socket] = deque()
        for connection, request in zip(self._sockets, requests, strict=False):
            connection.sendall(request)
            waiting.append(connection)
        answered = 0
        while waiting:
            connection = waiting.popleft()
            self._receive(connection)
            answered += 1
            if time.perf_counter() < until:
                following = next(requests, None)
                if following is not None:
                    connection.sendall(following)
                    waiting.append(connection)
        return Driven(answered, time.perf_counter() - started, time.process_time() - cpu_before)

    def _receive(self, connection: socket.socket) -> None:
        data = connection.recv(65536)
        while True:
            head, gap, body = data.partition(b"\r\n\r\n")
            if gap:
                length = _LENGTH.search(head + b"\r\n")
                if not head.startswith(_OK) or length is None:
                    raise UnexpectedAnswer(f"not a 200 with its length: {head[:200]!r}")
                if len(body) >= int(length[1]):
                    break
            more = connection.recv(65536)
            if not more:
                raise UnexpectedAnswer(f"the server closed the connection after {data[:200]!r}")
            data += more
        if body != self._expected:
            raise UnexpectedAnswer(f"not the expected body: {body[:200]!r}")
