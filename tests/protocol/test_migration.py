"""Which route takes the place of an older one."""

from __future__ import annotations

import pytest

from watchword.protocol.migration import successor_path

PATHS = [
    "/v2/orders",
    "/v2/orders/{order_id}",
    "/v3/orders",
    "/v10/orders",
    "/api/v2/users",
    "/beta/orders",
    "/v1/x",
]


@pytest.mark.parametrize(
    ("path", "named", "found"),
    [
        ("/v1/orders", None, "/v10/orders"),
        ("/v1/orders", "v2", "/v2/orders"),
        ("/v1/orders", "beta", "/beta/orders"),
        ("/v1/orders", "v7", None),
        ("/v1/orders/{id:int}", None, "/v2/orders/{order_id}"),
        ("/v1/orders/{id}", "v3", None),
        ("/api/v1/users", None, "/api/v2/users"),
        ("/v1/users", None, None),
        ("/orders", None, None),
        ("/v1/orders/", None, None),
        ("/v1/v1", None, None),
    ],
)
def test_the_same_path_with_another_version(path: str, named: str | None, found: str | None) -> None:
    """The named one, else the highest; parameters may be called anything; nothing is made up."""
    assert successor_path(path, "v1", PATHS, named=named) == found


def test_only_higher_numbers_of_the_same_kind_follow_by_themselves() -> None:
    """``v2`` does not follow ``v3``, nor ``r4``; an id without a number is followed by name only."""
    assert successor_path("/v3/orders", "v3", ["/v2/orders", "/r4/orders"]) is None
    assert successor_path("/old/orders", "old", ["/v2/orders", "/old2/orders"]) is None
    assert successor_path("/old/orders", "old", ["/v2/orders"], named="v2") == "/v2/orders"
    assert successor_path("/2026/orders", "2026", ["/2027/orders"]) == "/2027/orders"
