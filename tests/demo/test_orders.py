"""The example API in process: orders, who may do what, and bodies of every shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from watchword import Settings
from watchword.demo import create_app
from watchword.demo.orders import Orders

SignedIn = Callable[..., AbstractContextManager[TestClient]]
PAPER = {"item": "Paper", "quantity": 3}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """One demo for this module; no provider is asked, so none is configured in earnest."""
    nobody = {"issuer": "http://127.0.0.1:9", "client_id": "x", "client_secret": "y"}
    database = tmp_path_factory.mktemp("orders") / "demo.db"
    return create_app(Settings(database_url=f"sqlite:///{database}", providers={"dev": nobody}))


@pytest.fixture(scope="module")
def people(app: FastAPI) -> Iterator[dict[str, TestClient]]:
    """Clients of an admin, an editor and somebody without a role, and one of nobody."""
    from watchword.testing.signed_in import signed_in

    roles = {"admin": ["admin"], "editor": ["editor"], "plain": []}
    with ExitStack() as stack:
        clients = {
            name: stack.enter_context(signed_in(app, roles=given, subject=name))
            for name, given in roles.items()
        }
        clients["nobody"] = TestClient(app)
        yield clients


def test_both_lists_hold_the_orders(people: dict[str, TestClient]) -> None:
    """Contract §6: ``{"orders": [...]}``, each with id, item, quantity and created_by."""
    for caller, path in (("nobody", "/v1/orders"), ("plain", "/v2/orders")):
        answer = people[caller].get(path).json()
        assert answer.keys() == {"orders"}
        assert all(set(order) == {"id", "item", "quantity", "created_by"} for order in answer["orders"])
        assert {"id": "sample-1", "item": "Tea", "quantity": 2, "created_by": "demo"} in answer["orders"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/health", {"nobody", "plain", "editor", "admin"}),
        ("GET", "/v1/orders", {"nobody", "plain", "editor", "admin"}),
        ("GET", "/v2/orders", {"plain", "editor", "admin"}),
        ("POST", "/v2/orders", {"editor"}),
        ("DELETE", "/v2/orders/unknown", {"admin"}),
    ],
)
def test_who_may_do_what(people: dict[str, TestClient], method: str, path: str, allowed: set[str]) -> None:
    """Nobody gets 401, the wrong role 403, before a body is looked at; the right one gets through."""
    for name, client in people.items():
        status = client.request(method, path).status_code
        refused = 401 if name == "nobody" else 403
        assert status not in (401, 403) if name in allowed else status == refused, (name, status)


def test_an_order_is_kept_for_who_made_it(people: dict[str, TestClient]) -> None:
    """201 with the order, ``created_by`` is the caller's user id, and the lists show it."""
    answer = people["editor"].post("/v2/orders", json={"item": "  Paper ", "quantity": 3})
    assert answer.status_code == 201
    order = answer.json()
    assert (order["item"], order["quantity"]) == ("Paper", 3)
    assert order["created_by"] == people["editor"].get("/auth/me").json()["user_id"]
    assert order in people["nobody"].get("/v1/orders").json()["orders"]


def test_an_order_is_removed_once(people: dict[str, TestClient]) -> None:
    """204, then 404, as for an id that never was, however it looks."""
    order_id = people["editor"].post("/v2/orders", json=PAPER).json()["id"]
    assert people["admin"].delete(f"/v2/orders/{order_id}").status_code == 204
    for gone in (order_id, "unknown", "a%00b", "%ff", "x" * 5000, "'; DROP TABLE demo_orders; --"):
        assert people["admin"].delete(f"/v2/orders/{gone}").status_code == 404


