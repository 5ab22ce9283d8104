"""X-12: a token counts when the request arrives; what it let begin may end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from starlette.websockets import WebSocket

from tests.flows.conftest import Service
from watchword import CurrentPrincipal, require_auth


@require_auth
async def note(noted: list[str]) -> None:
    """A guarded helper: it decides again for the request's caller, who is known already."""
    noted.append("ran")


def routes(app: FastAPI, expire: Callable[[], None], noted: list[str]) -> None:
    @app.get("/midway/handler")
    @require_auth
    async def handler(caller: CurrentPrincipal) -> str:
        expire()
        await note(noted)
        return caller.subject

    @app.get("/midway/thread")
    @require_auth
    def thread(caller: CurrentPrincipal) -> str:
        expire()
        noted.append("ran")
        return caller.subject

    @app.get("/midway/background")
    @require_auth
    async def background(tasks: BackgroundTasks, caller: CurrentPrincipal) -> str:
        tasks.add_task(expire)
        tasks.add_task(note, noted)
        return caller.subject

    @app.get("/midway/stream")
    @require_auth
    async def stream(caller: CurrentPrincipal) -> StreamingResponse:
        async def chunks() -> AsyncIterator[str]:
            yield caller.subject[:4]
            expire()
            await note(noted)
            yield caller.subject[4:]

        return StreamingResponse(chunks())

    @app.get("/midway/task")
    @require_auth
    async def task(caller: CurrentPrincipal) -> str:
        expire()
        await asyncio.gather(asyncio.create_task(note(noted)))
        return caller.subject

    @app.websocket("/midway/socket")
    @require_auth
    async def socket(socket: WebSocket, caller: CurrentPrincipal) -> None:
        await socket.accept()
        expire()
        await note(noted)
        await socket.send_text(caller.subject)
        await socket.close()


@pytest.fixture(scope="module")
def noted(module_service: Service) -> list[str]:
    ran: list[str] = []
    life = module_service.auth.settings.access_token_seconds
    routes(module_service.app, lambda: module_service.clock.advance(life + 6), ran)
    return ran


@pytest.mark.parametrize("path", ["handler", "thread", "background", "stream", "task"])
def test_x_12_a_token_that_expires_meanwhile_ends_nothing_that_has_begun(
    shared: Service, noted: list[str], path: str
) -> None:
    """The request completes with its caller, what runs after the answer included; the next is 401."""
    browser = shared.signed_in()
    subject = browser.get("/auth/me").json()["subject"]
    authorization = f"Bearer {browser.access}"
    noted.clear()
    done = shared.browser().get(f"/midway/{path}", authorization=authorization)
    assert (done.status_code, done.text.strip('"')) == (200, subject)
    assert noted == ["ran"]
    late = shared.browser().get(f"/midway/{path}", authorization=authorization)
    assert (late.status_code, late.json()["code"]) == (401, "invalid_token")
    assert noted == ["ran"]


def test_x_12_an_open_socket_outlives_its_token(shared: Service, noted: list[str]) -> None:
    """The handshake was the request."""
    browser = shared.signed_in()
    subject = browser.get("/auth/me").json()["subject"]
    noted.clear()
    headers = {"authorization": f"Bearer {browser.access}"}
    with shared.client.websocket_connect("/midway/socket", headers=headers) as socket:
        assert socket.receive_text() == subject
    assert noted == ["ran"]
