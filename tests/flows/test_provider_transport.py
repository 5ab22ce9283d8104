"""The hostile network between us and a provider: every call ends, bounded and with a typed error."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from tests.flows.asking import CAP, ask
from tests.flows.raw_server import CHUNK, Exchange, RawServer, Script, answer, sends
from watchword.errors import (
    ProviderNameUnresolved,
    ProviderResponseInvalid,
    ProviderUnavailable,
    WatchwordError,
)
from watchword.transport.provider_http import HttpxProviderHttp


async def fault_of(http: HttpxProviderHttp, url: str, *, posting: bool = False) -> WatchwordError:
    with pytest.raises(WatchwordError) as caught:
        await ask(http, url, posting=posting)
    assert "secret" not in str(caught.value)
    assert "query" not in str(caught.value)
    return caught.value


def drip(exchange: Exchange) -> None:
    exchange.send(answer(length=40))
    exchange.send_slowly([b"x"] * 40)


def drip_head(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    exchange.send_slowly([b"a"] * 40 + [b"\r\nContent-Length: 0\r\n\r\n"])


def only_informational(exchange: Exchange) -> None:
    exchange.send_slowly([b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 40 + [answer(b"{}")])


@pytest.mark.parametrize("posting", [False, True], ids=["get", "post"])
@pytest.mark.parametrize("script", [drip, drip_head, only_informational], ids=lambda each: each.__name__)
async def test_net_1_a_slow_drip_meets_the_total_deadline(
    hasty_http: HttpxProviderHttp, script: Script, posting: bool
) -> None:
    """Bytes that keep coming never trip a read timeout: the deadline of the whole call does, long
    before the answer would be complete."""
    with RawServer(script) as server:
        error = await fault_of(hasty_http, f"{server.address}/x?query", posting=posting)
    assert isinstance(error, ProviderUnavailable)
    assert "no complete answer in 1.2 s" in error.detail
    assert len(server.requests) == 1


@pytest.mark.parametrize("greets", [False, True], ids=["after the request", "before it"])
async def test_net_2_an_open_connection_without_an_answer_ends(
    hasty_http: HttpxProviderHttp, greets: bool
) -> None:
    """Accepted, then silence: told as unavailable, with a time to come back, and in words for the log."""
    with RawServer(Exchange.wait, greets=greets) as server:
        error = await fault_of(hasty_http, f"{server.address}/x?query")
    assert isinstance(error, ProviderUnavailable)
    assert "the connection was made, and then no answer came in time" in error.detail
    assert error.retry_after_seconds


async def test_net_2_a_tls_handshake_without_an_answer_ends(hasty_http: HttpxProviderHttp) -> None:
    """TCP is there, TLS never is."""
    with RawServer(Exchange.wait, greets=True) as server:
        error = await fault_of(hasty_http, server.address.replace("http:", "https:"))
    assert isinstance(error, ProviderUnavailable)


async def test_plain_http_where_tls_is_expected_is_no_answer(hasty_http: HttpxProviderHttp) -> None:
    """There is no way around TLS: what is not TLS is a fault."""
    with RawServer(sends(answer(b"{}")), greets=True) as server:
        error = await fault_of(hasty_http, server.address.replace("http:", "https:"))
    assert isinstance(error, ProviderUnavailable)


def endless(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    exchange.send_for_ever(CHUNK)


def endless_chunks(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    exchange.send_for_ever(b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK))


def promised(exchange: Exchange) -> None:
    exchange.send(answer(length=10_000_000_000))
    exchange.send_for_ever(CHUNK)


@pytest.mark.parametrize("script", [endless, endless_chunks, promised], ids=lambda each: each.__name__)
async def test_net_3_a_body_without_end_stops_at_the_cap(script: Script) -> None:
    """Refused at the cap, in less than 5 MB of memory, the connection closed."""
    http = HttpxProviderHttp()
    with RawServer(script) as server:
        tracemalloc.start()
        error = await fault_of(http, f"{server.address}/x?query")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    await http.close()
    assert isinstance(error, ProviderResponseInvalid)
    assert f"more than {CAP} bytes" in error.detail
    assert peak < 5_000_000


async def test_net_3_more_than_the_content_length_is_not_read(http: HttpxProviderHttp) -> None:
    """``Content-Length: 10`` with 1 MB behind it: ten bytes count, and the rest is of no later answer."""
    with RawServer(sends(answer(CHUNK * 16, length=10))) as server:
        for _ in range(2):
            got = await http.get(f"{server.address}/x", max_bytes=CAP)
            assert got.body == CHUNK[:10]


async def test_the_cap_itself_is_allowed(http: HttpxProviderHttp) -> None:
    """One byte more is too many."""
    with RawServer(sends(answer(CHUNK))) as server:
        assert len((await http.get(server.address, max_bytes=CAP)).body) == CAP
        with pytest.raises(ProviderResponseInvalid):
            await http.get(server.address, max_bytes=CAP - 1)


BROKEN = {
    "truncated": answer(b"{}", length=50),
    "truncated chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{}",
    "chunk garbage": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "no head": b"\x16\x03\x01\x02\x00\x01\x00" * 50,
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "nothing": b"",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
    "status zero": b"HTTP/1.1 000 No\r\nContent-Length: 2\r\n\r\n{}",
    "name with a space": b"HTTP/1.1 200 OK\r\nbad name: x\r\nContent-Length: 2\r\n\r\n{}",
    "long header line": b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "50,000 headers": b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * 50_000 + b"\r\n",
}


@pytest.mark.parametrize("posting", [False, True], ids=["get", "post"])
@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
async def test_net_5_net_19_a_broken_answer_is_a_typed_error(
    http: HttpxProviderHttp, raw: bytes, posting: bool
) -> None:
    """Whatever comes, nothing but our own errors gets out, and no form is sent a second time."""
    with RawServer(sends(raw)) as server:
        error = await fault_of(http, f"{server.address}/x?query", posting=posting)
    assert isinstance(error, ProviderUnavailable | ProviderResponseInvalid)
    assert len(server.requests) == 1 if posting else len(server.requests) <= 2


def reset_once(whole: bytes) -> Script:
    """The first connection is reset in the middle of its answer, the second is good."""
    seen: list[Exchange] = []

    def play(exchange: Exchange) -> None:
        seen.append(exchange)
        exchange.send(whole if len(seen) > 1 else whole[: len(whole) // 2])

    return play


@pytest.mark.parametrize("whole", [answer(b"{}" * 200), answer(b"{}")], ids=["in the body", "in the head"])
async def test_net_15_a_get_that_broke_off_is_asked_once_more_and_a_form_never(
    http: HttpxProviderHttp, whole: bytes
) -> None:
    """At once, and once only: a token request may have used up its code."""
    with RawServer(reset_once(whole)) as server:
        assert (await http.get(server.address, max_bytes=CAP)).status == 200
        assert len(server.requests) == 2
    with RawServer(reset_once(whole)) as server:
        assert isinstance(await fault_of(http, server.address, posting=True), ProviderUnavailable)
        assert len(server.requests) == 1


async def test_net_15_a_connection_closed_between_requests_is_replaced(http: HttpxProviderHttp) -> None:
    """Kept alive by its word, gone all the same; also a form then goes over a new one, once."""
    kept = answer(b"{}").replace(b"Connection: close", b"Connection: keep-alive")
    with RawServer(sends(kept)) as server:
        for number, posting in enumerate((False, True, True), start=1):
            assert (await ask(http, server.address, posting=posting)).status == 200
            while server.ended < number:  # noqa: ASYNC110 - threads count
                await anyio.sleep(0.01)
        assert len(server.requests) == 3


async def test_net_19_cookies_of_a_provider_are_never_kept(http: HttpxProviderHttp) -> None:
    """A storm of Set-Cookie is read over; the next request carries none of them."""
    storm = {f"Set-Cookie: c{number}=1; Path=/;x": "" for number in range(2000)}
    with RawServer(sends(answer(b"{}", headers=storm))) as server:
        for _ in range(2):
            assert (await http.get(server.address, max_bytes=CAP)).status == 200
    assert all(b"cookie" not in request.lower() for request in server.requests)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity", "x"])
async def test_a_compressed_body_is_never_unpacked(http: HttpxProviderHttp, encoding: str) -> None:
    """Nobody asked for one: a bomb is refused by its label, before its first byte is read."""
    bomb = gzip.compress(b"\0" * 20_000_000)
    headers = {"Content-Encoding": encoding}
    with RawServer(sends(answer(bomb, headers=headers))) as server:
        error = await fault_of(http, f"{server.address}/x?query")
    assert isinstance(error, ProviderResponseInvalid)
    assert b"accept-encoding: identity" in server.requests[0].lower()


async def test_a_closed_port_is_unavailable(http: HttpxProviderHttp) -> None:
    """Refused connections are told as an outage."""
    with RawServer(Exchange.wait) as server:
        address = server.address
    assert isinstance(await fault_of(http, address), ProviderUnavailable)


async def test_an_unresolvable_name_is_unavailable(http: HttpxProviderHttp) -> None:
    """NET-16, the half that needs no resolver: a name that no resolver can hold."""
    assert isinstance(await fault_of(http, "http://" + "x" * 64 + ".localhost/"), ProviderUnavailable)


def resolve_by(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Awaitable[list[str]]]) -> None:
    """The event loop's own resolver, which threads wait for, gives these addresses."""

    async def getaddrinfo(host: Any, port: Any, **asked: Any) -> list[Any]:
        found = await work()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, int(port))) for each in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


