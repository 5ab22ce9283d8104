"""The development provider on a real loopback socket, served by a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from watchword.dev_provider.clients import DevClient
from watchword.dev_provider.delivery import ABORT_EXTENSION
from watchword.dev_provider.keys import Algorithm
from watchword.dev_provider.listener import HeldPort, bound, listening, swallowing
from watchword.dev_provider.people import DEFAULT_PEOPLE, Person
from watchword.dev_provider.provider import DevProvider, create_dev_provider, refuse_production
from watchword.errors import ConfigurationError

_START_SECONDS = 10.0
_STOP_SECONDS = 10.0
_GRACE_SECONDS = 0.5
_TICK_SECONDS = 0.1
_LOOKS = 100
_NO_LINGER = struct.pack("ii", 1, 0)
"""Closing sends RST instead of FIN (SO_LINGER with no time)."""


class DevProviderServer:
    """A development provider that listens, as a context manager or by ``start`` and ``stop``.

    Port 0 takes a free one and keeps it: after ``stop``, ``refuse`` or ``swallow``, ``start`` serves
    the same provider, with its keys and codes, at the same address, as after an outage. ``start``
    raises ConfigurationError when the host is not loopback, the port is taken or the environment is
    production. ``provider`` and ``issuer`` exist from the first ``start`` on; ``issuer=`` is the
    address that clients know where something else, such as a proxy that speaks TLS, stands in front.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        issuer: str | None = None,
        clients: Sequence[DevClient] = (),
        people: Sequence[Person] = DEFAULT_PEOPLE,
        clock: Callable[[], float] = time.time,
        environment: str = "development",
        algorithm: Algorithm = "ES256",
    ) -> None:
        self._host = host
        self._port = port
        self._issuer = issuer
        self._environment = environment
        self._build = partial(
            create_dev_provider,
            clients=clients,
            people=people,
            clock=clock,
            environment=environment,
            algorithm=algorithm,
        )
        self._provider: DevProvider | None = None
        self._running: tuple[_Server, threading.Thread] | None = None
        self._held: HeldPort | None = None

    @property
    def provider(self) -> DevProvider:
        if self._provider is None:
            raise RuntimeError("the development provider has no address before its first start")
        return self._provider

    @property
    def issuer(self) -> str:
        return self.provider.issuer

    @property
    def port(self) -> int:
        """Where it listens; 0 before the first start that takes a free one."""
        return self._port

    def start(self) -> Self:
        """Listen, and return when requests are answered. Starting twice changes nothing."""
        if self._running is not None:
            return self
        refuse_production(self._environment)
        listener = bound(self._host, self._port) if self._held is None else self._held.release()
        self._held = None
        try:
            listening(listener)
            self._port = listener.getsockname()[1]
            if self._provider is None:
                at = f"http://{_bracketed(self._host)}:{self._port}"
                self._provider = self._build(issuer=self._issuer or at)
            server = _Server(_config(self._provider.app))
        except BaseException:
            listener.close()
            raise
        thread = threading.Thread(
            target=server.serve_on, args=(listener,), name=f"watchword-dev-provider-{self._port}", daemon=True
        )
        thread.start()
        self._running = server, thread
        if not server.ready.wait(_START_SECONDS) or not server.started:
            self.stop()
            raise ConfigurationError([f"the development provider did not start at {self.issuer}"])
        return self

    def stop(self) -> None:
        """Close every connection, end the thread and let go of the port. Twice changes nothing."""
        self._end()
        if self._held is not None:
            self._held.release().close()
            self._held = None

    def refuse(self) -> None:
        """Be down until ``start``: connections are closed, new ones refused, the port stays ours."""
        self._hold(HeldPort)

    def swallow(self) -> None:
        """Be a black hole until ``start``: connections are closed, and who opens one hears nothing at
        all, not even a refusal. See ``listener.swallowing`` for how."""
        self._hold(swallowing)

    def _hold(self, held: Callable[[socket.socket], HeldPort]) -> None:
        self.stop()
        taken = bound(self._host, self._port)
        self._port = taken.getsockname()[1]
        self._held = held(taken)

    def _end(self) -> None:
        if self._running is None:
            return
        server, thread = self._running
        server.end()
        thread.join(_STOP_SECONDS)
        self._running = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(uvicorn.Server):
    """Tells when it is ready, and does not wait for clients that keep a connection open."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Ask for the end, from another thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself and its loop is closed
                self._loop.call_soon_threadsafe(self._stopping.set)

    def serve_on(self, listener: socket.socket) -> None:
        try:
            self.run(sockets=[listener])
        finally:
            self.ready.set()
            listener.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Uvicorn's own, which looks every tenth of a second whether to end, and is told here."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(_LOOKS):
            if not self.server_state.connections:
                break
            await asyncio.sleep(_GRACE_SECONDS / _LOOKS)
        self._abort_connections()
        await asyncio.sleep(0)

    def _abort_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class _Connection(H11Protocol):
    """Lets the application drop this very connection, and logs no request, whose query holds codes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app = _with_abort(self.app, partial(_abort, transport))


def _abort(transport: Any, by_reset: bool) -> None:
    if by_reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


def _with_abort(app: Any, abort: Callable[[bool], None]) -> Any:
    async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
        extensions = {**(scope.get("extensions") or {}), ABORT_EXTENSION: abort}
        await app({**scope, "extensions": extensions}, receive, send)

    return with_abort


def _config(app: ASGIApp) -> uvicorn.Config:
    """No belief in forwarded addresses. What uvicorn would set for its loggers is left alone: the
    process may serve something else, whose log is its own."""
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        forwarded_allow_ips=[],
        server_header=False,
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
