"""Serving the demo: by uvicorn for people, in a thread for the walkthrough."""

from __future__ import annotations

import asyncio
import logging
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from watchword.app import Watchword
from watchword.config.auth import Settings
from watchword.demo.app import create_app
from watchword.demo.walkthrough import walk_through
from watchword.errors import ConfigurationError
from watchword.migrations.runner import upgrade

_START_SECONDS = 30.0


def prepare(settings: Settings) -> None:
    """Try the database and the keys once, so that a fault is said plainly before anything serves.

    Raises ConfigurationError, MigrationNeeded, SecretKeyMismatch, DatabaseUnavailable.
    """
    asyncio.run(_try_once(settings))


def serve(host: str, port: int, *, workers: int) -> None:
    """Serve until stopped."""
    uvicorn.run("watchword.demo:create_app", factory=True, workers=workers, **_options(host, port))


def run_walkthrough(settings: Settings, host: str, port: int, *, say: Callable[[str], None]) -> bool:
    """Serve the demo for the length of one walkthrough, on data of its own where none is set."""
    with tempfile.TemporaryDirectory(prefix="watchword-demo-") as folder:
        if "database_url" not in settings.model_fields_set:
            own = f"sqlite+aiosqlite:///{Path(folder) / 'demo.db'}"
            settings = settings.model_copy(update={"database_url": own})
        prepare(settings)
        with _served(settings, host, port):
            return walk_through(settings.base_url, say)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refuse_taken_port(host: str, port: int) -> None:
    """Raises ConfigurationError when the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                [f"cannot listen on {host} port {port} ({error.strerror}); choose another with --port"]
            ) from None


async def _try_once(settings: Settings) -> None:
    if settings.database_url.startswith("sqlite"):
        await upgrade(settings.database_url)
    auth = Watchword(settings)
    try:
        await auth.services()
    finally:
        await auth.stop()


@contextmanager
def _served(settings: Settings, host: str, port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(create_app(settings), **_options(host, port)))
    thread = threading.Thread(target=server.run, name="watchword-demo", daemon=True)
    thread.start()
    try:
        ends_at = time.monotonic() + _START_SECONDS
        while not server.started and thread.is_alive() and time.monotonic() < ends_at:
            time.sleep(0.02)
        if not server.started:
            raise ConfigurationError(["the demo did not start; the log above says why"])
        yield
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)


def _options(host: str, port: int) -> dict[str, Any]:
    """No access log, which would hold codes, and no belief in forwarded addresses."""
    return {
        "host": host,
        "port": port,
        "access_log": False,
        "log_level": logging.WARNING,
        "proxy_headers": False,
        "server_header": False,
        "lifespan": "on",
        "timeout_graceful_shutdown": 5,
    }
