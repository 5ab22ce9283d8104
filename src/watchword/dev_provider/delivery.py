"""How the bytes of an answer travel when something is wrong: slowly, in half, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

ABORT_EXTENSION = "watchword.abort"
"""Name of the function that ends the connection of a request; with True by a reset (RST)."""


def abort_of(scope: Scope) -> Callable[[bool], None]:
    """What ends this connection. Raises RuntimeError where there is none."""
    abort: Callable[[bool], None] | None = scope.get("extensions", {}).get(ABORT_EXTENSION)
    if abort is None:
        raise RuntimeError("a connection can only be dropped behind DevProviderServer")
    return abort


def slowly(receive: Receive, send: Send, pause_seconds: float) -> Send:
    """The headers at once, then byte after byte, until the client has gone."""

    async def sending(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        for byte in message.get("body", b""):
            if await client_left(receive, pause_seconds):
                return
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        await send({"type": "http.response.body", "more_body": message.get("more_body", False)})

    return sending


def in_half(scope: Scope, receive: Receive, send: Send) -> Send:
    """A body that is shorter than its announced length, and a reset."""
    abort = abort_of(scope)

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["content-length"] = str(int(headers.get("content-length", "0")) + 1)
            await send(message)
        elif message["type"] == "http.response.body":
            body = message.get("body", b"")
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            abort(True)
            await until_client_left(receive)

    return sending


async def nowhere(message: Message) -> None:
    """Where an answer goes that nobody gets."""


async def client_left(receive: Receive, seconds: float) -> bool:
    """Wait for so long; True when the client has gone meanwhile."""
    with anyio.move_on_after(seconds):
        await until_client_left(receive)
        return True
    return False


async def until_client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
