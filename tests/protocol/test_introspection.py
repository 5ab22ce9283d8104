"""What is told about an access token (RFC 7662 §2.2)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from watchword.protocol.introspection import INACTIVE, active_access_token
from watchword.protocol.principal import Principal

OF_A_PERSON: dict[str, Any] = {
    "iss": "https://api.example",
    "aud": "https://api.example",
    "sub": "u1",
    "client_id": "spa",
    "jti": "1.abcdefgh",
    "iat": 1,
    "exp": 2,
    "sid": "s1",
    "auth_time": 0,
    "auth_time_source": "sign_in",
    "roles": ["b", "a"],
    "scope": "y x",
}
OF_A_MACHINE = {
    name: value for name, value in OF_A_PERSON.items() if name not in ("sid", "auth_time", "auth_time_source")
}


@pytest.mark.parametrize("claims", [OF_A_PERSON, OF_A_MACHINE], ids=["person", "machine"])
def test_rfc_7662_2_2_an_active_token_is_told_by_its_claims(claims: dict[str, Any]) -> None:
    """With its kind; a claim that is ours to know, such as an e-mail address, is left out."""
    caller = Principal(
        user_id=None,
        session_id=claims.get("sid"),
        client_id="spa",
        roles=frozenset(claims["roles"]),
        scopes=frozenset({"x", "y"}),
        issuer=claims["iss"],
        subject=claims["sub"],
        claims=MappingProxyType({**claims, "email": "a@example.test", "custom": {"a": 1}}),
    )
    assert active_access_token(caller) == {
        **claims,
        "active": True,
        "token_type": "Bearer",
        "scope": "x y",
        "roles": ["a", "b"],
    }


def test_rfc_7662_2_2_an_inactive_one_is_told_nothing_of() -> None:
    """No reason, no claims."""
    assert INACTIVE == {"active": False}
