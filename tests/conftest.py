"""What every test shares: asyncio as the one event loop, no network but loopback, no secret in a log."""

from __future__ import annotations

import gc
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import stamina
from hypothesis import settings

from tests.examples import examples
from tests.leaks.watch import LeakWatch

pytest.register_assert_rewrite("tests.servers")
settings.register_profile("examples", max_examples=examples(settings().max_examples))
settings.load_profile("examples")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True, scope="session")
def no_retries() -> Iterator[None]:
    """A provider that fails is asked once, but in the tests of retries: what is counted stays exact, and
    nobody waits."""
    stamina.set_active(False)
    yield
    stamina.set_active(True)


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """A connection to anything but loopback or a local socket fails the test that tries it."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def refuse(address: Any) -> None:
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise AssertionError(f"a test tried to reach {address!r}; only loopback is allowed")

    def guarded(self: socket.socket, address: Any) -> None:
        refuse(address)
        return connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        refuse(address)
        return connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        patch.setattr(socket.socket, "connect_ex", guarded_ex)
        yield


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


leak_watch = LeakWatch()


def pytest_sessionstart() -> None:
    leak_watch.begin()


def pytest_sessionfinish() -> None:
    leak_watch.end()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported and collected stays to the end: the garbage collector need not walk over it for
    every few objects that a test makes, nor come by as often as where memory is scarce."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A secret that was logged fails the test, or the one after it where a background task did. What is
    measured is measured without the watch."""
    measured = item.get_closest_marker("soak") is not None
    if measured:
        leak_watch.end()
    try:
        yield
    finally:
        if measured:
            leak_watch.begin()
    leaks = leak_watch.taken()
    assert not leaks, "\n".join(leaks[:5])
