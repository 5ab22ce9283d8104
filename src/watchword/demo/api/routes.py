"""Orders, twice: v1 open to anyone as it used to be, v2 for people who signed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from watchword.api.decorators import public, require_auth
from watchword.api.dependencies import CurrentPrincipal
from watchword.api.versioning import version
from watchword.demo.orders import Orders

router = APIRouter()

v1 = version("v1", deprecated_at=datetime.now(UTC) - timedelta(days=30), successor="v2")
"""It ends 180 days after its deprecation; its migration guide is made from these routes."""

Item = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")
]


class NewOrder(BaseModel):
    """What a client sends to order something."""

    model_config = ConfigDict(extra="forbid", strict=True)

    item: Item
    quantity: int = Field(ge=1, le=1000)


class Order(NewOrder):
    """An order as it is kept."""

    id: str
    created_by: str


class OrderList(BaseModel):
    orders: list[Order]


@router.get("/health")
@public
async def health() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/v1/orders")
@v1
@public
async def orders_v1(request: Request) -> OrderList:
    """Every order, open to anyone."""
    return await _all(request)


@router.get("/v2/orders")
@require_auth
async def orders_v2(request: Request) -> OrderList:
    """Every order, for whoever is signed in."""
    return await _all(request)


@router.post("/v2/orders", status_code=201)
@require_auth(roles=["editor"])
async def create_order(request: Request, new: NewOrder, caller: CurrentPrincipal) -> Order:
    """Order something."""
    by = caller.user_id or caller.subject
    kept = await _orders(request).add(item=new.item, quantity=new.quantity, created_by=by)
    return Order.model_validate(kept)


@router.delete("/v2/orders/{order_id}", status_code=204)
@require_auth(roles=["admin"])
async def delete_order(request: Request, order_id: str) -> Response:
    """Remove an order."""
    if "\x00" in order_id or not await _orders(request).remove(order_id):
        raise HTTPException(status_code=404, detail="There is no such order.")
    return Response(status_code=204)


async def _all(request: Request) -> OrderList:
    kept: Any = await _orders(request).all()
    return OrderList(orders=[Order.model_validate(each) for each in kept])


def _orders(request: Request) -> Orders:
    return cast(Orders, request.app.state.orders)