async def test_net_16_a_name_that_is_not_there_is_told_by_its_own_error(
    http: HttpxProviderHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NXDOMAIN and SERVFAIL: the address is named, and where to look."""

    async def fail() -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known\x1b[2J")

    resolve_by(monkeypatch, fail)
    error = await fault_of(http, "http://localhost:9/x?query")
    assert isinstance(error, ProviderNameUnresolved)
    assert error.detail.startswith("http://localhost:9/x: the host name cannot be resolved (Name or service")
    assert "\x1b" not in error.detail


async def test_net_16_a_slow_resolver_ends_with_the_deadline(
    http: HttpxProviderHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking a name up is part of the call; meanwhile the loop goes on."""

    async def wait() -> list[str]:
        await anyio.sleep_forever()
        return []

    resolve_by(monkeypatch, wait)
    turns = 0
    async with anyio.create_task_group() as tasks:

        async def work() -> None:
            nonlocal turns
            while True:
                turns += 1
                await anyio.sleep(0.01)

        tasks.start_soon(work)
        error = await fault_of(http, "http://localhost:9/x?query")
        tasks.cancel_scope.cancel()
    assert isinstance(error, ProviderUnavailable)
    assert turns > 2


async def test_net_16_dead_addresses_beside_a_live_one_do_no_harm(
    http: HttpxProviderHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of many records answers: that is enough."""

    async def many() -> list[str]:
        return [*(f"127.0.0.{number}" for number in range(2, 12)), "127.0.0.1"]

    resolve_by(monkeypatch, many)
    with RawServer(sends(answer(b"{}"))) as server:
        url = server.address.replace("127.0.0.1", "localhost")
        assert (await http.get(url, max_bytes=CAP)).status == 200
