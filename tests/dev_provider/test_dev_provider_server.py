"""The development provider on a real socket."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx2
import pytest

from watchword.dev_provider import DevClient, DevProviderServer
from watchword.errors import ConfigurationError

if TYPE_CHECKING:
    from tests.dev_provider.conftest import RelyingParty

NATIVE = DevClient("native", None, any_loopback=True, auth_method="none")


@pytest.fixture
def server() -> Iterator[DevProviderServer]:
    with DevProviderServer(clients=[NATIVE]) as running:
        yield running


@pytest.fixture
def live(server: DevProviderServer, rp: RelyingParty) -> Iterator[RelyingParty]:
    with httpx2.Client(trust_env=False, timeout=5.0) as http:
        yield type(rp)(
            http,
            client_id="native",
            authorization=None,
            issuer=server.issuer,
            callback="http://127.0.0.1:5000/cb",
        )


def threads(issuer: str) -> int:
    """How many threads serve this provider; the process may run others for other tests."""
    name = f"watchword-dev-provider-{issuer.rpartition(':')[2]}"
    return sum(thread.name == name for thread in threading.enumerate())


def test_the_whole_job_over_a_socket(live: RelyingParty) -> None:
    """Page, code, tokens, userinfo, refresh and logout through a real connection."""
    code = live.sign_in("bob", redirect_uri=live.callback)
    tokens = live.redeem(code, client_id="native", redirect_uri=live.callback).json()
    assert live.verified(tokens["id_token"]).claims["iss"] == live.issuer
    assert live.userinfo(tokens["access_token"]).json()["sub"] == "dev-bob"
    assert live.refresh(tokens["refresh_token"], client_id="native").status_code == 200
    assert live.end_session(id_token_hint=tokens["id_token"]).status_code == 200


def test_parallel_redemptions_of_one_code_give_one_token(live: RelyingParty) -> None:
    """A code is single-use however parallel its use."""
    code = live.sign_in(redirect_uri=live.callback)

    def redeem(_: int) -> int:
        answer = live.redeem(code, client_id="native", redirect_uri=live.callback)
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(redeem, range(8)))
    assert sorted(statuses) == [200] + [400] * 7


def test_stop_leaves_nothing_behind_and_start_goes_on(server: DevProviderServer, live: RelyingParty) -> None:
    """Thread and socket end, also with an idle connection open; the provider survives an outage."""
    provider, issuer = server.provider, server.issuer
    code = live.sign_in(redirect_uri=live.callback)
    server.stop()
    server.stop()
    assert threads(issuer) == 0
    with pytest.raises(httpx2.ConnectError):
        live.http.get(f"{issuer}/jwks")
    assert server.start() is server.start()
    assert threads(issuer) == 1
    assert (server.provider, server.issuer) == (provider, issuer)
    assert live.redeem(code, client_id="native", redirect_uri=live.callback).status_code == 200


def test_a_dropped_connection_has_no_answer(server: DevProviderServer, live: RelyingParty) -> None:
    """NET-15: before the work the code survives, after it the code is used."""
    for after_work, status in ((False, 200), (True, 400)):
        code = live.sign_in(redirect_uri=live.callback)
        server.provider.drop("token", after_work=after_work)
        with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
            live.redeem(code, client_id="native", redirect_uri=live.callback)
        server.provider.heal()
        again = live.redeem(code, client_id="native", redirect_uri=live.callback)
        assert again.status_code == status


def test_a_client_that_gives_up_ends_the_delay(server: DevProviderServer, live: RelyingParty) -> None:
    """NET-2: a long delay does not keep the server from stopping."""
    server.provider.delay("jwks", 3600)
    with pytest.raises(httpx2.ReadTimeout):
        live.http.get(f"{live.issuer}/jwks", timeout=0.2)
    with socket.create_connection(("127.0.0.1", int(live.issuer.rpartition(":")[2])), timeout=5) as waiting:
        waiting.sendall(b"GET /jwks HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        server.stop()
        assert threads(live.issuer) == 0


def test_a_client_that_leaves_mid_body_is_no_error(
    server: DevProviderServer, caplog: pytest.LogCaptureFixture
) -> None:
    """NET-15: half a form and a closed connection leave nothing in the log."""
    port = int(server.issuer.rpartition(":")[2])
    head = b"POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\nabc"
    for leave_first in (True, False):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as leaving:
            leaving.sendall(head + form)
            if not leave_first:
                server.stop()
    assert not [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def test_forwarded_addresses_are_not_believed(live: RelyingParty) -> None:
    """What a header says about the caller changes nothing."""
    headers = {"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9", "x-forwarded-host": "a.test"}
    assert live.http.get(f"{live.issuer}/jwks", headers=headers).status_code == 200


def test_a_taken_port_is_told(server: DevProviderServer) -> None:
    """The error names host and port, and nothing is left open."""
    port = int(server.issuer.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=f"127.0.0.1 port {port}"):
        DevProviderServer(port=port).start()


@pytest.mark.parametrize(
    ("host", "port"),
    [("192.0.2.1", 0), ("::", 0), ("", 0), ("example.test", 0), ("127.0.0.1", -1), ("127.0.0.1", 70000)],
)
def test_other_addresses_are_refused(host: str, port: int) -> None:
    """It listens on loopback only."""
    with pytest.raises(ConfigurationError):
        DevProviderServer(host=host, port=port).start()


def test_faults_of_the_registration_leave_no_socket() -> None:
    """A provider that cannot be built closes the port it had taken."""
    with pytest.raises(ConfigurationError):
        DevProviderServer(clients=[NATIVE, NATIVE]).start()


def test_there_is_no_address_before_the_start() -> None:
    """The port decides the issuer."""
    with pytest.raises(RuntimeError):
        _ = DevProviderServer().issuer


@pytest.mark.parametrize("host", ["localhost", "::1"])
def test_other_loopback_names(host: str) -> None:
    """The issuer is what was asked for."""
    try:
        with DevProviderServer(host=host) as server, httpx2.Client(trust_env=False, timeout=5.0) as http:
            metadata = http.get(f"{server.issuer}/.well-known/openid-configuration").json()
            assert metadata["issuer"] == server.issuer
            assert host in server.issuer
    except ConfigurationError as fault:
        if host != "::1":
            raise
        pytest.skip(f"no IPv6 loopback here: {fault}")


async def test_it_runs_beside_an_event_loop() -> None:
    """The server has a loop of its own, so an async test may use it."""
    with DevProviderServer() as server:
        async with httpx2.AsyncClient(trust_env=False, timeout=5.0) as http:
            assert (await http.get(f"{server.issuer}/jwks")).status_code == 200
