"""Values that nobody can change any more, so that several requests may share them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

_OPEN: Final = (dict, list)


def frozen(value: Any) -> Any:
    """A JSON value all the way down read-only: objects as mapping proxies, arrays as tuples."""
    if isinstance(value, dict):
        members = {name: frozen(each) if isinstance(each, _OPEN) else each for name, each in value.items()}
        return MappingProxyType(members)
    if isinstance(value, list):
        return tuple(map(frozen, value))
    return value
