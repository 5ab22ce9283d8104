"""``GET /auth/migration/{version}``: how to leave a version that ends, made from the routes there are.

Served for versions without a guide of their own, once they were announced to end. It tells what the
OpenAPI document tells: routes that are not in it are not here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.decorators import public
from watchword.api.gate import GateInstallation
from watchword.api.own_answers import refusal
from watchword.api.pages import page
from watchword.api.pages.words import marked, say
from watchword.api.route_listing import RouteEntry
from watchword.config.auth import Settings
from watchword.errors import NotFound
from watchword.protocol.api_version import ApiVersion
from watchword.protocol.migration import successor_path
from watchword.protocol.rfc3339 import rfc3339

GUIDES_AT: Final = "/auth/migration/"


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the old version and what takes its place; ``now`` is None where nothing does."""

    before: str
    now: str | None
    asks: str


@dataclass(frozen=True, slots=True)
class MigrationGuide:
    settings: Settings

    def routes(self) -> list[BaseRoute]:
        return [Route(GUIDES_AT + "{version}", self.show, methods=["GET"], include_in_schema=False)]

    @public
    async def show(self, request: Request) -> Response:
        """How to leave a version that was announced to end, where its author names no guide."""
        gate: GateInstallation = request.app.state.watchword_gate
        listed = gate.routes()
        active = gate.versions.served_guide(request.path_params["version"])
        if active is None:
            missing = NotFound("no version of that id has a guide of ours")
            return refusal(request.scope, missing, secure=self.settings.secure)
        definition = active.definition
        return page(
            "migration.html",
            secure=self.settings.secure,
            version=definition.id,
            ended=active.has_ended(request.app.state.watchword.now_seconds()),
            deprecated=_shown(definition.deprecated_at),
            ends=_shown(definition.ends_at),
            steps=migration_steps(listed, definition),
            base_url=self.settings.base_url,
        )


def migration_steps(listed: Iterable[RouteEntry], version: ApiVersion) -> list[Step]:
    """One for each method of each route of the version, in order of dispatch."""
    shown = [each for each in listed if each.origin == "app" and each.in_schema]
    others = [each for each in shown if each.version != version.id]
    return [
        _step(entry, method, others, version)
        for entry in shown
        if entry.version == version.id
        for method in _methods(entry)
    ]


def _step(entry: RouteEntry, method: str, others: list[RouteEntry], version: ApiVersion) -> Step:
    serving = {each.path: each for each in reversed(others) if method in _methods(each)}
    path = successor_path(entry.path, version.id, serving, named=version.successor)
    before = f"{method} {entry.path}"
    if path is None:
        return Step(before, None, "")
    return Step(before, f"{method} {path}", _asks(serving[path]))


def _methods(entry: RouteEntry) -> tuple[str, ...]:
    if entry.websocket:
        return ("WebSocket",)
    if not entry.methods:
        return (say(marked("Any method")),)
    return tuple(each for each in entry.methods if each != "HEAD" or "GET" not in entry.methods)


def _asks(entry: RouteEntry) -> str:
    if entry.protection in ("public", "unclassified"):
        return say(marked("nothing; it is open"))
    asked = [say(marked("a sign-in"))]
    if entry.roles:
        asked.append(_one_of(marked("the role"), marked("one of the roles"), entry.roles, marked("or")))
    if entry.scopes:
        asked.append(_one_of(marked("the scope"), marked("the scopes"), entry.scopes, marked("and")))
    return ", ".join(asked)


def _one_of(one: str, several: str, names: tuple[str, ...], last: str) -> str:
    if len(names) == 1:
        return f"{say(one)} {names[0]}"
    return f"{say(several)} {', '.join(names[:-1])} {say(last)} {names[-1]}"


def _shown(moment: datetime | None) -> dict[str, Any] | None:
    return None if moment is None else {"machine": rfc3339(moment)}
