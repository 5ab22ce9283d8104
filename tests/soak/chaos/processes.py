"""The processes of a chaos run: replicas and their provider, and what can be done to them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.through_outage.processes import Provider
from tests.servers.demo import environment, wait_until_ready
from tests.servers.key_value import MOUNT, TOKEN, KeyValueServer
from tests.servers.ports import loopback_port

ROOT: Final = Path(__file__).parents[3]
BASE_URL: Final = "http://127.0.0.1:8000"
SECRET_KEY: Final = base64.b64encode(bytes(range(32))).decode()
ACCESS_SECONDS: Final = 600
"""Longer than clocks are put back by: docs/operations/database.md, Clocks."""
RECHECK_SECONDS: Final = 60
MANY: Final = "99999/minute"
STOP_SECONDS: Final = 10
START_SECONDS: Final = 30


def surroundings(
    database_url: str, cache_url: str, provider: Mapping[str, str], vault: KeyValueServer
) -> dict[str, str]:
    """The environment of replicas. The provider's secret is kept in ``vault``; limits are counted in the
    cache, and high enough for a hundred people at one address."""
    vault.keep("service", {"client_secret": provider["client_secret"]})
    known = {**provider, "client_secret": f"vault:{MOUNT}/service#client_secret"}
    limits = ("LOGIN", "CALLBACK", "REFRESH", "TOKEN", "INTROSPECT", "TERMS")
    given = {
        "BASE_URL": BASE_URL,
        "DATABASE_URL": database_url,
        "CACHE_URL": cache_url,
        "SECRET_KEY": SECRET_KEY,
        "PROVIDERS": json.dumps({"dev": known}),
        "PROVIDER_RECHECK_SECONDS": str(RECHECK_SECONDS),
        "ACCESS_TOKEN_SECONDS": str(ACCESS_SECONDS),
        "MAX_SESSIONS_PER_USER": "1000",
        **{f"RATE_LIMITS__{name}": MANY for name in limits},
    }
    way = {"VAULT_ADDR": vault.url, "VAULT_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"}
    return environment(**given) | way


class Replica:
    """One process; ``url`` stays the same through its lives. ``log`` is what all of them told."""

    def __init__(self, name: str, folder: Path, given: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._wrong = folder / f"{name}.json"
        self._environment = dict(given)
        self._port = loopback_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[str] | None = None

    def launch(self) -> None:
        """Returns before it is ready."""
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.soak.chaos.replica", str(self._port), str(self._wrong)],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )

    def wait_until_ready(self) -> None:
        assert self._process is not None
        wait_until_ready(self._port, self._process)

    async def ready(self) -> None:
        """Accepts connections again; whether all it needs is there does not matter."""
        give_up_at = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up_at:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return
        raise RuntimeError(f"replica {self.name} does not come back: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def go_wrong(self, **wrong: float | str) -> None:
        """What ``replica.Wrong`` holds; nothing: all is right."""
        made = self._wrong.with_suffix(".new")
        made.write_text(json.dumps(wrong))
        made.replace(self._wrong)

    def used(self) -> tuple[int, int]:
        """Resident megabytes and threads."""
        if self._process is None:
            return 0, 0
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        said = dict(line.split(":", 1) for line in lines if ":" in line)
        return int(said["VmRSS"].split()[0]) // 1024, int(said["Threads"])


@contextmanager
def running_provider(people: int) -> Iterator[tuple[Provider, dict[str, str]]]:
    """The provider and the settings that lead to it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.soak.chaos.provider", str(people)],
        cwd=ROOT,
        env=os.environ | {"WATCHWORD_ENVIRONMENT": "development"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            provider = Provider(process)
            yield provider, {name: str(value) for name, value in provider.settings.items()}
        finally:
            process.kill()


async def command(given: Mapping[str, str], *arguments: str) -> None:
    """``watchword`` with these arguments. Raises RuntimeError where it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "watchword",
        *arguments,
        cwd=ROOT,
        env=dict(given),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), START_SECONDS)
    if process.returncode:
        raise RuntimeError(f"watchword {' '.join(arguments)}: {out.decode()}")
