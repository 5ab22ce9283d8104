"""A test that fails when somebody forgets to say who may call a route."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from watchword.errors import NotInstalled

if TYPE_CHECKING:
    from watchword.api.route_listing import RouteEntry


def assert_all_routes_protected(
    app: Any, *, public: Iterable[str] | None = None, allow: Iterable[str] = ()
) -> None:
    """Every route of ``app`` is protected or deliberately public, watchword's own left out. The app
    needs not be started.

    ``public`` are the paths that are open on purpose: given, they must be all of them and no more.
    ``allow`` are paths that may stay as they are for now, unclassified or only observed.

    Raises AssertionError naming each route, NotInstalled for an app without watchword.
    """
    excused = _paths("allow", allow)
    listed = [each for each in _listed(app) if each.origin == "app"]
    problems = [
        f"{each.name} is {each.protection}"
        for each in listed
        if each.protection in ("unclassified", "observed") and each.path not in excused
    ]
    problems += [
        f"allow names {path}, which needs no excuse" for path in sorted(excused - _unprotected(listed))
    ]
    if public is not None:
        wanted = _paths("public", public)
        opened = {each.path: each for each in listed if each.protection == "public"}
        problems += [f"{opened[path].name} is public" for path in sorted(opened.keys() - wanted)]
        problems += [f"{path} is not public" for path in sorted(wanted - opened.keys())]
    if problems:
        raise AssertionError("\n".join(["Not every route is as it should be:", *problems]))


def _unprotected(listed: list[RouteEntry]) -> set[str]:
    return {each.path for each in listed if each.protection in ("unclassified", "observed")}


def _listed(app: Any) -> list[RouteEntry]:
    gate = getattr(getattr(app, "state", None), "watchword_gate", None)
    if gate is None:
        raise NotInstalled("this app has no watchword: call Watchword(settings).install(app) first")
    found: list[RouteEntry] = gate.routes()
    return found


def _paths(what: str, given: Iterable[str]) -> set[str]:
    if isinstance(given, str):
        raise TypeError(f"{what} is a list of paths: {what}=[{given!r}]")
    return set(given)
