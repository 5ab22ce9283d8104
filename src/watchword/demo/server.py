"""Serving the demo: by uvicorn for people, in a thread for the walkthrough."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import uvicorn

from watchword.app import Watchword
from watchword.config.auth import Settings
from watchword.demo.address import browsable
from watchword.demo.app import create_app
from watchword.demo.walkthrough import Tell, walk_through
from watchword.errors import ConfigurationError
from watchword.migrations.runner import upgrade

_START_SECONDS: Final = 30.0
_PLAIN: Final = {"handlers": ["stderr"], "propagate": False}
_LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {"uvicorn": {"level": "WARNING", **_PLAIN}, "watchword": {"level": "INFO", **_PLAIN}},
}
_QUIET: Final[dict[str, Any]] = {
    **_LOGGING,
    "loggers": {name: {"level": "ERROR", **_PLAIN} for name in ("uvicorn", "watchword")},
}


def prepare(settings: Settings) -> None:
    """Try the database and the keys once, so that a fault is said plainly before anything serves.

    Raises ConfigurationError, MigrationNeeded, SecretKeyMismatch, DatabaseUnavailable.
    """
    asyncio.run(_try_once(settings))


def serve(host: str, port: int, *, workers: int) -> None:
    """Serve until stopped, with every refusal and its cause on stderr."""
    options = {**_options(host, port), "log_config": _LOGGING, "workers": workers}
    try:
        uvicorn.run("watchword.demo:create_app", factory=True, **options)
    except SystemExit as end:
        sys.exit(1 if end.code else 0)


def end_on_signals() -> None:
    """From here on SIGTERM and Ctrl-C end the process with exit code 0, wherever it is.

    While uvicorn serves it takes both over, stops what it serves, and then raises them again.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)


def run_walkthrough(settings: Settings, host: str, port: int, *, tell: Tell) -> bool:
    """Serve the demo for the length of one walkthrough, on data of its own where none is set."""
    with tempfile.TemporaryDirectory(prefix="watchword-demo-") as folder:
        if "database_url" not in settings.model_fields_set:
            own = f"sqlite+aiosqlite:///{Path(folder) / 'demo.db'}"
            settings = settings.model_copy(update={"database_url": own})
        prepare(settings)
        with _served(settings, host, port):
            return walk_through(settings.base_url, f"{browsable(host)}:{port}", tell)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


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
    config = uvicorn.Config(create_app(settings), log_config=_QUIET, **_options(host, port))
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


def _options(host: str, port: int) -> dict[str, Any]:
    """No access log, which would hold codes, and no belief in forwarded addresses."""
    return {
        "host": host,
        "port": port,
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "lifespan": "on",
        "timeout_graceful_shutdown": 3,
        "timeout_worker_healthcheck": 30,
    }
