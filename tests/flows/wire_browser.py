"""A browser and a server on a real connection, for what only a whole server writes to its logs."""

from __future__ import annotations

import http.client
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import uvicorn
from starlette.types import ASGIApp


@dataclass
class WireBrowser:
    """Keeps cookies, and everything it was ever given: ``secrets`` by cookie or as a token, ``told``
    in the words of refusals."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    location: str = ""

    def ask(self, method: str, target: str, *, body: object = None, **headers: str) -> tuple[int, Any]:
        """One request; the status and the JSON, where it is JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            sent["content-type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, target, None if body is None else json.dumps(body), sent)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        self.location = response.headers.get("location", "")
        for header in response.headers.get_all("set-cookie") or []:
            self._keep(header)
        if response.status >= 400:
            self.told.append(text)
        is_json = "json" in response.headers.get("content-type", "")
        answer = json.loads(text) if is_json and text else {}
        self.secrets |= {answer[name] for name in ("access_token", "refresh_token") if name in answer}
        return response.status, answer

    def _keep(self, header: str) -> None:
        for name, morsel in SimpleCookie(header).items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value
                self.secrets.add(morsel.value)


@contextmanager
def served(app: ASGIApp) -> Iterator[int]:
    """uvicorn as an operator might run it, at DEBUG with its access log on; yields the port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, log_level="debug"))
    access = logging.getLogger("uvicorn.access")
    before, access.propagate = access.propagate, True
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.02)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        access.propagate = before
