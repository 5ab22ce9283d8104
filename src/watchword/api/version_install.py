"""How the versions of an app come to be in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from starlette.applications import Starlette
from starlette.types import ASGIApp

from watchword.api.marks import Marks, marks_of
from watchword.api.route_listing import RouteEntry
from watchword.api.route_table import Leaf, RouteTable, VersionedPlace
from watchword.api.route_walk import route_table
from watchword.api.version_dispatch import VersionedApp, VersionedDispatch, VersionHeaders
from watchword.api.version_policy import Versions
from watchword.auth.logs import tell
from watchword.errors import ConfigurationError
from watchword.protocol.printable import printable

_MAX_REPORT_CHARS: Final = 2000


class VersionInstallation:
    """The versions of one app. Apps without any pay nothing for them."""

    def __init__(self, app: Starlette, versions: Versions, *, now_seconds: Callable[[], int]) -> None:
        self._app = app
        self._serving = VersionedApp(versions, now_seconds)
        self._frame_what_is_built()

    @property
    def versions(self) -> Versions:
        return self._serving.versions

    def place(self, table: RouteTable) -> None:
        """Wrap whatever is of a version. Raises ConfigurationError for what cannot be meant."""
        self._refuse_mistakes(table)
        self.versions.adopt(version for leaf in table.leaves for version in leaf.every_mark.versions)
        for place in table.versioned:
            self._wrap(place)
        stack = self._app.middleware_stack
        if table.versioned and stack is not None and not isinstance(stack, VersionHeaders):
            self._app.middleware_stack = VersionHeaders(stack, self._serving)

    def in_force(self, marks: Marks) -> Marks:
        """The marks with the dates that count, for the description of a route."""
        active = None if marks.version_id is None else self.versions.get(marks.version_id)
        return marks if active is None else replace(marks, versions=(active.definition,))

    def report(self, routes: Iterable[RouteEntry]) -> None:
        """Say when the app starts what is not enforced, and what the operator may have overlooked."""
        observed: dict[str, list[str]] = {}
        for entry in routes:
            version = self.versions.get(entry.version) if entry.version is not None else None
            if version is not None and version.observed:
                observed.setdefault(version.id, []).append(entry.name)
        for name, listed in sorted(observed.items()):
            told = printable("; ".join(listed), max_chars=_MAX_REPORT_CHARS)
            message = "routes of version %s are observed, @require_auth refuses nobody: %s"
            tell("version_observed", message, name, told, version=name, routes=told)
        for warning in self.versions.warnings():
            tell("version_overlooked", "%s", warning)

    def _frame_what_is_built(self) -> None:
        build = self._app.build_middleware_stack

        def build_framed() -> ASGIApp:
            stack = build()
            return VersionHeaders(stack, self._serving) if route_table(self._app).versioned else stack

        setattr(self._app, "build_middleware_stack", build_framed)  # noqa: B010 -- mypy knows a method

    def _wrap(self, place: VersionedPlace) -> None:
        present = getattr(place.target, place.attribute)
        if not isinstance(present, VersionedDispatch):
            present = VersionedDispatch(present)
            setattr(place.target, place.attribute, present)
        by_verb = {verb: marks.version_id for verb, marks in place.by_verb.items()}
        present.follow(place.path, place.marks.version_id, by_verb, self._serving)

    def _refuse_mistakes(self, table: RouteTable) -> None:
        problems = [
            f"{leaf.path} is of the versions {', '.join(sorted(ids))}; a route is of one"
            for leaf in table.leaves
            for marks in _kinds(leaf)
            if len(ids := {version.id for version in marks.versions}) > 1
        ]
        if marks_of(self._app).versions:
            problems.append("a version marks routes, routers and mounted apps, not the app with the gate")
        if problems:
            raise ConfigurationError(sorted(set(problems)))


def dispatch_place(target: Any, attribute: str) -> tuple[Any, str]:
    """Where the gate of a route goes: behind its version, so that an end comes before a sign-in."""
    present = getattr(target, attribute)
    return (present, "inner") if isinstance(present, VersionedDispatch) else (target, attribute)


def _kinds(leaf: Leaf) -> Iterator[Marks]:
    if leaf.marks_by_verb is None:
        yield leaf.marks
    else:
        yield from leaf.marks_by_verb.values()
