"""Every place where a Starlette or FastAPI app dispatches a request, however deep it is nested.

FastAPI includes routers lazily: an included router keeps its own routes and hands out copies with
the prefix. The attributes read for that are FastAPI's own, so each is asked for, never assumed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Host, Mount, Router

from watchword.api.marks import Marks, marks_of
from watchword.api.verbs import handlers_by_verb

_DEEPEST_WRAPPING = 100
_HANDSHAKE_METHODS = ("on_connect", "on_receive", "on_disconnect")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A route that answers itself. Its ASGI callable is ``vars(target)[attribute]`` once replaced;
    ``describes`` are the objects FastAPI reads the operation's OpenAPI from."""

    path: str
    target: Any
    attribute: str
    methods: frozenset[str] | None
    marks: Marks
    marks_by_verb: dict[str, Marks] | None
    describes: tuple[Any, ...]

    @property
    def every_mark(self) -> Marks:
        """The marks of all methods together."""
        return functools.reduce(Marks.__or__, (self.marks_by_verb or {}).values(), self.marks)


@dataclass(frozen=True, slots=True)
class _State:
    """What a list of routes looked like; compared before every request, so it is cheap."""

    router: Any
    routes: Any
    length: int
    last: Any
    version: Any

    @classmethod
    def of(cls, router: Any) -> _State:
        routes = router.routes
        last = routes[-1] if routes else None
        return cls(router, routes, len(routes), last, getattr(router, "_routes_version", None))

    @property
    def unchanged(self) -> bool:
        routes = self.router.routes
        return (
            routes is self.routes
            and len(routes) == self.length
            and (not self.length or routes[-1] is self.last)
            and getattr(self.router, "_routes_version", None) == self.version
        )


@dataclass(slots=True)
class RouteTable:
    """What a walk over an app found: leaves in order of dispatch, and the apps on the way."""

    leaves: list[Leaf] = field(default_factory=list)
    apps: list[Starlette] = field(default_factory=list)
    states: list[_State] = field(default_factory=list)

    @property
    def is_current(self) -> bool:
        """False when routes came or went since; a swap in the middle of a list goes unnoticed."""
        return all(state.unchanged for state in self.states)


def route_table(app: Starlette) -> RouteTable:
    """Walk the app through mounts, hosts, sub-apps and included routers."""
    table = RouteTable()
    table.leaves.extend(_Walk(table).container(app, "", Marks(), ()))
    return table


@dataclass(slots=True)
class _Walk:
    table: RouteTable

    def container(self, app: Any, prefix: str, marks: Marks, above: tuple[int, ...]) -> Iterator[Leaf]:
        router = app.router if isinstance(app, Starlette) else app
        if id(router) in above:
            return
        if isinstance(app, Starlette) and app not in self.table.apps:
            self.table.apps.append(app)
        self._remember(router)
        for route in (*router.routes, *getattr(router, "_low_priority_routes", ())):
            yield from self._route(route, prefix, marks, (*above, id(router)))
            if hasattr(route, "original_router"):
                yield from self._low_priority(route, prefix, marks)

    def _remember(self, router: Any) -> None:
        if not any(state.router is router for state in self.table.states):
            self.table.states.append(_State.of(router))

    def _route(self, route: Any, prefix: str, inherited: Marks, above: tuple[int, ...]) -> Iterator[Leaf]:
        if hasattr(route, "original_router"):
            yield from self._included(route, prefix, inherited, above)
            return
        if isinstance(route, Mount | Host):
            inner = _container_in(getattr(route, "_base_app", route.app))
            marks = inherited | marks_of(route) | marks_of(route.app) | marks_of(inner)
            if inner is None or marks.requirements:
                yield _leaf(route, prefix + _path(route) + "/{path:path}", marks, ())
            if inner is not None:
                yield from self.container(inner, prefix + _path(route), marks, above)
            return
        yield _leaf(route, prefix + _path(route), inherited | marks_of(route), (route,))

    def _included(self, branch: Any, prefix: str, marks: Marks, above: tuple[int, ...]) -> Iterator[Leaf]:
        router = branch.original_router
        self._remember(router)
        candidates = getattr(branch, "effective_candidates", None)
        if candidates is None:
            prefix += getattr(getattr(branch, "include_context", None), "prefix", "")
            for route in router.routes:
                yield from self._route(route, prefix, marks, above)
            return
        for candidate in candidates():
            if hasattr(candidate, "original_router"):
                yield from self._included(candidate, prefix, marks, above)
            else:
                yield from self._effective(candidate, prefix, marks, above)

    def _effective(self, context: Any, prefix: str, marks: Marks, above: tuple[int, ...]) -> Iterator[Leaf]:
        """One route as an included router offers it: FastAPI's own routes are dispatched through
        the original, Starlette's through a copy."""
        copy, original = getattr(context, "starlette_route", None), context.original_route
        if copy is not None:
            yield from self._route(copy, prefix, marks | marks_of(original), above)
        else:
            path = prefix + _path(context)
            yield _leaf(original, path, marks | marks_of(original), (original, context))

    def _low_priority(self, branch: Any, prefix: str, marks: Marks) -> Iterator[Leaf]:
        """Front ends of included routers are dispatched through an ASGI callable of their own."""
        for context in getattr(branch, "effective_low_priority_routes", tuple)():
            own = marks | marks_of(context.original_route)
            if getattr(context, "app", None) is not None:
                yield Leaf(prefix + _path(context), context, "app", None, own, None, ())


def _leaf(route: Any, path: str, marks: Marks, describes: Sequence[Any]) -> Leaf:
    endpoint = getattr(route, "endpoint", None)
    methods = getattr(route, "methods", None)
    by_verb = None
    if endpoint is not None:
        marks |= marks_of(endpoint)
        marks = functools.reduce(Marks.__or__, map(marks_of, _handshake_methods(endpoint)), marks)
        verbs = handlers_by_verb(endpoint)
        by_verb = None if verbs is None else {verb: marks | marks_of(each) for verb, each in verbs.items()}
    return Leaf(
        path=path,
        target=route,
        attribute="handle",
        methods=frozenset(methods) if methods else None,
        marks=marks,
        marks_by_verb=by_verb,
        describes=tuple(each for each in describes if hasattr(each, "openapi_extra")),
    )


def _handshake_methods(endpoint: Any) -> Iterator[Any]:
    """A WebSocketEndpoint is one conversation: a mark on any of its methods is one on all."""
    return (getattr(endpoint, name) for name in _HANDSHAKE_METHODS if hasattr(endpoint, name))


def _container_in(app: Any) -> Any:
    """The app or router inside middleware, partials and guards; None for any other ASGI app."""
    for _ in range(_DEEPEST_WRAPPING):
        if app is None or isinstance(app, Starlette | Router):
            return app
        if isinstance(app, functools.partial):
            app = app.func
        else:
            app = getattr(app, "__wrapped__", None) or getattr(app, "app", None)
    return None


def _path(route: Any) -> str:
    return getattr(route, "path", None) or ""