@pytest.mark.parametrize("quantity", ["1", "1000"])
@pytest.mark.parametrize("item", ['"a"', '"' + "ü" * 200 + '"', '"\\u65e5\\n\\ud83d\\ude00"'])
def test_good_bodies(people: dict[str, TestClient], item: str, quantity: str) -> None:
    """Both edges of the quantity, and text of any script up to 200 characters."""
    body = f'{{"item": {item}, "quantity": {quantity}}}'
    answer = people["editor"].post("/v2/orders", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "body",
    [
        '{"item": "a", "quantity": 0}',
        '{"item": "a", "quantity": 1001}',
        '{"item": "a", "quantity": -1}',
        '{"item": "a", "quantity": true}',
        '{"item": "a", "quantity": "2"}',
        '{"item": "a", "quantity": 2.0}',
        '{"item": "a", "quantity": null}',
        '{"item": "a", "quantity": NaN}',
        '{"item": "a", "quantity": Infinity}',
        '{"item": "a", "quantity": 1e400}',
        '{"item": "a", "quantity": ' + "9" * 4000 + "}",
        '{"item": "a"}',
        '{"quantity": 1}',
        '{"item": "", "quantity": 1}',
        '{"item": "  ", "quantity": 1}',
        '{"item": "a\\u0000b", "quantity": 1}',
        '{"item": "\\ud800", "quantity": 1}',
        '{"\\ud800": 1, "item": "a", "quantity": 1}',
        '{"item": "' + "a" * 201 + '", "quantity": 1}',
        '{"item": "' + "a" * 1_000_000 + '", "quantity": 1}',
        '{"item": ["a"], "quantity": 1}',
        '{"item": 5, "quantity": 1}',
        '{"item": "a", "quantity": 1, "id": "mine"}',
        '{"item": "a", "quantity": 1, "created_by": "somebody"}',
        "[]",
        "null",
        "",
        "{",
    ],
    ids=lambda body: body[:40] or "empty",
)
def test_bad_bodies(people: dict[str, TestClient], body: str) -> None:
    """422 that says where and why, and never repeats what was sent."""
    answer = people["editor"].post("/v2/orders", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert len(answer.content) < 1000
    for fault in answer.json()["detail"]:
        assert set(fault) == {"loc", "msg", "type"}


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"item": ' + b"9" * 5000 + b"}", b"\xff\xff\xff"])
def test_bodies_no_parser_takes(people: dict[str, TestClient], body: bytes) -> None:
    """Too deep, too long a number, not a text: 4xx like every other bad body."""
    answer = people["editor"].post("/v2/orders", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)


def test_openapi_says_what_needs_what(people: dict[str, TestClient]) -> None:
    """Protected operations carry the security entry, open ones none; v1 is marked deprecated."""
    paths = people["nobody"].get("/openapi.json").json()["paths"]
    assert paths["/v1/orders"]["get"]["deprecated"] is True
    assert not paths["/v1/orders"]["get"]["security"]
    for path, method in (("/v2/orders", "get"), ("/v2/orders", "post"), ("/v2/orders/{order_id}", "delete")):
        assert paths[path][method]["security"]
        assert {"401", "403"} <= paths[path][method]["responses"].keys()


async def test_several_processes_make_one_table(tmp_path: Path) -> None:
    """All may prepare at once; two sample orders are there afterwards."""
    import anyio

    from watchword.migrations.runner import upgrade

    url = f"sqlite+aiosqlite:///{tmp_path}/demo.db"
    await upgrade(url)
    several = [Orders(url) for _ in range(5)]
    async with anyio.create_task_group() as group:
        for orders in several:
            group.start_soon(orders.prepare)
    assert len(await several[0].all()) == 2
    for orders in several:
        await orders.close()


@pytest.mark.postgres
async def test_orders_on_postgresql(postgres_url: str) -> None:
    """The same table, made once by many, on the other database."""
    import anyio

    several = [Orders(postgres_url) for _ in range(4)]
    async with anyio.create_task_group() as group:
        for orders in several:
            group.start_soon(orders.prepare)
    kept = await several[0].add(item="Paper", quantity=1, created_by="somebody")
    assert len(await several[1].all()) == 3
    assert await several[2].remove(kept["id"])
    assert not await several[3].remove(kept["id"])
    for orders in several:
        await orders.close()
