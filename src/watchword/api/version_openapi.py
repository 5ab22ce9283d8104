"""What the OpenAPI document says about operations of a version that ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from watchword.protocol.api_version import ApiVersion

_MEMBER: Final = "x-api-version"
_HEADERS: Final[Mapping[str, tuple[str, str]]] = {
    "Deprecation": (
        "WatchwordDeprecation",
        "Since when it is deprecated: @ and seconds since 1970 (RFC 9745).",
    ),
    "Sunset": ("WatchwordSunset", "From when on it answers 410 (RFC 8594)."),
    "Link": ("WatchwordGuide", 'The migration guide, by the relations "deprecation" and "sunset".'),
}


def version_members(version: ApiVersion | None) -> Mapping[str, Any]:
    """Members of an operation."""
    if version is None:
        return {}
    return {_MEMBER: version.id} | ({"deprecated": True} if version.announced else {})


def version_responses(version: ApiVersion | None) -> Mapping[str, str]:
    """Status and description of what such an operation answers besides."""
    if version is None or version.ends_at is None:
        return {}
    return {"410": "This version of the API has ended."}


def announce(document: dict[str, Any]) -> bool:
    """Name the headers on every answer of a deprecated operation of ours; true when there is one."""
    paths = (document.get("paths") or {}).values()
    operations = [each for path in paths for each in path.values() if isinstance(each, dict)]
    found = [each for each in operations if _MEMBER in each and each.get("deprecated")]
    for operation in found:
        for response in (operation.get("responses") or {}).values():
            if "$ref" not in response:
                headers = response.setdefault("headers", {})
                for name, (component, _) in _HEADERS.items():
                    headers.setdefault(name, {"$ref": f"#/components/headers/{component}"})
    if found:
        components = document.setdefault("components", {}).setdefault("headers", {})
        for component, text in _HEADERS.values():
            components.setdefault(component, {"description": text, "schema": {"type": "string"}})
    return bool(found)
