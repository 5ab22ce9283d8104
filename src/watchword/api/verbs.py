"""Which HTTP methods a class-based endpoint serves itself."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from starlette.endpoints import HTTPEndpoint

_VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")
_STANDARD = ("__await__", "dispatch", "method_not_allowed")


def handlers_by_verb(endpoint: object) -> Mapping[str, Any] | None:
    """HTTP method → handler of a Starlette ``HTTPEndpoint`` class, None for everything else."""
    if not (inspect.isclass(endpoint) and issubclass(endpoint, HTTPEndpoint)):
        return None
    handlers = {verb: handler for verb in _VERBS if (handler := getattr(endpoint, verb.lower(), None))}
    if "GET" in handlers:
        handlers.setdefault("HEAD", handlers["GET"])
    return handlers


def answers_405(endpoint: Any) -> bool:
    """True when an ``HTTPEndpoint`` class leaves methods it has no handler for to Starlette.

    A class that dispatches in a way of its own may serve any method.
    """
    return all(_origin(endpoint, name) is _origin(HTTPEndpoint, name) for name in _STANDARD)


def _origin(endpoint: Any, name: str) -> Any:
    return inspect.unwrap(getattr(endpoint, name))
