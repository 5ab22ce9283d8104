"""``watchword demo`` as processes: replicas, takeover, workers, signals, and what it refuses."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.demo import Ended, environment, run, running_demo, wait_until_ready
from tests.servers.ports import loopback_port
from watchword.demo.http_client import Client, StepFailed
from watchword.demo.sign_in_by_form import sign_in

OTHER_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ANSI = re.compile(r"\x1b\[")


def client_of(base_url: str, port: int) -> Client:
    return Client(base_url, f"127.0.0.1:{port}")


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def eventually(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Ask again and again, at most this long."""
    give_up_at = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.1)
    return True


def is_plain(ended: Ended) -> bool:
    """No colours, no traceback, no chatter of a library: at most lines of our own log."""
    ours = all(json.loads(line)["logger"] == "watchword" for line in ended.err.splitlines())
    return ours and not ANSI.search(ended.out + ended.err)


def test_two_processes_are_replicas(tmp_path: Path) -> None:
    """Sign in at one, use and refresh at the other; the sign-out there reaches the first; orders are
    shared. A third with another ``SECRET_KEY``, or on a taken port, says so and stops with exit 1."""
    base_url = f"http://127.0.0.1:{loopback_port()}"
    with (
        running_demo(tmp_path, BASE_URL=base_url) as first,
        running_demo(tmp_path, BASE_URL=base_url) as second,
    ):
        here, there = client_of(base_url, first.port), client_of(base_url, second.port)
        assert sign_in(here, person="Bob").status == 303
        access, refresh = here.session_cookies()
        order = {"item": "Paper", "quantity": 7}
        kept = there.request("POST", "/v2/orders", json=order, headers=bearer(access))
        assert kept.status == 201
        assert kept.member("id") in here.request("GET", "/v1/orders").text
        rotated = there.request("POST", "/auth/refresh", json={"refresh_token": refresh})
        again = here.request("POST", "/auth/refresh", json={"refresh_token": refresh})
        assert rotated.member("refresh_token") == again.member("refresh_token")
        assert there.request("POST", "/auth/logout", headers=bearer(access)).status == 204
        refused = eventually(
            lambda: here.request("GET", "/v2/orders", headers=bearer(access)).status == 401, seconds=5
        )
        assert refused, "a sign-out did not reach the other replica"
        port = str(loopback_port())
        says_so_and_stops(run(tmp_path, "demo", "--port", port, SECRET_KEY=OTHER_KEY), "SECRET_KEY")
        says_so_and_stops(run(tmp_path, "demo", "--port", str(second.port)), f"port {second.port}", "--port")
        assert here.request("GET", "/readyz").status == 200
        metrics = here.request("GET", "/metrics").text
        assert (
            'watchword_provider_calls_total{endpoint="token",outcome="answered",provider="dev"} 1.0'
            in metrics
        )


def says_so_and_stops(ended: subprocess.CompletedProcess[str], *told: str) -> None:
    assert ended.returncode == 1, ended.stderr
    assert all(each in ended.stderr for each in told), ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_it_stops_cleanly_and_another_takes_the_provider_over(tmp_path: Path) -> None:
    """SIGTERM and Ctrl-C end it with exit 0, a kept connection no hindrance; it wrote its address and
    the code and cause of every refusal, never a token; sign-in goes on at the process that is left."""
    base_url = f"http://127.0.0.1:{loopback_port()}"
    with (
        running_demo(tmp_path, BASE_URL=base_url) as first,
        running_demo(tmp_path, BASE_URL=base_url) as second,
    ):
        kept = http.client.HTTPConnection("127.0.0.1", first.port, timeout=10)
        kept.request("GET", "/v1/orders")
        assert kept.getresponse().read()
        client = client_of(base_url, first.port)
        client.request("GET", "/v2/orders", headers=bearer("canary-canary"))
        client.request("GET", "/auth/callback/dev?code=canary-code&state=canary-state")
        ended = first.stop(signal.SIGTERM)
        kept.close()
        assert ended.code == 0
        assert is_plain(ended)
        assert ended.out.splitlines()[0] == f"watchword demo at {base_url}"
        assert "invalid_token" in ended.err
        assert "attempt_missing" in ended.err
        assert "canary" not in ended.out + ended.err

        def signed_in() -> bool:
            try:
                return sign_in(client_of(base_url, second.port), person="Carol").status == 303
            except StepFailed:
                return False

        assert eventually(signed_in, seconds=20), "nobody took the provider over"
        ended = second.stop(signal.SIGINT)
        assert ended.code == 0
        assert is_plain(ended)


