"""The outermost layer: only this machine may ask, every request is recorded, faults happen here."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword.dev_provider.behaviour import Endpoint
from watchword.dev_provider.delivery import (
    abort_of,
    client_left,
    in_half,
    nowhere,
    slowly,
    until_client_left,
)
from watchword.dev_provider.faults import Plan
from watchword.dev_provider.loopback import is_loopback, is_loopback_host_header
from watchword.dev_provider.state import ProviderState, Received
from watchword.dev_provider.wire import MAX_FORM_BYTES

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
        endpoint = self._endpoints.get(scope["path"])
        self._provider.note(Received(scope["method"], scope["path"]), endpoint)
        answer = _with_headers(send)
        if not _from_this_machine(scope):
            refusal = PlainTextResponse("The development provider answers this machine only.\n", 403)
            await refusal(scope, receive, answer)
            return
        plan = self._provider.faults.take(endpoint)
        if plan is None:
            await self._app(scope, receive, answer)
        else:
            await self._misbehave(plan, scope, receive, answer)

    async def _misbehave(self, plan: Plan, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        if plan.delay_seconds and await client_left(receive, plan.delay_seconds):
            return
        match plan.delivery:
            case "not" | "not_after_work":
                work = self._app if plan.delivery == "not_after_work" else None
                await _drop(work, scope, body, receive)
            case "slowly":
                await self._answer(plan)(scope, _replay(body), slowly(receive, send, plan.pause_seconds))
            case "half":
                await self._answer(plan)(scope, _replay(body), in_half(scope, receive, send))
            case "whole":
                await self._answer(plan)(scope, _replay(body), send)

    def _answer(self, plan: Plan) -> ASGIApp:
        failure = plan.failure
        return self._app if failure is None else Response(failure.body, failure.status, failure.headers)


async def _drop(work: ASGIApp | None, scope: Scope, body: bytes, receive: Receive) -> None:
    abort = abort_of(scope)
    if work is not None:
        await work(scope, _replay(body), nowhere)
    abort(False)
    await until_client_left(receive)


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
