"""``assert_all_routes_protected`` in the tests of a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from watchword import Settings, Watchword, public, require_auth, version
from watchword.errors import NotInstalled
from watchword.testing import assert_all_routes_protected


def service(*marks: tuple[str, Callable[[Any], Any]]) -> FastAPI:
    """An app with one route for each path and mark."""
    app = FastAPI()
    Watchword(Settings()).install(app)
    for path, mark in marks:
        app.add_api_route(path, mark(lambda: "done"))
    return app


def unmarked(endpoint: Any) -> Any:
    return endpoint


def observed(endpoint: Any) -> Any:
    return version("v1", mode="observe")(require_auth(endpoint))


def refusal(app: FastAPI, **options: Any) -> list[str]:
    with pytest.raises(AssertionError) as refused:
        assert_all_routes_protected(app, **options)
    first, *problems = str(refused.value).splitlines()
    assert first == "Not every route is as it should be:"
    return problems


def test_routes_that_somebody_thought_of_are_fine() -> None:
    """Protected and public ones, ours and the documentation; the app needs not be started."""
    assert_all_routes_protected(service(("/a", require_auth), ("/b", public)))


def test_each_forgotten_route_is_named() -> None:
    """And each that is only observed, which refuses nobody."""
    app = service(("/a", require_auth), ("/b", unmarked), ("/c", observed), ("/d", unmarked))
    assert refusal(app) == ["GET /b is unclassified", "GET /c is observed", "GET /d is unclassified"]


def test_what_is_excused_may_stay_for_now() -> None:
    """An excuse that is no longer needed has to go."""
    app = service(("/a", require_auth), ("/b", unmarked), ("/c", observed))
    assert_all_routes_protected(app, allow=["/b", "/c"])
    assert refusal(app, allow=["/a", "/b", "/c", "/gone"]) == [
        "allow names /a, which needs no excuse",
        "allow names /gone, which needs no excuse",
    ]


def test_the_public_routes_can_be_pinned() -> None:
    """One more is told, and one less; ours do not count."""
    app = service(("/a", require_auth), ("/b", public), ("/c", public))
    assert_all_routes_protected(app, public=["/b", "/c"])
    assert refusal(app, public=["/b", "/a"]) == ["GET /c is public", "/a is not public"]
    assert refusal(app, public=[]) == ["GET /b is public", "GET /c is public"]


def test_misuse_is_told() -> None:
    """An app without watchword, and a path for a list of paths."""
    with pytest.raises(NotInstalled, match="has no watchword"):
        assert_all_routes_protected(FastAPI())
    for option in ("allow", "public"):
        with pytest.raises(TypeError, match=f"{option} is a list of paths"):
            assert_all_routes_protected(service(), **{option: "/a"})
