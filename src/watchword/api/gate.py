"""The gate: how an app's marked routes come to be protected."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from threading import Lock
from typing import Any, Literal, Protocol

from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Lifespan

from watchword.api.dispatch import GatedDispatch
from watchword.api.marks import edition
from watchword.api.openapi import BEARER_SCHEME, DescribedOpenAPI, describe
from watchword.api.problems import handle_error
from watchword.api.route_listing import RouteEntry, entries
from watchword.api.route_table import Leaf, RouteTable
from watchword.api.route_walk import route_table
from watchword.api.version_install import VersionInstallation, dispatch_place
from watchword.api.version_policy import Versions
from watchword.auth.caller import Authenticator
from watchword.auth.logs import tell
from watchword.errors import ConfigurationError, WatchwordError
from watchword.protocol.printable import printable

Default = Literal["allow", "deny"]
_MAX_REPORT_CHARS = 2000


class IdentifyingMiddleware(Protocol):
    """The class that puts the caller on the scope: ``AuthMiddleware``."""

    def __call__(
        self, app: ASGIApp, *, authenticator: Authenticator, resolve: Callable[[], None]
    ) -> ASGIApp: ...


def install_gate(
    app: Starlette,
    *,
    authenticator: Authenticator,
    middleware: IdentifyingMiddleware,
    default: Default = "allow",
    lifespan: Callable[[], AbstractAsyncContextManager[None]] | None = None,
    security_scheme: Mapping[str, Any] = BEARER_SCHEME,
    versions: Versions | None = None,
) -> GateInstallation:
    """Protect ``app``: ``middleware`` becomes its outermost, routes are wrapped at start-up.

    ``default="deny"`` answers 403 ``route_unclassified``, to everybody, on routes without a mark.
    ``lifespan`` is entered before the app's own and left after it. ``security_scheme`` is the
    OpenAPI scheme that protected operations name. ``versions`` is what is known beside the code of
    the versions that routes are of. Raises ConfigurationError for an app that has started already or
    has a gate already.
    """
    if app.middleware_stack is not None:
        raise ConfigurationError(["install watchword before the app starts or serves a request"])
    if any(getattr(each, "cls", None) is middleware for each in app.user_middleware):
        raise ConfigurationError(["watchword is installed in this app already"])
    if default not in ("allow", "deny"):
        raise ConfigurationError([f"default is 'allow' or 'deny', not {default!r}"])
    installation = GateInstallation(
        app,
        deny=default == "deny",
        security_scheme=security_scheme,
        versions=VersionInstallation(app, versions or Versions(), now_seconds=authenticator.now_seconds),
    )
    app.add_middleware(middleware, authenticator=authenticator, resolve=installation.resolve)
    app.router.lifespan_context = installation.around(app.router.lifespan_context, lifespan or nullcontext)
    return installation


class GateInstallation:
    """A gate in one app. It learns routes at start-up, or before the first request after they came."""

    def __init__(
        self,
        app: Starlette,
        *,
        deny: bool,
        security_scheme: Mapping[str, Any],
        versions: VersionInstallation,
    ) -> None:
        self._app = app
        self._deny = deny
        self._scheme = security_scheme
        self._placed = versions
        self.table: RouteTable | None = None
        self._edition = -1
        self._lock = Lock()
        self._prepare(app)

    def resolve(self) -> None:
        """Wrap every route whose marks ask for it; next to nothing when routes have not changed."""
        table = self.table
        if table is None or self._edition != edition() or not table.is_current:
            with self._lock:
                self._learn()

    def routes(self) -> list[RouteEntry]:
        """Every route of the app and how it is protected, in order of dispatch. Raises
        ConfigurationError for versions that contradict each other."""
        return [entry for leaf in self._leaves() for entry in entries(leaf)]

    @property
    def versions(self) -> Versions:
        """The versions that routes are of, as they are in force."""
        return self._placed.versions

    def around(
        self, inner: Lifespan[Any], outer: Callable[[], AbstractAsyncContextManager[None]]
    ) -> Lifespan[Any]:
        """The app's lifespan inside ``outer``, with routes resolved when both have started."""

        @asynccontextmanager
        async def lifespan(app: Any) -> AsyncIterator[Any]:
            async with outer(), inner(app) as state:
                self._report()
                yield state

        return lifespan

    def _learn(self) -> None:
        seen = edition()
        table = route_table(self._app)
        self._placed.place(table)
        parents: dict[tuple[int, str] | int, list[Leaf]] = {}
        described = False
        for leaf in table.leaves:
            parents.setdefault(_place(leaf), []).append(leaf)
            for route in leaf.describes:
                described = describe(route, self._placed.in_force(leaf.every_mark)) or described
        for leaves in parents.values():
            self._gate(leaves)
        for app in table.apps:
            self._prepare(app)
            if described and hasattr(app, "openapi_schema"):
                app.openapi_schema = None
        self.table, self._edition = table, seen

    def _gate(self, leaves: list[Leaf]) -> None:
        target, attribute = dispatch_place(leaves[0].target, leaves[0].attribute)
        present = getattr(target, attribute)
        if isinstance(present, GatedDispatch):
            present.follow(leaves, deny=self._deny)
        elif self._deny or any(leaf.every_mark.requirements for leaf in leaves):
            gated = GatedDispatch(present)
            gated.follow(leaves, deny=self._deny)
            setattr(target, attribute, gated)

    def _prepare(self, app: Any) -> None:
        """What an app, or a sub-app that came along, needs besides wrapped routes."""
        if WatchwordError not in app.exception_handlers:
            app.exception_handlers[WatchwordError] = handle_error
            _handle_in_built_stack(app.middleware_stack)
        document = getattr(app, "openapi", None)
        if hasattr(app, "openapi_schema") and not isinstance(document, DescribedOpenAPI | None):
            app.openapi = DescribedOpenAPI(document, resolve=self.resolve, scheme=self._scheme)

    def _leaves(self) -> list[Leaf]:
        """One leaf a route, also where FastAPI dispatches it in two places."""
        self.resolve()
        leaves = () if self.table is None else self.table.leaves
        return [leaf for leaf in leaves if leaf.attribute == "handle"]

    def _report(self) -> None:
        """Forgetting a decorator is seen when the app starts."""
        listed = self.routes()
        self._placed.report(listed)
        unmarked = [entry.name for entry in listed if entry.forgotten]
        if unmarked:
            fate = "refused" if self._deny else "open to anyone"
            routes = printable("; ".join(unmarked), max_chars=_MAX_REPORT_CHARS)
            message = "routes with neither @require_auth nor @public are %s: %s"
            tell("routes_unmarked", message, fate, routes, fate=fate, routes=routes)
        if self.table is not None and self.table.contradictory:
            routes = printable("; ".join(self.table.contradictory), max_chars=_MAX_REPORT_CHARS)
            message = "routes that are @public, but whose dependencies need a caller: %s"
            tell("routes_contradictory", message, routes, routes=routes)


def _place(leaf: Leaf) -> tuple[int, str] | int:
    """Where a leaf dispatches: FastAPI's copies of a wrapped mount share its wrapper."""
    target, attribute = dispatch_place(leaf.target, leaf.attribute)
    present = getattr(target, attribute)
    return id(present) if isinstance(present, GatedDispatch) else (id(target), attribute)


def _handle_in_built_stack(layer: Any) -> None:
    """A sub-app that has served before keeps its handlers in the middleware it was built with."""
    handler: Any = handle_error
    while layer is not None:
        if isinstance(layer, ExceptionMiddleware):
            layer.add_exception_handler(WatchwordError, handler)
        layer = getattr(layer, "app", None)
