"""Rate limits around routes: who asks too often is refused before anything is done or used up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from watchword.api.client_address import client_address
from watchword.api.oauth_errors import oauth_error_response
from watchword.api.own_answers import refusal
from watchword.api.pages import error_page
from watchword.api.problems import log_refusal, route_of
from watchword.api.request_id import request_id_of
from watchword.api.services import ServicesSource
from watchword.api.unlogged import forget_query
from watchword.config.auth import Settings
from watchword.config.rate_limits import LimitName
from watchword.errors import RateLimited, WatchwordError

Audience = Literal["browser", "client", "either"]

LIMITED: Final[Mapping[str, tuple[LimitName, Audience]]] = {
    "/auth/login": ("login", "browser"),
    "/auth/login/{provider}": ("login", "browser"),
    "/auth/link/{provider}": ("login", "browser"),
    "/auth/authorize": ("login", "browser"),
    "/auth/callback/{provider}": ("callback", "browser"),
    "/auth/refresh": ("refresh", "client"),
    "/auth/token": ("token", "client"),
    "/auth/introspect": ("introspect", "client"),
    "/auth/terms": ("terms", "either"),
}
"""Path → the limit it counts towards and who reads the refusal."""
ADMIN: Final = "/auth/admin"
"""There and below, everything counts towards one limit."""


def limited(routes: Iterable[BaseRoute], settings: Settings, services: ServicesSource) -> list[BaseRoute]:
    """The same routes, those in ``LIMITED`` with their limit around them where it is in force."""
    routes = list(routes)
    for route in routes:
        name, audience = limit_of(getattr(route, "path", ""))
        if isinstance(route, Route) and name is not None and settings.rate_limit(name) is not None:
            refuse = _refusing(audience, settings)
            route.app = _Limited(route.app, name, settings.trusted_proxy_hops, services, refuse)
    return routes


def limit_of(path: str) -> tuple[LimitName | None, Audience | None]:
    """The limit that a path counts towards, if any, and who reads the refusal."""
    if path == ADMIN or path.startswith(f"{ADMIN}/"):
        return "admin", "either"
    return LIMITED.get(path, (None, None))


@dataclass(frozen=True, slots=True)
class _Limited:
    """The ASGI app of one route behind its limit per client address."""

    inner: ASGIApp
    name: LimitName
    trusted_hops: int
    services: ServicesSource
    refuse: Callable[[RateLimited, Scope], Response]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._count(scope)
        except RateLimited as error:
            forget_query(scope)
            await self.refuse(error, scope)(scope, receive, send)
        else:
            await self.inner(scope, receive, send)

    async def _count(self, scope: Scope) -> None:
        """Raises RateLimited. Where the parts cannot be had, the endpoint itself says why."""
        try:
            services = await self.services()
        except WatchwordError:
            return
        address = client_address(scope, trusted_hops=self.trusted_hops)
        await services.limits.check_address(self.name, address)


def _refusing(audience: Audience | None, settings: Settings) -> Callable[[RateLimited, Scope], Response]:
    match audience:
        case "browser":
            return _page(settings)
        case "either":
            return lambda error, scope: refusal(scope, error, secure=settings.secure)
        case _:
            return _oauth_error


def _page(settings: Settings) -> Callable[[RateLimited, Scope], Response]:
    def refuse(error: RateLimited, scope: Scope) -> Response:
        request_id = request_id_of(scope)
        log_refusal(error, request_id=request_id, route=route_of(scope))
        response = error_page(error, request_id=request_id, secure=settings.secure)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return refuse


def _oauth_error(error: RateLimited, scope: Scope) -> Response:
    return oauth_error_response(error, scope)
