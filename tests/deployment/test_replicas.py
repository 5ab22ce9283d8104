"""The nginx of ``deploy/nginx.conf`` in front of two replicas on PostgreSQL and Valkey."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from tests.deployment.files import DEPLOY, compose, site
from tests.servers.forward_auth import served
from tests.servers.nginx import running_nginx
from tests.servers.ports import loopback_port
from tests.servers.valkey import ValkeyTestServer
from watchword import Settings
from watchword.demo.http_client import Answer, Client
from watchword.demo.sign_in_by_form import sign_in
from watchword.serving.service import create_service
from watchword.testing.provider import development_provider, provider_settings

pytest_plugins = ["tests.servers.postgres", "tests.servers.valkey"]

CLAIMED = {"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9", "x-real-ip": "203.0.113.9"}


class Person(Client):
    """Claims an address with every request."""

    def request(self, method: str, target: str, **given: Any) -> Answer:
        given["headers"] = CLAIMED | (given.get("headers") or {})
        return super().request(method, target, **given)

    def refresh(self) -> int:
        same_origin = {"sec-fetch-site": "same-origin"}
        return self.request("POST", "/auth/refresh", headers=same_origin, with_cookies=True).status


@dataclass
class Deployment:
    """``stops`` stop one replica each."""

    url: str
    replicas: list[int]
    stops: list[ExitStack]

    def person(self, at: int | None = None) -> Person:
        """Through nginx, or straight at a replica."""
        port = self.url.rpartition(":")[2] if at is None else at
        return Person(self.url, f"127.0.0.1:{port}")


@pytest.fixture
def deployment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str, valkey_server: ValkeyTestServer
) -> Iterator[Deployment]:
    monkeypatch.chdir(tmp_path)
    port, replicas = loopback_port(), [loopback_port(), loopback_port()]
    with development_provider() as provider, ExitStack() as everything:
        settings = Settings(
            base_url=f"http://127.0.0.1:{port}",
            secret_key="OXkDnbxMrn5P0Bp2cGg5m1V9mqDVEMcd4bDWxCiyGSM=",
            database_url=postgres_url,
            cache_url=valkey_server.url,
            trusted_proxy_hops=1,
            rate_limits={"login": "30/minute"},
            providers={"main": provider_settings(provider)},
        )
        stops = []
        for each in replicas:
            stop = everything.enter_context(ExitStack())
            portal = stop.enter_context(start_blocking_portal())
            stop.enter_context(served(create_service(settings), each, portal))
            stops.append(stop)
        folder = tmp_path / "nginx"
        folder.mkdir()
        everything.enter_context(running_nginx(folder, site(port, replicas), port))
        yield Deployment(settings.base_url, replicas, stops)


@pytest.mark.postgres
def test_ses_52_one_session_at_two_replicas_and_one_of_them_stops(
    deployment: Deployment, valkey_server: ValkeyTestServer, tmp_path: Path
) -> None:
    """A sign-in that begins at one replica and ends at the other; a session known to both; what is not for
    outside is not there; then a replica stops, and nobody notices; sign-out at the other. Nothing is
    written to the disk."""
    person, other = deployment.person(), deployment.person()
    assert [sign_in(each, person=name).status for each, name in ((person, "Alice"), (other, "Bob"))] == [
        303
    ] * 2
    assert int(valkey_server.run("DBSIZE")) > 0
    for target, status in (("/metrics", 404), ("/readyz", 404), ("/auth/verify", 404), ("/healthz", 200)):
        assert person.request("GET", target).status == status
    assert person.request("POST", "/auth/refresh", form={"refresh_token": "x" * 100_000}).status == 413
    assert [person.refresh() for _ in range(4)] == [200] * 4
    listed = person.request(
        "GET", "/auth/sessions", with_cookies=True, headers={"accept": "application/json"}
    )
    assert [each["ip"] for each in json.loads(listed.text)["sessions"]] == ["127.0.0.0"]
    for port in deployment.replicas:
        assert subprocess.run(health_check(port), timeout=30, check=False).returncode == 0
        access = person.session_cookies()[0]
        straight = deployment.person(at=port)
        bearer = {"authorization": f"Bearer {access}"}
        assert straight.request("GET", "/auth/me", headers=bearer).status == 200
        assert straight.request("GET", "/metrics").status == 200
    deployment.stops[0].close()
    assert [each.refresh() for each in (person, other) * 4] == [200] * 8
    out = person.request("POST", "/auth/logout", with_cookies=True, headers={"sec-fetch-site": "same-origin"})
    assert (out.status, person.refresh(), other.refresh()) == (204, 401, 200)
    assert [each.name for each in tmp_path.iterdir()] == ["nginx"]


def health_check(port: int) -> list[str]:
    """Of a replica in ``compose.yaml``, asked at another port."""
    asked: list[str] = compose()["services"]["watchword-1"]["healthcheck"]["test"]
    return [sys.executable, "-c", asked[3].replace("8000", str(port))]


@contextmanager
def hung_up(ports: list[int]) -> Iterator[list[str]]:
    """Replicas that read a request and die; the methods they have read."""
    seen: list[str] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                seen.append(connection.recv(65536).decode().partition(" ")[0])

    with ExitStack() as stack:
        threads = []
        for port in ports:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", port)))
            threads.append(threading.Thread(target=serve, args=(listener,)))
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
        for thread in threads:
            thread.start()
        yield seen
    for thread in threads:
        thread.join()


def test_what_a_replica_may_have_begun_is_not_sent_again(tmp_path: Path) -> None:
    """A POST whose replica dies goes to no other replica by itself; a GET does."""
    port, replicas = loopback_port(), [loopback_port(), loopback_port()]
    with hung_up(replicas) as seen, running_nginx(tmp_path, site(port, replicas), port):
        person = Person(f"http://127.0.0.1:{port}", f"127.0.0.1:{port}")
        assert person.request("POST", "/auth/refresh", form={"refresh_token": "x"}).status == 502
        assert seen == ["POST"]
        assert person.request("GET", "/auth/login").status == 502
        assert seen == ["POST", "GET", "GET"]


def test_the_development_provider_is_reached_by_its_own_name(tmp_path: Path) -> None:
    """What a replica asks of its own loopback arrives at the provider, which answers this machine only, with
    the name and port that browsers know; what browsers ask arrives by the first relay alone."""
    name, between = loopback_port(), loopback_port()
    with development_provider() as provider:
        there = provider.issuer.removeprefix("http://")
        relays = (DEPLOY / "dev-relay-provider.conf").read_text() + (
            DEPLOY / "dev-relay-replica.conf"
        ).read_text()
        for address, other in (
            ("listen 9401;", f"listen 127.0.0.1:{between};"),
            ("listen 127.0.0.1:9400;", f"listen 127.0.0.1:{name};"),
            ("http://127.0.0.1:9400;", f"http://{there};"),
            ("http://172.30.8.20:9401;", f"http://127.0.0.1:{between};"),
        ):
            assert relays.count(address) == 1, address
            relays = relays.replace(address, other)
        relays = relays.replace("Host 127.0.0.1:9400;", f"Host {there};")
        with running_nginx(tmp_path, relays, name):
            for port in (name, between):
                asked = Client("http://container.example", f"127.0.0.1:{port}")
                found = asked.request("GET", "/.well-known/openid-configuration")
                assert found.member("issuer") == provider.issuer
