"""Routes as an operator and a test read them: what each asks, and what was forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from starlette.routing import WebSocketRoute

from watchword.api.marks import Marks, Protection, unwrapped
from watchword.api.route_table import Leaf

Origin = Literal["app", "watchword", "documentation"]

_DOCUMENTATION = "fastapi.applications"
_OURS = "watchword.api."


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """One line of a route listing; ``methods`` is empty where the route takes any, and for a
    WebSocket. ``origin`` says whose it is: ours, the framework's pages about the API, or the app's."""

    path: str
    methods: tuple[str, ...]
    protection: Protection
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    live: bool = False
    version: str | None = None
    websocket: bool = False
    origin: Origin = "app"
    in_schema: bool = True

    @property
    def name(self) -> str:
        """Methods and path, as a person names a route."""
        return " ".join((",".join(self.methods), self.path)).strip()

    @property
    def forgotten(self) -> bool:
        """Nobody said who may call it."""
        return self.protection == "unclassified" and self.origin != "documentation"

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "methods": list(self.methods),
            "protection": self.protection,
            "roles": list(self.roles),
            "scopes": list(self.scopes),
            "live": self.live,
            "version": self.version,
            "websocket": self.websocket,
            "origin": self.origin,
        }


def entries(leaf: Leaf) -> list[RouteEntry]:
    """One for a route, one for each method of a class."""
    if leaf.marks_by_verb is None:
        return [_entry(leaf, tuple(sorted(leaf.methods or ())), leaf.every_mark)]
    return [_entry(leaf, (verb,), marks) for verb, marks in leaf.marks_by_verb.items()]


def _entry(leaf: Leaf, methods: tuple[str, ...], marks: Marks) -> RouteEntry:
    return RouteEntry(
        leaf.path,
        methods,
        marks.protection,
        roles=tuple(sorted({role for asked in marks.requirements for role in asked.roles})),
        scopes=tuple(sorted({scope for asked in marks.requirements for scope in asked.scopes})),
        live=any(asked.live for asked in marks.requirements),
        version=marks.version_id,
        websocket=isinstance(leaf.target, WebSocketRoute),
        origin=_origin(leaf),
        in_schema=all(getattr(each, "include_in_schema", True) for each in (*leaf.describes, leaf.target)),
    )


def _origin(leaf: Leaf) -> Origin:
    endpoint = getattr(leaf.target, "endpoint", None)
    module = getattr(unwrapped(endpoint), "__module__", None) or ""
    if module == _DOCUMENTATION:
        return "documentation"
    return "watchword" if module.startswith(_OURS) else "app"
