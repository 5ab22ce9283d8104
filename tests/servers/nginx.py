"""Debian's nginx on loopback, with a configuration of ours, in a folder of its own.

Where it is not installed the tests that ask are skipped with the reason; with ``CI=true`` they fail.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_START_SECONDS = 20
_STOP_SECONDS = 10
_MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 128; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@contextmanager
def running_nginx(folder: Path, site: str, port: int) -> Iterator[None]:
    """nginx with ``site`` in its ``http`` block, which listens on ``port``."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if binary is None:
        _missing("nginx is not installed")
        raise AssertionError("unreachable")
    main, log = folder / "nginx.conf", folder / "error.log"
    (folder / "site.conf").write_text(site)
    main.write_text(_MAIN.format(folder=folder))
    command = [binary, "-p", str(folder), "-c", str(main), "-e", str(log)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _wait_until_it_listens(port, process)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=_STOP_SECONDS)


def _wait_until_it_listens(port: int, process: subprocess.Popen[str]) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            raise AssertionError(f"nginx ended with {process.returncode}: {process.communicate()[1]}")
        assert time.monotonic() < give_up_at, "nginx does not listen"
        time.sleep(0.01)


def _missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
