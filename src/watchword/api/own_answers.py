"""How our own routes answer: with protective headers, and in their own words where there is nothing.

Starlette answers an unknown address and a wrong method in plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword.api.answer_headers import protect
from watchword.api.oauth_errors import oauth_error_response
from watchword.api.pages import Pages, error_page
from watchword.api.problems import log_refusal, problem_response, route_of
from watchword.api.request_id import request_id_of
from watchword.api.unlogged import forget_query
from watchword.api.ways_on import NO_WAY, TO_ACCOUNT, WaysOn
from watchword.errors import MethodNotAllowed, NotFound, WatchwordError
from watchword.protocol.accept import prefers_html

OAUTH_PATHS: Final = frozenset({"/auth/token", "/auth/refresh", "/auth/revoke", "/auth/introspect"})
"""Their errors are RFC 6749 §5.2 bodies. Nothing is read from their query, where a client that means
well may put a token or secret."""
OWN_PATHS: Final = ("/auth", "/.well-known")
"""Where nobody but us is expected to say that there is nothing."""


def with_own_answers(routes: Iterable[BaseRoute], pages: Pages, *, secure: bool) -> list[BaseRoute]:
    """The same routes; ``secure``: browsers reach us over https."""
    routes = list(routes)
    for route in routes:
        if isinstance(route, Route):
            dispatch = _OwnDispatch(route.handle, route.methods, routes, pages, secure)
            setattr(route, "handle", dispatch)  # noqa: B010
    return routes


def answer_unknown(router: Router, pages: Pages, *, below: Sequence[str], secure: bool) -> None:
    """Say ourselves that nothing is at an address that is, or lies below, one of ``below``; the empty
    one is every address."""
    router.default = _Unknown(router.default, tuple(below), pages, secure)


@dataclass(frozen=True, slots=True)
class _OwnDispatch:
    """Stands where one of our routes dispatches."""

    inner: ASGIApp
    methods: set[str] | None
    routes: Sequence[BaseRoute]
    pages: Pages
    secure: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.pages.answering(scope):
            await self._answer(scope, receive, _protecting(send, secure=self.secure))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _path(scope) in OAUTH_PATHS:
            forget_query(scope)
        if self.methods is None or scope["method"] in self.methods:
            await self.inner(scope, receive, send)
            return
        response = refusal(scope, MethodNotAllowed(f"{scope['method']} is not served"), secure=self.secure)
        response.headers["Allow"] = ", ".join(self._allowed(scope))
        await response(scope, receive, send)

    def _allowed(self, scope: Scope) -> list[str]:
        """Every method of ours at this address, which several routes may share."""
        sharing = (route for route in self.routes if route.matches(scope)[0] is not Match.NONE)
        return sorted({method for route in sharing for method in getattr(route, "methods", None) or ()})


@dataclass(frozen=True, slots=True)
class _Unknown:
    """Stands where a router ends when no route matches."""

    inner: ASGIApp
    below: tuple[str, ...]
    pages: Pages
    secure: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_ours(_path(scope)):
            await self.inner(scope, receive, send)
            return
        with self.pages.answering(scope):
            nothing = NotFound("nothing is at the address")
            response = refusal(scope, nothing, secure=self.secure, ways=TO_ACCOUNT)
        await response(scope, receive, _protecting(send, secure=self.secure))

    def _is_ours(self, path: str) -> bool:
        return any(path == each or path.startswith(f"{each}/") for each in self.below)


def refusal(scope: Scope, error: WatchwordError, *, secure: bool, ways: WaysOn = NO_WAY) -> Response:
    """The error in our own words: by the address's kind and what the caller reads. The query, which may
    hold a code, is kept out of logs."""
    forget_query(scope)
    request_id = request_id_of(scope)
    if _path(scope) in OAUTH_PATHS:
        return oauth_error_response(error, scope)
    log_refusal(error, request_id=request_id, route=route_of(scope))
    accept = [str(value, "latin-1") for name, value in scope["headers"] if name == b"accept"]
    if prefers_html(accept):
        return error_page(error, request_id=request_id, secure=secure, ways=ways)
    return problem_response(error, request_id=request_id)


def _protecting(send: Send, *, secure: bool) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            protect(MutableHeaders(scope=message), secure=secure)
        await send(message)

    return sending


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
