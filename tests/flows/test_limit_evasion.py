"""Ways around a limit, over a real server: spellings of the path, methods, mounts, and headers."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.flows.conftest import BASE_URL, Service, StartService
from watchword.serving.server import options

Headers = Sequence[tuple[str, str]]
SAME_PLACE = [
    "/auth/token?x=1",
    "/auth/%74oken",
    "/%61uth/token",
    "/auth%2ftoken",
    "/auth%2Ftoken",
]
NO_OTHER_PLACE = [
    "http://127.0.0.1/auth/token",
    "https://evil.example/auth/token",
    "//auth/token",
    "/auth//token",
    "/auth/token/",
    "/auth/token//",
    "/auth/./token",
    "/auth/x/../token",
    "/x/../auth/token",
    "/auth/%2e/token",
    "/AUTH/token",
    "/auth/Token",
    "/auth/token;x",
    "/auth/token%00",
    "/auth/token%20",
    "/auth/token%0d%0a",
    "/auth/token%3fx",
    "/auth/token.",
    "/auth%252ftoken",
    "/auth/token%e2%80%a8",
    "\\auth\\token",
    "auth/token",
    "*",
]
STILL_ONE: list[Headers] = [
    [("X-HTTP-Method-Override", "PUT")],
    [("X-Original-URL", "/elsewhere"), ("X-Rewrite-URL", "/elsewhere")],
    [("X-Forwarded-Prefix", "/elsewhere"), ("X-Script-Name", "/elsewhere")],
    [("X-Forwarded-Host", "elsewhere.example")],
    [("X-Request-Id", "another")],
]
HANDSHAKE = [
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
]
PREFIXES = [
    [],
    ["198.51.100.1"],
    ["198.51.100.1, 198.51.100.2"],
    ["198.51.100.1", "198.51.100.2"],
    [", ".join(["198.51.100.3"] * 1000)],
    ["[2001:db8::1]:443, 198.51.100.4:80"],
    ["unknown, _hidden"],
    ["", " , ,, "],
    ["203.0.113.8"],
]


@contextmanager
def served(service: Service) -> Iterator[int]:
    """The port of the service behind uvicorn as ``watchword serve`` runs it."""
    config = uvicorn.Config(service.app, log_config=None, **{**options("127.0.0.1", 0), "lifespan": "off"})
    server = uvicorn.Server(config)
    portal = service.client.portal
    assert portal is not None
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        running = portal.start_task_soon(server.serve, [listener])
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            running.result(30)


def ask(port: int, method: str, target: str, headers: Headers = ()) -> tuple[int, str]:
    """Status and body; the request line and headers are sent as they are."""
    lines = [f"{method} {target} HTTP/1.1", "Host: app.example.test", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return response.status, response.read().decode()


def test_ses_80_no_spelling_of_a_path_goes_around_a_limit(start_service: StartService) -> None:
    """What leads to the endpoint is counted with it; what is not counted leads nowhere."""
    service = start_service(rate_limits={"token": f"{len(SAME_PLACE)}/minute"})
    with served(service) as port:
        counted = {target: ask(port, "POST", target) for target in SAME_PLACE}
        assert {status for status, _ in counted.values()} == {400}, counted
        assert ask(port, "POST", "/auth/token")[0] == 429
        for target in SAME_PLACE:
            assert ask(port, "POST", target)[0] == 429, target
        for target in NO_OTHER_PLACE:
            status, body = ask(port, "POST", target)
            assert status in (307, 400, 404, 429), (target, status)
            assert "invalid_request" not in body, target


def test_ses_80_no_method_and_no_header_goes_around_a_limit(start_service: StartService) -> None:
    """HEAD is counted as the GET it is; what says that it is another request is not believed."""
    service = start_service(rate_limits={"login": "4/minute"})
    with served(service) as port:
        assert [ask(port, "HEAD", "/auth/login")[0] for _ in range(4)] == [200] * 4
        assert ask(port, "GET", "/auth/login")[0] == 429
        for method in ("OPTIONS", "POST", "PUT", "TRACE", "get", "PROPFIND"):
            assert ask(port, method, "/auth/login")[0] == 405, method
        for headers in STILL_ONE:
            assert ask(port, "GET", "/auth/login", headers)[0] == 429, headers
        assert ask(port, "GET", "/auth/login", HANDSHAKE)[0] not in (101, 200)


def test_ses_81_a_server_of_ours_believes_no_header(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the peer is loopback and the environment tells uvicorn to believe everybody."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    service = start_service(rate_limits={"login": "3/minute"})
    with served(service) as port:
        spoofed = [
            [("X-Forwarded-For", f"198.51.100.{n}"), ("X-Real-IP", f"198.51.100.{n}")] for n in range(4)
        ]
        assert [ask(port, "GET", "/auth/login", each)[0] for each in spoofed] == [200] * 3 + [429]


@pytest.mark.parametrize("hops", [1, 2])
def test_ses_81_behind_proxies_only_what_they_wrote_is_read(start_service: StartService, hops: int) -> None:
    """Whatever comes before, on one line or many, from one client it is one caller."""
    service = start_service(rate_limits={"login": f"{len(PREFIXES)}/minute"}, trusted_proxy_hops=hops)
    by_proxies = ", ".join(["203.0.113.9", "10.0.0.1"][:hops])
    with served(service) as port:
        for prefix in PREFIXES:
            headers = [*(("X-Forwarded-For", each) for each in prefix), ("X-Forwarded-For", by_proxies)]
            assert ask(port, "GET", "/auth/login", headers)[0] == 200, prefix
        assert ask(port, "GET", "/auth/login", [("X-Forwarded-For", by_proxies)])[0] == 429
        other = by_proxies.replace("203.0.113.9", "203.0.113.8")
        assert ask(port, "GET", "/auth/login", [("X-Forwarded-For", other)])[0] == 200


def test_ses_80_a_mounted_service_has_one_limit(start_service: StartService) -> None:
    """At whatever paths a host puts it, also at two, and whatever a proxy cut off before it."""
    service = start_service(rate_limits={"login": "3/minute"})
    outer = Starlette(routes=[Mount("/one", app=service.app), Mount("/", app=service.app)])

    async def statuses() -> list[int]:
        found = []
        for root_path, path in (("", "/auth/login"), ("", "/one/auth/login"), ("/cut", "/auth/login")) * 2:
            transport = httpx2.ASGITransport(app=outer, root_path=root_path)
            async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
                found.append((await client.get(path)).status_code)
        return found

    assert service.call(statuses) == [200] * 3 + [429] * 3
