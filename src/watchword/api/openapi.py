"""What the OpenAPI document says about protected and public operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from watchword.api.marks import Marks
from watchword.api.version_openapi import announce, version_members, version_responses
from watchword.protocol.access import Requirement

SCHEME_NAME = "watchword"
PROBLEM_SCHEMA = "WatchwordProblem"
BEARER_SCHEME: Mapping[str, Any] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def security_scheme(
    base_url: str, *, for_people: Iterable[str] | None, for_machines: Iterable[str] | None
) -> Mapping[str, Any]:
    """The scheme of an API whose clients get their tokens at ``base_url`` (OpenAPI 3.1 §4.8.27): what
    makes documentation pages offer to sign in. Each argument holds the scopes of such clients, None
    where there are none; without any it is a plain bearer token."""
    token_url = f"{base_url}/auth/token"
    flows: dict[str, Any] = {}
    said = []
    if for_people is not None:
        said.append("Authorization code with PKCE, for registered clients that sign people in.")
        flows["authorizationCode"] = {
            "authorizationUrl": f"{base_url}/auth/authorize",
            "tokenUrl": token_url,
            "refreshUrl": token_url,
            "scopes": dict.fromkeys(for_people, ""),
        }
    if for_machines is not None:
        said.append("Client credentials, for registered clients that come for themselves.")
        flows["clientCredentials"] = {"tokenUrl": token_url, "scopes": dict.fromkeys(for_machines, "")}
    if not flows:
        return BEARER_SCHEME
    return {"type": "oauth2", "description": " ".join(said), "flows": flows}


_PROBLEM: Mapping[str, Any] = {
    "title": "Problem",
    "description": "Why a request was refused (RFC 9457).",
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": ["string", "null"]},
    },
    "required": ["type", "title", "status", "detail", "code", "request_id"],
}


class _Described(dict[str, Any]):
    """A route's ``openapi_extra`` with our part in it; remembers what it was made from."""

    def __init__(self, marks: Marks, own: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        super().__init__(said)
        self.marks = marks
        self.own = own


class DescribedOpenAPI:
    """Stands in for ``app.openapi``: resolves routes first, adds the components afterwards."""

    def __init__(
        self,
        document: Callable[[], Any],
        *,
        resolve: Callable[[], None],
        scheme: Mapping[str, Any],
    ) -> None:
        self.document = document
        self._resolve = resolve
        self._scheme = scheme

    def __call__(self) -> Any:
        self._resolve()
        document = self.document()
        if not isinstance(document, dict):
            return document
        protected = _mentions_scheme(document)
        announced = announce(document)
        if protected or announced:
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).setdefault(PROBLEM_SCHEMA, dict(_PROBLEM))
            if protected:
                components.setdefault("securitySchemes", {}).setdefault(SCHEME_NAME, dict(self._scheme))
        return document


def describe(route: Any, marks: Marks) -> bool:
    """Write the marks into ``route.openapi_extra``; what the user wrote there, or among the route's
    ``responses``, stays. True when that changed anything."""
    present = route.openapi_extra
    if isinstance(present, _Described):
        if present.marks == marks:
            return False
        own = present.own
    else:
        own = present or {}
    if marks.protection == "unclassified" and marks.version is None:
        return False
    documented = {str(status) for status in getattr(route, "responses", None) or {}}
    route.openapi_extra = _Described(marks, own, _overlay(_operation(marks, documented), own))
    return True


def _operation(marks: Marks, documented: set[str]) -> dict[str, Any]:
    responses = dict(version_responses(marks.version))
    operation: dict[str, Any] = dict(version_members(marks.version))
    if marks.requirements:
        responses["401"] = "Nobody is signed in, or the access token is not valid."
        ages = [asked.max_age_seconds for asked in marks.requirements if asked.max_age_seconds is not None]
        if ages:
            responses["401"] += f" The sign-in may be at most {min(ages)} seconds old."
        needs = filter(None, map(_needs, marks.requirements))
        responses["403"] = " ".join(["The caller may not do this.", *needs])
        scopes = sorted({name for asked in marks.requirements for name in asked.scopes})
        operation["security"] = [{SCHEME_NAME: scopes}]
    elif marks.public:
        operation["security"] = []
    told = {status: _problem(text) for status, text in responses.items() if status not in documented}
    if told:
        operation["responses"] = told
    if roles := sorted({role for asked in marks.requirements for role in asked.roles}):
        operation["x-required-roles"] = roles
    return operation


def _needs(asked: Requirement) -> str:
    said = []
    if asked.roles:
        said.append("Needs any of the roles " + ", ".join(sorted(asked.roles)) + ".")
    if asked.scopes:
        said.append("Needs all of the scopes " + ", ".join(sorted(asked.scopes)) + ".")
    return " ".join(said)


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{PROBLEM_SCHEMA}"}
    return {
        "description": description.strip(),
        "content": {"application/problem+json": {"schema": schema}},
    }


def _overlay(ours: dict[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(ours)
    for name, value in theirs.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), dict)
        merged[name] = _overlay(merged[name], value) if both else value
    return merged


def _mentions_scheme(document: dict[str, Any]) -> bool:
    return any(
        SCHEME_NAME in alternative
        for path in (document.get("paths") or {}).values()
        for operation in path.values()
        if isinstance(operation, dict)
        for alternative in operation.get("security") or ()
    )
