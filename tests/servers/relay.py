"""A socket on loopback that hands every POST to somebody in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.ports import loopback_port

Answer = Callable[[str, str, bytes], int]
"""Path, content type and body to a status."""


class Relay:
    """``url`` is where it listens; ``answer`` may be replaced at any time. ``said`` are the statuses
    that were answered."""

    def __init__(self) -> None:
        self.port = loopback_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.answer: Answer = lambda path, content_type, body: 503
        self.said: list[int] = []


@contextmanager
def relaying() -> Iterator[Relay]:
    relay = Relay()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status = relay.answer(self.path, self.headers.get("content-type", ""), body)
            relay.said.append(status)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", relay.port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
