"""How uvicorn serves here: no access log, no belief in forwarded addresses, a clean end."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any, NoReturn

import uvicorn
from uvicorn.supervisors import Multiprocess


def serve(factory: str, host: str, port: int, *, workers: int, log: Mapping[str, Any]) -> None:
    """Serve the app that ``factory`` (``module:function``) makes, in ``workers`` processes, until
    stopped; ``log`` is a ``logging_config``. A failed start ends the process with exit code 1."""
    os.environ["WEB_CONCURRENCY"] = str(workers)
    os.environ.pop("FORWARDED_ALLOW_IPS", None)  # nobody is believed here, so nothing is warned of
    try:
        if workers == 1:
            uvicorn.run(factory, factory=True, log_config=dict(log), **options(host, port))
        else:
            _serve_together(factory, host, port, workers, log)
    except SystemExit as end:
        sys.exit(1 if end.code else 0)


def _serve_together(factory: str, host: str, port: int, workers: int, log: Mapping[str, Any]) -> None:
    """The connections of one listener take over its options. Without ``TCP_NODELAY``, which asyncio sets
    where it listens itself only, the second half of an answer waits 40 ms for an acknowledgement."""
    config = uvicorn.Config(
        factory, factory=True, workers=workers, log_config=dict(log), **options(host, port)
    )
    listener = config.bind_socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    Multiprocess(config, sockets=[listener]).run()


def options(host: str, port: int) -> dict[str, Any]:
    """For uvicorn. Its access log would hold codes, and it would believe forwarded addresses."""
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


def end_on_signals() -> None:
    """From here on SIGTERM and Ctrl-C end the process with exit code 0, wherever it is.

    While uvicorn serves it takes both over, stops what it serves, and then raises them again.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
