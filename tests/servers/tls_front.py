"""TLS in front of a server on loopback, with a certificate that may change at any time."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.servers.ports import loopback_port


class TlsFront:
    """Listens at ``address`` and hands every connection on to ``target``, a port, once that is set.
    ``context`` is shown to the connections that come from now on."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.target = 0
        self.port = loopback_port()
        self.address = f"https://localhost:{self.port}"
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self._open: list[socket.socket] = []

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        for each in (self.listener, *self._open):
            _shut(each)

    def _serve(self, connection: socket.socket) -> None:
        self._open.append(connection)
        try:
            client = self.context.wrap_socket(connection, server_side=True)
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            _shut(connection)
            return
        self._open += [client, server]
        threading.Thread(target=_pump, args=(server, client), daemon=True).start()
        _pump(client, server)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _shut(source)
    _shut(sink)


def _shut(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()


@contextmanager
def tls_front(context: ssl.SSLContext) -> Iterator[TlsFront]:
    front = TlsFront(context)
    thread = threading.Thread(target=front.accept, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        front.close()
        thread.join(10)
