"""The places where an app dispatches requests, and whether that list is still true."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette

from watchword.api.marks import Marks


@dataclass(frozen=True, slots=True)
class Leaf:
    """A route that answers itself. It is dispatched through ``attribute`` of ``target``;
    ``describes`` are the objects FastAPI reads the operation's OpenAPI from, ``context`` says which
    inclusion of the route this is where FastAPI dispatches all of them through one ``target``."""

    path: str
    target: Any
    attribute: str
    methods: frozenset[str] | None
    marks: Marks
    marks_by_verb: dict[str, Marks] | None
    describes: tuple[Any, ...]
    context: Any = None

    @property
    def every_mark(self) -> Marks:
        """The marks of all methods together."""
        return functools.reduce(Marks.__or__, (self.marks_by_verb or {}).values(), self.marks)


@dataclass(frozen=True, slots=True)
class VersionedPlace:
    """Something that was marked with a version itself, and is dispatched through ``attribute`` of
    ``target``. ``by_verb`` are the methods of a class with marks of their own."""

    path: str
    target: Any
    attribute: str
    marks: Marks
    by_verb: Mapping[str, Marks]


@dataclass(frozen=True, slots=True)
class RouterState:
    """A router's routes as they were; compared before every request, which costs 5 ns a route."""

    router: Any
    routes: list[Any]
    seen: list[Any]
    version: Any

    @classmethod
    def of(cls, router: Any) -> RouterState:
        return cls(router, router.routes, list(router.routes), getattr(router, "_routes_version", None))


@dataclass(slots=True)
class RouteTable:
    """What a walk over an app found: leaves in order of dispatch, and what lies on the way to them."""

    leaves: list[Leaf] = field(default_factory=list)
    apps: list[Starlette] = field(default_factory=list)
    states: list[RouterState] = field(default_factory=list)
    versioned: list[VersionedPlace] = field(default_factory=list)
    contradictory: list[str] = field(default_factory=list)

    @property
    def is_current(self) -> bool:
        """False when routes came, went or were exchanged since."""
        for state in self.states:
            routes = state.router.routes
            if (
                routes is not state.routes
                or routes != state.seen
                or getattr(state.router, "_routes_version", None) != state.version
            ):
                return False
        return True
