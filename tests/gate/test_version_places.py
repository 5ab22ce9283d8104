"""A version marks endpoints, routes, routers, mounts and apps, wherever they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, Router

from tests.gate.versioned import ANNOUNCED, DATES, SUNSET_AT, Clocked, Notes, announced, versioned
from tests.gate.workshop import EITHER_WAY, Running, bearer, started
from watchword.api.decorators import public, require_auth
from watchword.api.versioning import version
from watchword.errors import ConfigurationError

v1 = version("v1", **DATES)


def reading() -> Callable[[Request], Response]:
    """An endpoint of its own each time: marks stay on functions."""
    return lambda request: PlainTextResponse("done")


def orders() -> APIRouter:
    made = APIRouter()

    @made.get("/it")
    @public
    async def endpoint() -> str:
        return "done"

    made.add_route("/starlette", public(reading()))
    return made


def included_router() -> FastAPI:
    app = FastAPI()
    app.include_router(v1(orders()), prefix="/old")
    app.include_router(orders(), prefix="/new")
    return app


def marked_after_it_was_included() -> FastAPI:
    app, old = FastAPI(), orders()
    app.include_router(old, prefix="/old")
    app.include_router(orders(), prefix="/new")
    v1(old)
    return app


def router_in_routers() -> FastAPI:
    app, outer, middle = FastAPI(), APIRouter(), APIRouter(prefix="/old")
    middle.include_router(orders())
    outer.include_router(v1(middle))
    outer.include_router(orders(), prefix="/new")
    app.include_router(outer)
    return app


def shared_router() -> FastAPI:
    app, shared, old = FastAPI(), orders(), APIRouter(prefix="/old")
    old.include_router(shared)
    app.include_router(v1(old))
    app.include_router(shared, prefix="/new")
    return app


def mounted_apps() -> FastAPI:
    app, old, new = FastAPI(), FastAPI(), FastAPI()
    old.include_router(orders())
    new.include_router(orders())
    app.mount("/old", v1(old))
    app.mount("/new", new)
    return app


def mounted_in_middleware() -> FastAPI:
    old = Starlette(routes=orders().routes)
    layers = [Middleware(GZipMiddleware)]
    return FastAPI(routes=[Mount("/old", v1(old), middleware=layers), Mount("/new", routes=orders().routes)])


def mounts() -> FastAPI:
    return FastAPI(
        routes=[v1(Mount("/old", routes=orders().routes)), Mount("/new", app=Router(orders().routes))]
    )


def shared_below_two_mounts() -> FastAPI:
    shared = Router(routes=orders().routes)
    return FastAPI(routes=[v1(Mount("/old", shared)), Mount("/new", shared)])


def mounted_in_an_included_router() -> FastAPI:
    app, outer = FastAPI(), APIRouter()
    outer.mount("/old", v1(Starlette(routes=orders().routes)))
    outer.mount("/new", Starlette(routes=orders().routes))
    app.include_router(outer)
    return app


def under_a_host() -> FastAPI:
    below = Starlette(
        routes=[v1(Mount("/old", routes=orders().routes)), Mount("/new", routes=orders().routes)]
    )
    return FastAPI(routes=[Host("testserver", below)])


BUILDS: list[Callable[[], Any]] = [
    included_router,
    marked_after_it_was_included,
    router_in_routers,
    shared_router,
    mounted_apps,
    mounted_in_middleware,
    mounts,
    shared_below_two_mounts,
    mounted_in_an_included_router,
    under_a_host,
]


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize("build", BUILDS)
def test_what_is_marked_is_of_the_version_and_nothing_else(build: Any, running: Running) -> None:
    """Also where the very same routes are served under another address."""
    app, clock, notes = build(), Clocked(), Notes()
    gate = versioned(app, notes, authenticator=clock)
    with running(app) as client:
        for path in ("it", "starlette"):
            old, new = client.get(f"/old/{path}"), client.get(f"/new/{path}")
            assert (old.status_code, new.status_code) == (200, 200)
            assert (announced(old), announced(new)) == (ANNOUNCED, {})
        clock.now = int(SUNSET_AT.timestamp())
        assert [client.get(f"/{each}/it").status_code for each in ("old", "new")] == [410, 200]
    assert notes.calls == [("v1", "nobody", None)] * 3
    listed = {each.path: each.version for each in gate.routes() if each.path.endswith("/it")}
    assert {path.rpartition("/it")[0][-4:]: name for path, name in listed.items()} == {
        "/old": "v1",
        "/new": None,
    }


def test_a_protected_mount_of_a_version_refuses_with_its_headers() -> None:
    """The refusal comes from the mount itself, and is one call."""
    app, notes = FastAPI(), Notes()
    app.mount("/old", v1(require_auth(Starlette(routes=[Route("/it", reading())]))))
    versioned(app, notes)
    with started(app) as client:
        refused, passed = client.get("/old/it"), client.get("/old/it", headers=bearer("anna"))
    assert (refused.status_code, passed.status_code) == (401, 200)
    assert announced(refused) == announced(passed) == ANNOUNCED
    assert notes.calls == [("v1", "nobody", None), ("v1", "anna", None)]


def test_marked_inside_and_outside_it_is_still_one_call() -> None:
    """Of one version, said twice."""
    app, notes = FastAPI(), Notes()
    sub = Starlette(routes=[Route("/it", v1(public(reading())))])
    app.mount("/old", v1(sub))
    versioned(app, notes)
    with started(app) as client:
        assert announced(client.get("/old/it")) == ANNOUNCED
    assert notes.calls == [("v1", "nobody", None)]


@pytest.mark.parametrize("running", EITHER_WAY)
def test_routes_and_marks_that_come_late_count(running: Running) -> None:
    """Added or marked while the app serves."""
    app = FastAPI()
    app.get("/early")(public(lambda: "early"))
    versioned(app)
    with running(app) as client:
        assert announced(client.get("/early")) == {}
        app.get("/late")(v1(public(lambda: "late")))
        assert announced(client.get("/late")) == ANNOUNCED
        assert announced(client.post("/late")) == ANNOUNCED
        v1(app.routes[-2])
        assert announced(client.get("/early")) == ANNOUNCED


def test_apps_that_share_routes_keep_to_their_own_settings() -> None:
    """As tests and factories make them: each with its dates, its clock and its ledger."""
    shared = APIRouter()
    shared.get("/it")(version("v1")(public(lambda: "done")))
    ended, goes_on = FastAPI(), FastAPI()
    notes = Notes(), Notes()
    for app in (ended, goes_on):
        app.include_router(shared)
    versioned(ended, notes[0], settings={"v1": {"sunset_at": "2020-01-01"}})
    versioned(goes_on, notes[1])
    with started(ended) as first, started(goes_on) as second:
        for _ in range(2):
            assert (first.get("/it").status_code, second.get("/it").status_code) == (410, 200)
            assert announced(second.get("/it")) == {}
    assert (len(notes[0].calls), len(notes[1].calls)) == (2, 4)


def test_a_gate_inside_a_gate_counts_once() -> None:
    """A mounted app with an installation of its own."""
    sub, app, inner, outer = FastAPI(), FastAPI(), Notes(), Notes()
    sub.get("/it")(v1(public(lambda: "done")))
    app.mount("/sub", sub)
    versioned(sub, inner)
    versioned(app, outer)
    with started(app) as client:
        assert announced(client.get("/sub/it")) == ANNOUNCED
    assert len(inner.calls + outer.calls) == 1


def refusal(app: Any, **policy: Any) -> str:
    gate = versioned(app, **policy)
    with pytest.raises(ConfigurationError) as refused:
        gate.resolve()
    with pytest.raises(ConfigurationError), started(app):
        pass
    return str(refused.value)


def test_two_definitions_of_one_version_stop_the_start() -> None:
    """Whichever were right, the other routes would promise something else."""
    app = FastAPI()
    app.get("/a")(v1(public(lambda: "a")))
    app.get("/b")(version("v1", guide="/elsewhere")(public(lambda: "b")))
    assert "'v1' is defined twice, differently" in refusal(app)


def test_equal_definitions_are_one() -> None:
    """Two modules may each say the same."""
    app = FastAPI()
    app.get("/a")(v1(public(lambda: "a")))
    app.get("/b")(version("v1", **DATES)(public(lambda: "b")))
    versioned(app)
    with started(app) as client:
        assert announced(client.get("/a")) == announced(client.get("/b")) == ANNOUNCED


def test_a_route_of_two_versions_stops_the_start() -> None:
    """Said by the endpoint and by what it lies in; the route is named."""
    app = FastAPI()
    app.mount("/sub", version("v2")(Starlette(routes=[Route("/it", v1(public(reading())))])))
    assert "/sub/it is of the versions v1, v2" in refusal(app)


def test_the_app_with_the_gate_is_no_version() -> None:
    """Its sign-in pages would end too."""
    app = FastAPI()
    v1(app)
    assert "not the app with the gate" in refusal(app)


def test_a_late_contradiction_closes_the_app_and_mending_it_opens_it() -> None:
    """Nothing is served by guess."""
    app = FastAPI()
    app.get("/a")(v1(public(lambda: "a")))
    versioned(app)
    with started(app) as client:
        assert client.get("/a").status_code == 200
        app.get("/b")(version("v1")(public(lambda: "b")))
        assert [client.get("/a").status_code for _ in range(2)] == [500, 500]
        app.router.routes.pop()
        assert client.get("/a").status_code == 200
