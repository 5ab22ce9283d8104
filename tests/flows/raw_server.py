"""A server without manners: what it does to a connection is a script, byte by byte."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK = b"x" * 65536


class Exchange:
    """One connection whose request has arrived; ``request`` holds its bytes, head and body."""

    def __init__(self, connection: socket.socket, request: bytes, over: threading.Event) -> None:
        self._connection = connection
        self.request = request
        self._over = over

    def send(self, data: bytes) -> bool:
        """False once the client has gone or the test is over."""
        try:
            self._connection.sendall(data)
        except OSError:
            return False
        return not self._over.is_set()

    def wait(self, seconds: float = 30.0) -> bool:
        """Say nothing for a while; True when the test is over."""
        return self._over.wait(seconds)

    def send_for_ever(self, data: bytes) -> None:
        while self.send(data):
            pass

    def send_slowly(self, pieces: Sequence[bytes]) -> None:
        """Twenty pieces a second."""
        for piece in pieces:
            if self.wait(0.05) or not self.send(piece):
                return


Script = Callable[[Exchange], object]


def sends(raw: bytes) -> Script:
    """The script that sends these bytes and closes."""

    def send(exchange: Exchange) -> None:
        exchange.send(raw)

    return send


class RawServer:
    """Listens on loopback and plays ``script`` to every request; ``requests`` are those it got,
    ``ended`` says how many connections it closed after the script.

    ``greets`` plays it as soon as a connection is there, before a byte was read; ``tls`` is spoken
    where given.
    """

    def __init__(self, script: Script, *, greets: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._greets = greets
        self._tls = tls
        self._over = threading.Event()
        self._connections: list[socket.socket] = []
        self.requests: list[bytes] = []
        self.ended = 0

    @property
    def address(self) -> str:
        """``http://127.0.0.1:<port>``, or ``https``."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for each in (*self._connections, self._listener):
            shut(each)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._connections.append(connection)
            request = b"" if self._greets else read_request(connection)
        except OSError:
            return
        if request or self._greets:
            self.requests.append(request)
            self._script(Exchange(connection, request, self._over))
        shut(connection)
        self.ended += 1


def shut(connection: socket.socket) -> None:
    """Close, and wake whoever waits on the socket in another thread."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def read_request(connection: socket.socket) -> bytes:
    """Head and body of one request; nothing when the client left."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = connection.recv(65536)
        if not got:
            return b""
        data += got
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while lengths and len(body) < lengths[0]:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(
    body: bytes = b"",
    *,
    status: int = 200,
    content_type: str = "application/json",
    length: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A complete answer; ``length`` may lie."""
    told = len(body) if length is None else length
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Type: {content_type}",
        f"Content-Length: {told}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
