"""401 and 403 come first: before validation, before dependencies, before a byte of the body."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from tests.gate.workshop import EITHER_WAY, Running, bearer, guarded, started
from watchword.api.decorators import require_auth


class Order(BaseModel):
    item: str
    quantity: int


def orders(touched: list[str]) -> FastAPI:
    app = FastAPI()
    router = APIRouter()

    def opens_a_connection() -> str:
        touched.append("dependency")
        return "connection"

    @router.post("/orders")
    @require_auth(roles=["editor"])
    async def create(order: Order, connection: str = Depends(opens_a_connection)) -> Order:
        touched.append("endpoint")
        return order

    app.include_router(router, prefix="/v2")
    return app


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize(("caller", "status"), [("", 401), ("expired", 401), ("anna", 403)])
@pytest.mark.parametrize("body", ["{", '{"item": 1}', '{"item": "pen", "quantity": 1}', ""])
def test_refusal_comes_before_validation(running: Running, caller: str, status: int, body: str) -> None:
    """A caller who may not learns nothing about what the endpoint would have accepted."""
    touched: list[str] = []
    app = orders(touched)
    guarded(app)
    headers = {"Content-Type": "application/json", **(bearer(caller) if caller else {})}
    with running(app) as client:
        assert client.post("/v2/orders", content=body, headers=headers).status_code == status
    assert touched == []


def test_those_who_may_get_validation_and_the_endpoint() -> None:
    """The body is parsed and validated as ever for a caller who may."""
    touched: list[str] = []
    app = orders(touched)
    guarded(app)
    with started(app) as client:
        wrong = client.post("/v2/orders", json={"item": "pen"}, headers=bearer("editor"))
        right = client.post("/v2/orders", json={"item": "pen", "quantity": 2}, headers=bearer("editor"))
    assert (wrong.status_code, right.status_code) == (422, 200)
    assert right.json() == {"item": "pen", "quantity": 2}
    assert touched == ["dependency", "dependency", "endpoint"]


async def test_no_byte_of_the_body_is_asked_for() -> None:
    """A refused upload is not read."""
    app = orders([])
    guarded(app)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was asked for")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v2/orders",
        "raw_path": b"/v2/orders",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"1000000")],
        "server": ("testserver", 80),
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 401
