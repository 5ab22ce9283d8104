"""What the OpenAPI document says of a version: deprecated, its headers, its end."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import RedirectResponse

from tests.gate.versioned import DATES, versioned
from watchword.api.decorators import public, require_auth
from watchword.api.versioning import version

v1 = version("v1", **DATES)
REFERENCES = {
    "Deprecation": {"$ref": "#/components/headers/WatchwordDeprecation"},
    "Sunset": {"$ref": "#/components/headers/WatchwordSunset"},
    "Link": {"$ref": "#/components/headers/WatchwordGuide"},
}


def document(app: FastAPI, **policy: Any) -> Any:
    versioned(app, **policy)
    return app.openapi()


def test_operations_of_a_version_that_ends() -> None:
    """Marked deprecated, with 410, and with the headers on every answer that is described."""
    app = FastAPI()
    app.post("/it", status_code=201)(v1(require_auth(lambda number: None)))
    said = document(app)
    operation = said["paths"]["/it"]["post"]
    assert operation["deprecated"] is True
    assert operation["x-api-version"] == "v1"
    assert operation["responses"].keys() == {"201", "401", "403", "410", "422"}
    assert all(each["headers"] == REFERENCES for each in operation["responses"].values())
    assert all("description" in each for each in operation["responses"].values())
    assert operation["responses"]["410"]["content"]["application/problem+json"]
    assert said["components"]["headers"].keys() == {
        "WatchwordDeprecation",
        "WatchwordSunset",
        "WatchwordGuide",
    }
    assert "WatchwordProblem" in said["components"]["schemas"]


def test_a_public_route_of_it_needs_no_scheme() -> None:
    """The problem document is described all the same."""
    app = FastAPI()
    app.get("/it")(v1(public(lambda: None)))
    said = document(app)
    assert said["paths"]["/it"]["get"]["security"] == []
    assert "WatchwordProblem" in said["components"]["schemas"]
    assert "securitySchemes" not in said["components"]


def test_a_version_that_goes_on_is_only_named() -> None:
    """Neither deprecated nor gone; a route without a version says nothing of any."""
    app = FastAPI()
    app.get("/it")(version("v2")(lambda: None))
    app.get("/plain")(lambda: None)
    said = document(app)
    operation = said["paths"]["/it"]["get"]
    assert operation["x-api-version"] == "v2"
    assert "deprecated" not in operation
    assert "410" not in operation["responses"]
    assert "headers" not in operation["responses"]["200"]
    assert "x-api-version" not in said["paths"]["/plain"]["get"]
    assert "components" not in said


def test_what_an_operator_says_is_described() -> None:
    """The dates in force, not those of the code."""
    app = FastAPI()
    app.get("/it")(version("v1")(public(lambda: None)))
    said = document(app, settings={"v1": {"sunset_at": "2030-01-01"}})
    assert said["paths"]["/it"]["get"]["deprecated"] is True


def test_each_inclusion_of_a_router_says_its_own() -> None:
    """The same routes under the old and the new address."""
    app, shared, old = FastAPI(), APIRouter(), APIRouter(prefix="/v1")
    shared.get("/it")(public(lambda: None))
    old.include_router(shared)
    app.include_router(v1(old))
    app.include_router(shared, prefix="/v2")
    paths = document(app)["paths"]
    assert paths["/v1/it"]["get"]["deprecated"] is True
    assert "deprecated" not in paths["/v2/it"]["get"]
    assert "x-api-version" not in paths["/v2/it"]["get"]


def test_what_the_user_wrote_stays() -> None:
    """Own 410, own headers, own word on being deprecated."""
    app = FastAPI()
    extra = {"deprecated": False}
    app.get("/it", responses={410: {"description": "Own"}}, openapi_extra=extra)(v1(public(lambda: None)))
    own = {"Link": {"description": "own"}}
    app.get("/linked", responses={200: {"description": "Own", "headers": own}})(v1(public(lambda: None)))
    app.get("/moved", response_class=RedirectResponse)(v1(public(lambda: None)))
    paths = document(app)["paths"]
    assert paths["/it"]["get"]["deprecated"] is False
    assert paths["/it"]["get"]["responses"]["410"]["description"] == "Own"
    assert "content" not in paths["/it"]["get"]["responses"]["410"]
    assert paths["/linked"]["get"]["responses"]["200"]["headers"] == REFERENCES | own
    assert paths["/moved"]["get"]["responses"].keys() == {"307", "410"}


def test_it_is_the_same_when_it_is_asked_for_again() -> None:
    """A document that is kept is not described twice."""
    app = FastAPI()
    app.get("/it")(v1(public(lambda: None)))
    first = repr(document(app))
    assert repr(app.openapi()) == first
