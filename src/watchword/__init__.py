"""watchword: the authentication layer of a Python API service.

Names load when they are first used, so that ``from watchword import require_auth`` opens no
database driver and no HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchword.api.decorators import public, require_auth
    from watchword.api.dependencies import (
        CurrentPrincipal,
        OptionalPrincipal,
        current_principal,
        optional_principal_of,
        principal_of,
    )
    from watchword.api.versioning import version
    from watchword.app import Watchword
    from watchword.config.auth import Settings
    from watchword.protocol.principal import Principal

__all__ = [
    "CurrentPrincipal",
    "OptionalPrincipal",
    "Principal",
    "Settings",
    "Watchword",
    "current_principal",
    "optional_principal_of",
    "principal_of",
    "public",
    "require_auth",
    "version",
]

_HOMES = {
    "CurrentPrincipal": "watchword.api.dependencies",
    "OptionalPrincipal": "watchword.api.dependencies",
    "Principal": "watchword.protocol.principal",
    "Settings": "watchword.config.auth",
    "Watchword": "watchword.app",
    "current_principal": "watchword.api.dependencies",
    "optional_principal_of": "watchword.api.dependencies",
    "principal_of": "watchword.api.dependencies",
    "public": "watchword.api.decorators",
    "require_auth": "watchword.api.decorators",
    "version": "watchword.api.versioning",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
