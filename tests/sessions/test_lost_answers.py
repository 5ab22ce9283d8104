"""SES-40: clients that hang up while they are answered, over real sockets."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from random import Random
from time import sleep

import httpx2
import uvicorn
from fastapi import FastAPI

from tests.flows.conftest import StartService, example_app
from watchword import Watchword

PATIENCE_SECONDS = 20
HANG_UPS = 15
REFRESH = "/auth/refresh"


@contextmanager
def served(app: FastAPI) -> Iterator[int]:
    """The port of ``app`` on loopback, in a thread of its own."""
    config = uvicorn.Config(app, lifespan="on", log_config=None, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def ask_and_hang_up(port: int, token: str, after_seconds: float) -> None:
    """Send a refresh and reset the connection (RST) instead of reading the answer."""
    body = json.dumps({"refresh_token": token}).encode()
    head = f"POST {REFRESH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)) as connection:
        connection.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        sleep(after_seconds)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_ses_40_whoever_hung_up_goes_on_with_the_token_they_hold(start_service: StartService) -> None:
    """Reset before, while and after the rotation is committed: the retry brings one successor,
    the same to everybody who asks, and nobody signs in again."""
    service = start_service()
    held = service.signed_in().refresh
    random = Random(40)  # noqa: S311
    with served(example_app(Watchword(service.auth.settings, clock=service.clock))) as port:
        for _ in range(HANG_UPS):
            ask_and_hang_up(port, held, random.uniform(0, 0.006))
            answers = [
                httpx2.post(f"http://127.0.0.1:{port}{REFRESH}", json={"refresh_token": held})
                for _ in range(2)
            ]
            assert [each.status_code for each in answers] == [200, 200]
            (held,) = {each.json()["refresh_token"] for each in answers}
    claims = service.client.post(REFRESH, json={"refresh_token": held}).json()
    assert claims["session_id"] == answers[0].json()["session_id"]
