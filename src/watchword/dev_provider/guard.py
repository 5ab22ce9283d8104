"""The outermost layer: only this machine may ask, every request is recorded, faults happen here."""

from __future__ import annotations

from collections.abc import Mapping

import anyio
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword.dev_provider.behaviour import Endpoint, Plan
from watchword.dev_provider.loopback import is_loopback, is_loopback_host_header
from watchword.dev_provider.state import ProviderState, Received
from watchword.dev_provider.wire import MAX_FORM_BYTES

ABORT_EXTENSION = "watchword.abort"

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class Guard:
    """ASGI middleware around the provider's routes."""

    def __init__(self, app: ASGIApp, provider: ProviderState, endpoints: Mapping[str, Endpoint]) -> None:
        self._app = app
        self._provider = provider
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._provider.requests.append(Received(scope["method"], scope["path"]))
        answer = _with_headers(send)
        if not _from_this_machine(scope):
            refusal = PlainTextResponse("The development provider answers this machine only.\n", 403)
            await refusal(scope, receive, answer)
            return
        plan = self._provider.faults.plan(self._endpoints.get(scope["path"]))
        if plan is None:
            await self._app(scope, receive, answer)
        else:
            await self._misbehave(plan, scope, receive, answer)

    async def _misbehave(self, plan: Plan, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        if plan.delay_seconds and await _client_left(receive, plan.delay_seconds):
            return
        if plan.drop == "after":
            await self._app(scope, _replay(body), _nowhere)
        if plan.drop:
            await _abort(scope, receive)
        elif failure := plan.failure:
            await Response(failure.body, failure.status, failure.headers)(scope, receive, send)
        else:
            await self._app(scope, _replay(body), send)


def _from_this_machine(scope: Scope) -> bool:
    client: tuple[str, int] | None = scope.get("client")
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return (
        client is not None
        and is_loopback(client[0])
        and len(hosts) == 1
        and is_loopback_host_header(hosts[0].decode("latin-1"))
    )


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_EVERYWHERE)
        await send(message)

    return sending


async def _read_body(receive: Receive) -> bytes:
    """The whole body, cut where every endpoint would refuse it anyway."""
    body, more = b"", True
    while more and len(body) <= MAX_FORM_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _replay(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


async def _client_left(receive: Receive, seconds: float) -> bool:
    with anyio.move_on_after(seconds):
        await _until_client_left(receive)
        return True
    return False


async def _until_client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _abort(scope: Scope, receive: Receive) -> None:
    abort = scope.get("extensions", {}).get(ABORT_EXTENSION)
    if abort is None:
        raise RuntimeError("a connection can only be dropped behind DevProviderServer")
    abort()
    await _until_client_left(receive)


async def _nowhere(message: Message) -> None:
    """Where an answer goes that nobody gets."""
