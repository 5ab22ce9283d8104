"""Asking a running service about its providers: whatever answers there, no more than states is taken."""

from __future__ import annotations

import pytest

from tests.flows.raw_server import RawServer, sends
from tests.servers.ports import loopback_port
from watchword.doctor.readiness import breaker_states


def http(body: bytes, *, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    ("body", "states"),
    [
        (b'{"providers": {"dev": {"state": "half_open"}}}', {"dev": "half_open"}),
        (
            b'{"providers": {"a": {"state": "open", "x": 1}, "b": {"state": "closed"}}}',
            {"a": "open", "b": "closed"},
        ),
        (b'{"providers": {"dev": {"state": "\\u001b[31mopen"}}}', {}),
        (b'{"providers": {"dev": {"state": ["open"]}}}', {}),
        (b'{"providers": {"dev": {"state": {}}, "other": {"state": null}}}', {}),
        (b'{"providers": {"dev": "open"}}', {}),
        (b'{"providers": {"dev": {}}}', {}),
        (b'{"providers": {}}', {}),
    ],
)
@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
async def test_only_states_that_exist_are_taken(body: bytes, states: dict[str, str], status: str) -> None:
    """Of each provider that has one; the rest is as if it were not there."""
    with RawServer(sends(http(body, status=status))) as server:
        assert await breaker_states(server.address) == (states, None)


@pytest.mark.parametrize(
    "raw",
    [
        http(b'{"providers": []}'),
        http(b'{"providers": null}'),
        http(b'{"status": "ready"}'),
        http(b'{"providers": {}, "providers": {}}'),
        http(b"[]"),
        http(b"<html>"),
        http(b"\xff\xfe"),
        http(b"", status="404 Not Found"),
        http(b"[" * 60_000),
        http(b" " * 65_537),
        b"\x00\x01 this is not HTTP \r\n\r\n",
    ],
    ids=range(11),
)
async def test_whatever_else_answers_says_nothing(raw: bytes) -> None:
    """With the cause, and never with an exception."""
    with RawServer(sends(raw)) as server:
        states, fault = await breaker_states(server.address)
        assert states == {}
        assert fault is not None
        assert server.address in fault


async def test_a_service_that_is_not_ready_is_believed() -> None:
    """It knows its providers while its database is away."""
    body = b'{"status": "not ready", "providers": {"dev": {"state": "open"}}}'
    with RawServer(sends(http(body, status="503 Service Unavailable"))) as server:
        assert await breaker_states(server.address) == ({"dev": "open"}, None)


async def test_nobody_there_is_told() -> None:
    """A port where nothing listens."""
    states, fault = await breaker_states(f"http://127.0.0.1:{loopback_port()}")
    assert states == {}
    assert fault is not None
    assert "refused" in fault
