"""Every place where a Starlette or FastAPI app dispatches a request, however deep it is nested.

FastAPI includes routers lazily: an included router keeps its own routes and hands out copies with
the prefix. The attributes read for that are FastAPI's own, so each is asked for, never assumed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Host, Mount, Router

from watchword.api.dependants import marks_of_dependencies
from watchword.api.marks import UNMARKED, Marks, marks_of
from watchword.api.own_routes import OwnRoutes
from watchword.api.route_table import Leaf, RouterState, RouteTable, VersionedPlace
from watchword.api.verbs import handlers_by_verb

_DEEPEST_WRAPPING = 100
_WRAPPED_AS = ("__wrapped__", "__self__", "func", "app")
_HANDSHAKE_METHODS = ("on_connect", "on_receive", "on_disconnect")


def route_table(app: Starlette) -> RouteTable:
    """Walk the app through mounts, hosts, sub-apps and included routers."""
    table = RouteTable()
    table.leaves.extend(_Walk(table).container(app, "", UNMARKED, ()))
    return table


@dataclass(slots=True)
class _Walk:
    table: RouteTable

    def container(self, app: Any, prefix: str, marks: Marks, above: tuple[int, ...]) -> Iterator[Leaf]:
        router = _router(app)
        if isinstance(app, Starlette) and app not in self.table.apps:
            self.table.apps.append(app)
        self._remember(router)
        for route in router.routes:
            yield from self._route(route, prefix, marks, (*above, id(router)))
        for group in getattr(router, "_low_priority_routes", ()):
            yield self._leaf(group, prefix + _front_end_path(group), marks, marks_of(group), ())
        for route in router.routes:
            for context in getattr(route, "effective_low_priority_routes", tuple)():
                yield from self._front_end(context, prefix, marks)

    def _remember(self, router: Any) -> None:
        if not any(state.router is router for state in self.table.states):
            self.table.states.append(RouterState.of(router))

    def _route(
        self, route: Any, prefix: str, inherited: Marks, above: tuple[int, ...], *, more: Marks = UNMARKED
    ) -> Iterator[Leaf]:
        """``more`` are marks of the route that are written elsewhere."""
        if hasattr(route, "original_router"):
            yield from self._included(route, prefix, inherited, above)
            return
        if isinstance(route, OwnRoutes):
            for each in route.routes:
                yield from self._route(each, prefix, inherited, above)
            return
        if isinstance(route, Mount | Host):
            inner = container_in(getattr(route, "_base_app", route.app))
            path, own = prefix + _path(route), marks_of(route) | marks_of(route.app) | marks_of(inner) | more
            marks = inherited | own
            walked = inner is not None and id(_router(inner)) not in above
            if marks.requirements or not walked:
                yield self._leaf(route, path + "/{path:path}", inherited, own, ())
            else:
                self._note_version(path, route, own)
            if walked:
                yield from self.container(inner, path, marks, above)
            return
        yield self._leaf(route, prefix + _path(route), inherited, marks_of(route) | more, (route,))

    def _included(self, branch: Any, prefix: str, marks: Marks, above: tuple[int, ...]) -> Iterator[Leaf]:
        router = branch.original_router
        self._remember(router)
        below = prefix + getattr(getattr(branch, "include_context", None), "prefix", "")
        own = marks_of(router)
        self._note_version(below, branch, own)
        marks |= own
        candidates = getattr(branch, "effective_candidates", None)
        if candidates is None:
            prefix = below
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
            yield from self._route(copy, prefix, marks, above, more=marks_of(original))
        else:
            path = prefix + _path(context)
            yield self._leaf(original, path, marks, marks_of(original), (original, context), context=context)

    def _front_end(self, context: Any, prefix: str, marks: Marks) -> Iterator[Leaf]:
        """Front ends of included routers are dispatched through the original or, in later versions
        of FastAPI, through an ASGI callable that was made from it."""
        group = context.original_route
        path = prefix + getattr(context, "frontend_prefix", "") + _front_end_path(group)
        own = marks_of(group)
        yield self._leaf(group, path, marks, own, (), context=context)
        if getattr(context, "app", None) is not None:
            self._note_version(path, context, own, attribute="app")
            yield Leaf(path, context, "app", None, marks | own | marks_of_dependencies(context), None, ())

    def _leaf(
        self,
        route: Any,
        path: str,
        inherited: Marks,
        own: Marks,
        describes: Sequence[Any],
        *,
        context: Any = None,
    ) -> Leaf:
        endpoint = getattr(route, "endpoint", None)
        methods = getattr(route, "methods", None)
        by_verb = None
        if endpoint is not None:
            own |= marks_of(endpoint)
            own = functools.reduce(Marks.__or__, map(marks_of, _handshake_methods(endpoint)), own)
        demanded = marks_of_dependencies(route if context is None else context)
        if own.public and demanded.requirements:
            self.table.contradictory.append(path)
        own |= demanded
        if endpoint is not None:
            verbs = handlers_by_verb(endpoint)
            by_verb = None if verbs is None else {verb: own | marks_of(each) for verb, each in verbs.items()}
        self._note_version(path, route, own, by_verb=by_verb or {})
        return Leaf(
            path=path,
            target=route,
            attribute="handle",
            methods=frozenset(methods) if methods else None,
            marks=inherited | own,
            marks_by_verb=by_verb and {verb: inherited | marks for verb, marks in by_verb.items()},
            describes=tuple(each for each in describes if hasattr(each, "openapi_extra")),
            context=context,
        )

    def _note_version(
        self,
        path: str,
        target: Any,
        own: Marks,
        *,
        attribute: str = "handle",
        by_verb: Mapping[str, Marks] = MappingProxyType({}),
    ) -> None:
        if own.versions or any(marks.versions for marks in by_verb.values()):
            self.table.versioned.append(VersionedPlace(path, target, attribute, own, by_verb))


def _front_end_path(group: Any) -> str:
    return ",".join(_path(each) for each in getattr(group, "routes", ())) + "/{path:path}"


def _handshake_methods(endpoint: Any) -> Iterator[Any]:
    """A WebSocketEndpoint is one conversation: a mark on any of its methods is one on all."""
    return (getattr(endpoint, name) for name in _HANDSHAKE_METHODS if hasattr(endpoint, name))


def container_in(app: Any) -> Any:
    """The app or router inside middleware, partials and guards; None for any other ASGI app."""
    for _ in range(_DEEPEST_WRAPPING):
        if app is None or isinstance(app, Starlette | Router):
            return app
        inner = (getattr(app, name, None) for name in _WRAPPED_AS)
        app = next((each for each in inner if each is not None), None)
    return None


def _router(app: Any) -> Any:
    return app.router if isinstance(app, Starlette) else app


def _path(route: Any) -> str:
    return getattr(route, "path", None) or ""
