"""The development provider in trouble, on a real socket: each fault looks like the real one."""

from __future__ import annotations

import errno
import logging
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from watchword.dev_provider import DevProviderServer
from watchword.errors import ConfigurationError


@pytest.fixture
def server() -> Iterator[DevProviderServer]:
    with DevProviderServer() as running:
        yield running


@pytest.fixture
def http(server: DevProviderServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.issuer, trust_env=False, timeout=5.0) as client:
        yield client


def address(server: DevProviderServer) -> tuple[str, int]:
    return "127.0.0.1", int(server.issuer.rpartition(":")[2])


def connect(server: DevProviderServer, *, seconds: float = 5.0) -> int:
    """Try to open a connection; the number of the error, 0 for none."""
    with socket.socket() as trying:
        trying.settimeout(seconds)
        return trying.connect_ex(address(server))


def test_refusing_keeps_the_port(server: DevProviderServer, http: httpx2.Client) -> None:
    """Nobody else is given it meanwhile, and the provider comes back with what it knew."""
    keys = http.get("/jwks").json()
    server.refuse()
    server.refuse()
    assert connect(server) == errno.ECONNREFUSED
    server.start()
    assert http.get("/jwks").json() == keys


def test_a_stopped_provider_lets_go_of_its_port() -> None:
    """Whatever state it was in; one that refuses does not."""
    with DevProviderServer() as server:
        for hold in (server.refuse, server.swallow):
            hold()
            assert not is_free(address(server))
            server.stop()
            assert is_free(address(server))


def is_free(where: tuple[str, int]) -> bool:
    with socket.socket() as another:
        try:
            another.bind(where)
        except OSError:
            return False
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="other systems complete the handshake")
def test_a_black_hole_does_not_even_refuse(server: DevProviderServer, http: httpx2.Client) -> None:
    """A SYN gets no answer at all, until the provider is back at the same address."""
    keys = http.get("/jwks").json()
    server.swallow()
    for _ in range(3):
        assert connect(server, seconds=0.05) == errno.EAGAIN
    server.start()
    assert http.get("/jwks").json() == keys
    server.swallow()
    server.stop()
    assert connect(server) == errno.ECONNREFUSED


def test_an_outage_goes_from_one_kind_to_the_other(server: DevProviderServer, http: httpx2.Client) -> None:
    """In any order, also before the first start; the port never changes."""
    before = server.issuer
    server.swallow()
    server.refuse()
    assert connect(server) == errno.ECONNREFUSED
    assert server.start().issuer == before
    assert http.get("/jwks").status_code == 200
    with DevProviderServer() as other:
        pass
    other.refuse()
    other.start()
    other.stop()


def test_hanging_takes_the_request(server: DevProviderServer, http: httpx2.Client) -> None:
    """It was received and counted; nothing comes back, and others are served meanwhile."""
    server.provider.faults.hang("jwks")
    with pytest.raises(httpx2.ReadTimeout):
        http.get("/jwks", timeout=0.1)
    assert http.get("/.well-known/openid-configuration").status_code == 200
    assert (server.provider.count("jwks"), server.provider.count("discovery")) == (1, 1)


def test_dripping_sends_the_headers_at_once(server: DevProviderServer, http: httpx2.Client) -> None:
    """The body follows byte by byte and is whole in the end; a failure drips, too."""
    whole = http.get("/jwks").content
    server.provider.faults.drip("jwks", pause_seconds=0.0)
    with http.stream("GET", "/jwks") as answer:
        assert answer.headers["content-length"] == str(len(whole))
        assert b"".join(answer.iter_raw(1)) == whole
    server.provider.faults.drip("jwks")
    with http.stream("GET", "/jwks", timeout=0.2) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx2.ReadTimeout):
            answer.read()
    server.provider.heal()
    server.provider.faults.drip("jwks", pause_seconds=0.0)
    server.provider.fail("jwks", status=500, body=b"broken")
    failed = http.get("/jwks")
    assert (failed.status_code, failed.content) == (500, b"broken")


@pytest.mark.parametrize("body", [None, b""])
def test_breaking_off_is_a_reset_in_the_body(
    server: DevProviderServer, body: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    """The headers promise more than comes, and then comes RST; the log of a test stays clean."""
    server.provider.faults.break_off("jwks")
    if body is not None:
        server.provider.fail("jwks", body=body)
    with socket.create_connection(address(server), timeout=5) as connection:
        connection.sendall(b"GET /jwks HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        received = bytearray()
        with pytest.raises(ConnectionResetError):
            receive_all(connection, received)
    head, _, begun = bytes(received).partition(b"\r\n\r\n")
    promised = int(next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))[16:])
    assert len(begun) < promised
    server.stop()
    assert not [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def receive_all(connection: socket.socket, into: bytearray) -> None:
    while chunk := connection.recv(65536):
        into += chunk


def test_a_fault_can_end_by_itself(server: DevProviderServer, http: httpx2.Client) -> None:
    """After exactly so many requests, however parallel they are."""
    server.provider.fail("jwks", times=3)
    with ThreadPoolExecutor(8) as executor:
        statuses = list(executor.map(lambda _: http.get("/jwks").status_code, range(16)))
    assert sorted(statuses) == [200] * 13 + [503] * 3
    assert server.provider.count("jwks") == 16


def test_a_drop_can_end_by_itself(server: DevProviderServer, http: httpx2.Client) -> None:
    """Any fault can."""
    server.provider.drop("jwks", times=1)
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        http.get("/jwks")
    assert http.get("/jwks").status_code == 200


def test_a_provider_may_have_another_address() -> None:
    """Where something in front of it speaks TLS; it must still be this machine."""
    with DevProviderServer(issuer="https://127.0.0.1:9443") as server:
        assert server.issuer == "https://127.0.0.1:9443"
    with pytest.raises(ConfigurationError):
        DevProviderServer(issuer="https://login.example.test").start()
