"""What the OpenAPI document says, however and whenever it is asked for."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Security
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPBearer
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.gate.workshop import EITHER_WAY, Running, guarded, started
from watchword.api.decorators import public, require_auth
from watchword.api.dependencies import CurrentPrincipal, OptionalPrincipal

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/WatchwordProblem"}}}
UNAUTHORIZED = {"description": "Nobody is signed in, or the access token is not valid.", "content": PROBLEM}
DONE = {"description": "Successful Response", "content": {"application/json": {"schema": {"type": "string"}}}}


def small_app() -> FastAPI:
    app = FastAPI(title="Orders", version="1")
    router = APIRouter()

    @app.get("/open", operation_id="opened")
    @public
    async def opened(caller: OptionalPrincipal) -> str: ...  # type: ignore[empty-body]

    @app.get("/unmarked", operation_id="unmarked")
    async def unmarked() -> str: ...  # type: ignore[empty-body]

    @router.delete("/orders", operation_id="delete")
    @require_auth(roles=["editor", "admin"], scopes=["orders:write"])
    async def delete(caller: CurrentPrincipal) -> str: ...  # type: ignore[empty-body]

    app.include_router(router, prefix="/v2")
    return app


def without_titles(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_titles(v) for k, v in value.items() if k not in ("title", "summary")}
    return value


@pytest.mark.parametrize("running", EITHER_WAY)
def test_a_small_apps_document(running: Running) -> None:
    """Protected operations name scheme, scopes, roles, 401 and 403; public ones say so; the caller
    is no parameter; and none of it needs a lifespan."""
    app = small_app()
    guarded(app)
    with running(app) as client:
        document = client.get("/openapi.json").json()
    assert without_titles(document["paths"]) == {
        "/open": {"get": {"operationId": "opened", "responses": {"200": DONE}, "security": []}},
        "/unmarked": {"get": {"operationId": "unmarked", "responses": {"200": DONE}}},
        "/v2/orders": {
            "delete": {
                "operationId": "delete",
                "responses": {
                    "200": DONE,
                    "401": UNAUTHORIZED,
                    "403": {
                        "description": "The caller may not do this. Needs any of the roles admin, editor. "
                        "Needs all of the scopes orders:write.",
                        "content": PROBLEM,
                    },
                },
                "security": [{"watchword": ["orders:write"]}],
                "x-required-roles": ["admin", "editor"],
            }
        },
    }
    components = document["components"]
    assert components["securitySchemes"] == {
        "watchword": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    assert sorted(components["schemas"]["WatchwordProblem"]["required"]) == [
        "code",
        "detail",
        "request_id",
        "status",
        "title",
        "type",
    ]


def test_the_document_is_complete_for_a_script_that_never_serves() -> None:
    """``app.openapi()`` right after installation, as export scripts do, and again after more came."""
    app = small_app()
    app.openapi()
    guarded(app)
    assert app.openapi()["paths"]["/v2/orders"]["delete"]["security"] == [{"watchword": ["orders:write"]}]
    app.get("/late")(require_auth(lambda: "late"))
    document = app.openapi()
    assert document["paths"]["/late"]["get"]["security"] == [{"watchword": []}]
    assert document is app.openapi()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_users_own_document_gets_the_same(when: str) -> None:
    """An overridden ``app.openapi``, set before or after installation, is completed too."""
    app = small_app()

    def own() -> dict[str, Any]:
        return get_openapi(title="Own", version="2", routes=app.routes)

    if when == "before":
        app.openapi = own  # type: ignore[method-assign]
    guarded(app)
    if when == "after":
        app.openapi = own  # type: ignore[method-assign]
    with started(app) as client:
        document = client.get("/openapi.json").json()
    assert document["info"]["title"] == "Own"
    assert document["paths"]["/v2/orders"]["delete"]["security"] == [{"watchword": ["orders:write"]}]
    assert "watchword" in document["components"]["securitySchemes"]


def test_what_the_user_wrote_stays() -> None:
    """Own responses, own extras and own security schemes are kept beside ours."""
    app = FastAPI()
    extra = {
        "responses": {"403": {"description": "Own 403"}},
        "x-own": {"kept": True},
        "x-required-roles": [],
    }

    @app.get("/it", responses={401: {"description": "Own 401"}}, openapi_extra=extra)
    @require_auth(roles=["admin"])
    async def endpoint(own: Annotated[Any, Security(HTTPBearer(auto_error=False))]) -> None: ...

    guarded(app)
    with started(app) as client:
        operation = client.get("/openapi.json").json()["paths"]["/it"]["get"]
    assert operation["responses"]["401"] == {"description": "Own 401"}
    assert operation["responses"]["403"]["description"] == "Own 403"
    assert operation["x-own"] == {"kept": True}
    assert operation["x-required-roles"] == []
    assert operation["security"] == [{"HTTPBearer": []}, {"watchword": []}]
    assert extra == {
        "responses": {"403": {"description": "Own 403"}},
        "x-own": {"kept": True},
        "x-required-roles": [],
    }


def test_a_mark_that_comes_late_changes_the_description() -> None:
    """A second requirement on a described route is described."""
    app = FastAPI()

    async def endpoint() -> None: ...

    app.get("/it")(endpoint)
    guarded(app)
    require_auth(roles=["admin"])(endpoint)
    assert app.openapi()["paths"]["/it"]["get"]["x-required-roles"] == ["admin"]
    require_auth(roles=["editor"])(endpoint)
    operation = app.openapi()["paths"]["/it"]["get"]
    assert operation["x-required-roles"] == ["admin", "editor"]
    told = operation["responses"]["403"]["description"]
    assert told.endswith("Needs any of the roles admin. Needs any of the roles editor.")


def test_the_scheme_can_be_replaced() -> None:
    """What the composition root offers as scheme is what the document shows."""
    scheme = {"type": "openIdConnect", "openIdConnectUrl": "https://api.example/.well-known"}
    app = small_app()
    guarded(app, security_scheme=scheme)
    assert app.openapi()["components"]["securitySchemes"] == {"watchword": scheme}


def test_an_app_without_protected_operations_mentions_nothing() -> None:
    """No scheme without an operation that needs it."""
    app = FastAPI()
    app.get("/open")(public(lambda: "open"))
    guarded(app)
    assert "components" not in app.openapi()


def test_mounted_apps_describe_their_own_operations() -> None:
    """A sub-app's document says what its operations need."""
    sub, app = small_app(), FastAPI()
    app.mount("/sub", sub)
    guarded(app)
    with started(app) as client:
        document = client.get("/sub/openapi.json").json()
    assert document["paths"]["/v2/orders"]["delete"]["security"] == [{"watchword": ["orders:write"]}]
    assert "watchword" in document["components"]["securitySchemes"]


def test_hidden_operations_and_apps_without_documents_are_left_alone() -> None:
    """Plain Starlette has no document; an app may have none; a hidden operation stays hidden."""
    plain = Starlette()
    guarded(plain)
    assert TestClient(plain).get("/openapi.json").status_code == 404
    app = FastAPI(openapi_url=None)

    @app.get("/it", include_in_schema=False)
    @require_auth
    async def endpoint() -> None: ...

    guarded(app)
    with started(app) as client:
        assert client.get("/openapi.json").status_code == 404
        assert client.get("/it").status_code == 401
    assert app.openapi()["paths"] == {}


def test_a_recent_sign_in_is_told() -> None:
    """The strictest age of all decorators is in the description of the 401."""
    app = FastAPI()

    @app.post("/transfer")
    @require_auth(max_age_seconds=300)
    @require_auth(max_age_seconds=60)
    async def transfer() -> None: ...

    guarded(app)
    responses = app.openapi()["paths"]["/transfer"]["post"]["responses"]
    assert responses["401"]["description"].endswith("The sign-in may be at most 60 seconds old.")
