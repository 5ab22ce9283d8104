"""Serving the demo: by uvicorn for people, in a thread for the walkthrough."""

from __future__ import annotations

import asyncio
import logging.config
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn

from watchword.app import Watchword
from watchword.config.auth import Settings
from watchword.demo.app import create_app
from watchword.demo.walkthrough import Tell, walk_through
from watchword.errors import ConfigurationError
from watchword.migrations.runner import upgrade
from watchword.serving import server as serving
from watchword.serving.address import browsable
from watchword.serving.logs import logging_config, style_of

_START_SECONDS: Final = 30.0


def prepare(settings: Settings) -> None:
    """Try the database and the keys once, so that a fault is said plainly before anything serves.

    Raises ConfigurationError, MigrationNeeded, SecretKeyMismatch, DatabaseUnavailable.
    """
    logging.config.dictConfig(logging_config(style_of(settings), level="ERROR"))
    asyncio.run(_try_once(settings))


def serve(settings: Settings, host: str, port: int, *, workers: int) -> None:
    """Serve until stopped, with every refusal and its cause on stderr."""
    log = logging_config(style_of(settings))
    serving.serve("watchword.demo:create_app", host, port, workers=workers, log=log)


def run_walkthrough(settings: Settings, host: str, port: int, *, tell: Tell) -> bool:
    """Serve the demo for the length of one walkthrough, on data of its own where none is set."""
    with tempfile.TemporaryDirectory(prefix="watchword-demo-") as folder:
        if "database_url" not in settings.model_fields_set:
            own = f"sqlite+aiosqlite:///{Path(folder) / 'demo.db'}"
            settings = settings.model_copy(update={"database_url": own})
        prepare(settings)
        with _served(settings, host, port):
            return walk_through(settings.base_url, f"{browsable(host)}:{port}", tell)


async def _try_once(settings: Settings) -> None:
    if settings.database_url.startswith("sqlite"):
        await upgrade(settings.database_url)
    await Watchword(settings).check()


@contextmanager
def _served(settings: Settings, host: str, port: int) -> Iterator[None]:
    log = logging_config(style_of(settings), level="ERROR")
    config = uvicorn.Config(create_app(settings), log_config=log, **serving.options(host, port))
    server = uvicorn.Server(config)
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
