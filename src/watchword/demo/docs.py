"""``/docs`` of the demo: Swagger UI from our own origin, signed in as any other first-party client."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fastapi import FastAPI
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from watchword.api.decorators import public
from watchword.config.auth import Settings
from watchword.config.base_url import is_loopback_url
from watchword.config.client import ClientSettings

CLIENT_ID: Final = "swagger-ui"
_REDIRECT: Final = "/docs/oauth2-redirect"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SWAGGER_UI: Final = ("fastapi_offline", "static")
_OWN: Final = ("watchword.demo", "assets")
_ASSETS: Final = {
    "swagger-ui-bundle.js": (_SWAGGER_UI, "text/javascript"),
    "swagger-ui.css": (_SWAGGER_UI, "text/css"),
    "docs.js": (_OWN, "text/javascript"),
    "home.js": (_OWN, "text/javascript"),
    "oauth2-redirect.js": (_OWN, "text/javascript"),
}
_TEMPLATES = Environment(loader=PackageLoader("watchword.demo"), autoescape=True, undefined=StrictUndefined)


def with_docs_client(settings: Settings) -> Settings:
    """``settings`` with Swagger UI as a client of its own, unless one of that id is configured or
    the base URL is none that a client may return to."""
    usable = settings.secure or is_loopback_url(settings.base_url)
    if CLIENT_ID in settings.clients or not usable:
        return settings
    client = ClientSettings.model_validate({"redirect_uris": [settings.base_url + _REDIRECT]})
    return settings.model_copy(update={"clients": {**settings.clients, CLIENT_ID: client}})


def add_docs(app: FastAPI, settings: Settings) -> None:
    """Serve ``/docs`` and what it needs; nothing of it comes from elsewhere."""
    context = {
        "title": app.title,
        "openapi": app.openapi_url,
        "redirect": settings.base_url + _REDIRECT,
        "client": CLIENT_ID if CLIENT_ID in settings.clients else "",
    }

    @public
    async def docs(_: Request) -> Response:
        return _page("docs.html", **context)

    @public
    async def oauth2_redirect(_: Request) -> Response:
        return _page("oauth2_redirect.html")

    app.router.routes += [
        Route("/docs", docs),
        Route(_REDIRECT, oauth2_redirect),
        Route("/docs/assets/{name}", _asset),
    ]


@public
async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _ASSETS:
        return Response(status_code=404)
    (package, *folders), media_type = _ASSETS[name]
    content = files(package).joinpath(*folders, name).read_bytes()
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)


def _page(name: str, **context: str | None) -> Response:
    """No ``Cross-Origin-Opener-Policy``: the page and the window it opens have to meet again."""
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(_TEMPLATES.get_template(name).render(context), headers=headers)
