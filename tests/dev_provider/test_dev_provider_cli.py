"""``watchword dev-provider`` as a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.servers.forked import run_forked

COMMAND = [
    sys.executable,
    "-c",
    "import typer; from watchword.cli.dev_provider import dev_provider; typer.run(dev_provider)",
]


def environment(name: str = "development") -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WATCHWORD_")}
    return {**kept, "WATCHWORD_ENVIRONMENT": name, "NO_COLOR": "1"}


def run(*arguments: str, name: str = "development") -> subprocess.CompletedProcess[str]:
    return run_forked(["dev-provider", *arguments], Path.cwd(), environment(name), timeout=20)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_prints_settings_and_stops_with_exit_0(number: signal.Signals) -> None:
    """The printed settings are the provider's, and Ctrl-C or SIGTERM ends it cleanly."""
    with running("--port", "0", "--json") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        settings = told["environment"]
        assert settings["WATCHWORD_PROVIDERS__DEV__ISSUER"] == told["issuer"]
        assert settings["WATCHWORD_PROVIDERS__DEV__CLIENT_ID"] == "watchword-dev"
        assert settings["WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET"]
        assert told["people"] == ["alice", "bob", "carol"]
        with httpx2.Client(trust_env=False, timeout=5.0) as http:
            metadata = http.get(f"{told['issuer']}/.well-known/openid-configuration").json()
        assert metadata["issuer"] == told["issuer"]
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")


def test_the_lines_for_people_can_be_copied() -> None:
    """Without --json the settings come as NAME=value lines."""
    with running("--port", "0", "--host", "localhost") as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not (lines and lines[-1].startswith("Ctrl-C")):
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate(timeout=5)
        names = [line.partition("=")[0] for line in lines if line.startswith("WATCHWORD_")]
        prefix = "WATCHWORD_PROVIDERS__DEV__"
        assert names == [f"{prefix}ISSUER", f"{prefix}CLIENT_ID", f"{prefix}CLIENT_SECRET"]


@pytest.mark.parametrize("host", ["192.168.0.1", "example.test", "::", ""])
def test_a_host_that_is_not_loopback_is_a_usage_error(host: str) -> None:
    """Exit 2 and a sentence."""
    result = run("--host", host)
    assert result.returncode == 2
    assert "loopback" in result.stderr


def test_production_is_refused_with_exit_1() -> None:
    """Exit 1, the reason, and no traceback."""
    result = run("--port", "0", name="production")
    assert result.returncode == 1
    assert "does not run in production" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_busy_port_is_told_with_exit_1() -> None:
    """Exit 1, naming the port, and no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("--port", str(port))
    assert result.returncode == 1
    assert str(port) in result.stderr
    assert "Traceback" not in result.stderr