def test_several_workers(tmp_path: Path) -> None:
    """``--workers 2`` is two replicas on one port; Ctrl-C, which a terminal sends to all of them,
    ends them all with exit 0; ``--json`` prints one line that tells the address."""
    with running_demo(tmp_path, "--workers", "2", "--json") as demo:
        client = client_of(demo.url, demo.port)
        assert sign_in(client, person="Alice").status == 303
        access, _ = client.session_cookies()
        assert all(
            client.request("GET", "/v2/orders", headers=bearer(access)).status == 200 for _ in range(10)
        )
        os.killpg(demo.process.pid, signal.SIGINT)
        ended = demo.ended()
        assert ended.code == 0
        assert is_plain(ended)
        assert ended.out == f'{{"url": "{demo.url}", "sign_in": "{demo.url}/auth/login"}}\n'


def test_any_asgi_server_can_run_it(tmp_path: Path) -> None:
    """``uvicorn --factory watchword.demo:create_app`` serves the very same."""
    port = loopback_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--factory", "watchword.demo:create_app", "--port", str(port)],
        cwd=tmp_path,
        env=environment(BASE_URL=f"http://127.0.0.1:{port}"),
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        wait_until_ready(port, process)
        client = client_of(f"http://127.0.0.1:{port}", port)
        assert sign_in(client, person="Alice").status == 303
    finally:
        process.terminate()
        process.wait(30)


def test_production_is_refused_with_every_cause(tmp_path: Path) -> None:
    """The demo itself is one of them, also where all else would be fine."""
    refused = "the demo is refused in production"
    says_so_and_stops(
        run(tmp_path, "demo", ENVIRONMENT="production"), refused, "WATCHWORD_BASE_URL", "WATCHWORD_SECRET_KEY"
    )
    good = {"ENVIRONMENT": "production", "BASE_URL": "https://demo.example", "SECRET_KEY": OTHER_KEY}
    says_so_and_stops(run(tmp_path, "demo", **good), refused)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "settings", "told"),
    [
        (["--host", "192.0.2.1"], {}, "192.0.2.1"),
        ([], {"ENVIRONMENT": "staging", "SECRET_KEY": OTHER_KEY}, "in development only"),
        ([], {"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "database"),
    ],
)
def test_what_cannot_work_is_said_with_exit_1(
    tmp_path: Path, arguments: list[str], settings: dict[str, str], told: str
) -> None:
    """A host that is not here, staging without a provider, no database."""
    ended = run(tmp_path, "demo", "--port", str(loopback_port()), *arguments, **settings)
    says_so_and_stops(ended, told)


@pytest.mark.postgres
def test_an_unmigrated_postgresql_is_exit_3_with_the_command(tmp_path: Path, empty_postgres_url: str) -> None:
    """Nothing but SQLite is migrated silently."""
    port = str(loopback_port())
    ended = run(tmp_path, "demo", "--port", port, DATABASE_URL=empty_postgres_url, SECRET_KEY=OTHER_KEY)
    assert ended.returncode == 3
    assert "watchword db upgrade" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_base_urls_own_port_is_listened_on(tmp_path: Path) -> None:
    """A base URL on loopback says where, also when it comes from the file."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "watchword.toml").write_text(f'base_url = "http://127.0.0.1:{port}"\n')
        says_so_and_stops(run(tmp_path, "demo"), f"port {port} (Address already in use)")
