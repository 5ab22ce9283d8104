"""Values that nobody can change any more, so that several requests may share them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any


def frozen(value: Any) -> Any:
    """A JSON value all the way down read-only: objects as mapping proxies, arrays as tuples."""
    if isinstance(value, dict):
        return MappingProxyType({name: frozen(member) for name, member in value.items()})
    if isinstance(value, list):
        return tuple(map(frozen, value))
    return value
