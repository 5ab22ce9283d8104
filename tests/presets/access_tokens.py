"""Access tokens as each vendor documents them, issued at ``NOW`` for the API of these tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.protocol.workshop import NOW

API: Final = "https://api.example"
CLIENT: Final = "client-1"
TENANT: Final = "9f2a1c34-6d1b-4c8e-8a35-0f6d8f1f7b11"
ABSENT: Final = object()


@dataclass(frozen=True)
class Sample:
    """A token of a person: its issuer, header ``typ`` and claims, and what it says of its caller."""

    issuer: str
    typ: str | None
    claims: Mapping[str, Any]
    subject: str = "person-1"
    roles: frozenset[str] = frozenset()
    audience: str = API
    settings: Mapping[str, Any] = field(default_factory=dict)

    def changed(self, /, *, now: int = NOW, **changes: Any) -> dict[str, Any]:
        """The claims with others; ABSENT leaves one out. Times move along with ``now``."""
        times = {"iat": now, "exp": now + 3600, "auth_time": now - 60}
        given = {"iss": self.issuer, "sub": "person-1", **self.claims}
        moved = {name: times.get(name, value) for name, value in given.items()}
        return {name: value for name, value in {**moved, **changes}.items() if value is not ABSENT}


_TIMES = {"iat": 0, "exp": 0}
SAMPLES: Final[Mapping[str, Sample]] = {
    "oidc": Sample(
        "https://op.example",
        "at+jwt",
        {
            **_TIMES,
            "aud": API,
            "client_id": CLIENT,
            "jti": "t1",
            "scope": "read write",
            "roles": ["editor"],
            "auth_time": 0,
        },
        roles=frozenset({"editor"}),
    ),
    "auth0": Sample(
        "https://tenant.eu.auth0.com/",
        "JWT",
        {
            **_TIMES,
            "aud": [API, "https://tenant.eu.auth0.com/userinfo"],
            "azp": CLIENT,
            "scope": "read write",
            "https://api.example/roles": ["editor"],
        },
        roles=frozenset({"editor"}),
        settings={"role_claims": ["https://api.example/roles"]},
    ),
    "okta": Sample(
        "https://dev-1.okta.com/oauth2/default",
        None,
        {
            **_TIMES,
            "ver": 1,
            "jti": "AT.1",
            "aud": API,
            "cid": CLIENT,
            "uid": "00u1",
            "scp": ["read", "write"],
            "sub": "person@example.org",
            "groups": ["editor"],
            "auth_time": 0,
        },
        subject="00u1",
        roles=frozenset({"editor"}),
    ),
    "cognito": Sample(
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool",
        None,
        {
            **_TIMES,
            "client_id": "app-client",
            "token_use": "access",
            "jti": "t1",
            "scope": "read write",
            "username": "person",
            "cognito:groups": ["editor"],
            "auth_time": 0,
            "version": 2,
        },
        roles=frozenset({"editor"}),
        audience="app-client",
    ),
    "entra": Sample(
        f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "JWT",
        {
            **_TIMES,
            "aud": API,
            "azp": CLIENT,
            "oid": "00000000-0000-0000-66f3-3332eca7ea81",
            "tid": TENANT,
            "ver": "2.0",
            "uti": "u1",
            "scp": "read write",
            "roles": ["editor"],
        },
        subject="00000000-0000-0000-66f3-3332eca7ea81",
        roles=frozenset({"editor"}),
        settings={"allowed_tenants": [TENANT]},
    ),
    "keycloak": Sample(
        "https://sso.example/realms/main",
        "JWT",
        {
            **_TIMES,
            "aud": [API, "account"],
            "azp": CLIENT,
            "typ": "Bearer",
            "jti": "t1",
            "sid": "their-session",
            "scope": "read write",
            "realm_access": {"roles": ["editor"]},
        },
        roles=frozenset({"editor"}),
    ),
}
