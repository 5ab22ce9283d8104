"""What a FastAPI route's dependencies ask of its caller, read before any of them runs.

FastAPI keeps a tree of dependants on each route, router-level ones included. Its attributes are
FastAPI's own, so each is asked for, never assumed; whatever is not found here is still enforced by
the dependency itself, only later.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from watchword.api.dependencies import current_principal
from watchword.api.marks import UNMARKED, Marks, marks_of, unwrapped
from watchword.protocol.access import Requirement


def marks_of_dependencies(route: Any) -> Marks:
    """All that must be met because of ``current_principal`` and of dependencies with
    ``@require_auth``, however deeply nested. ``@public`` on a dependency opens nothing."""
    return functools.reduce(
        Marks.__or__, map(_asked, _dependants(getattr(route, "dependant", None))), UNMARKED
    )


def _dependants(dependant: Any) -> Iterator[Any]:
    for each in getattr(dependant, "dependencies", ()):
        yield each
        yield from _dependants(each)


def _asked(dependant: Any) -> Marks:
    call = getattr(dependant, "call", None)
    if unwrapped(call) is current_principal:
        scopes = (getattr(dependant, f"{whose}_oauth_scopes", None) or () for whose in ("parent", "own"))
        asked = Requirement(scopes=frozenset(name for names in scopes for name in names))
        return Marks((asked,), guards=frozenset({current_principal}))
    marks = marks_of(call)
    return Marks(marks.requirements, guards=marks.guards)
