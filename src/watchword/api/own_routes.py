"""Our own routes as one route of the host app, so that its other requests pass them at one look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

_CHOSEN: Final = "watchword.own_route"


class OwnRoutes(BaseRoute):
    """Offers what ``routes`` offer, in their order. A router asks every route it holds about every
    request; this one says no to all paths that begin like none of its own."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self.routes = list(routes)
        self._beginnings = tuple({_beginning(getattr(route, "path", "")) for route in self.routes})

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first full match, else the first partial one, as a router would choose."""
        path: str = scope["path"]
        root_path: str = scope.get("root_path", "")
        if not path.startswith(self._beginnings) and not (
            root_path and path.removeprefix(root_path).startswith(self._beginnings)
        ):
            return Match.NONE, {}
        best: tuple[Match, Scope] = (Match.NONE, {})
        for route in self.routes:
            match, child_scope = route.matches(scope)
            if match.value > best[0].value:
                best = match, {**child_scope, "route": route, _CHOSEN: route}
            if match is Match.FULL:
                break
        return best

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope.pop(_CHOSEN).handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The path of a route of ours. Raises NoMatchFound."""
        for route in self.routes:
            try:
                return route.url_path_for(name, **path_params)
            except NoMatchFound:
                continue
        raise NoMatchFound(name, path_params)


def _beginning(path: str) -> str:
    """A route's path up to the second slash or the first parameter."""
    return "/" + path[1:].partition("/")[0].partition("{")[0]
