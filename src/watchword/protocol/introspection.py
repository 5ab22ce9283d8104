"""What is told about a token (RFC 7662 §2.2): the claims it has, or that it is nothing."""

from __future__ import annotations

from typing import Any, Final

from watchword.protocol.principal import AUTH_TIME_SOURCE, Principal

INACTIVE: Final = {"active": False}
"""For every token that counts for nothing here, whatever the reason."""

_AS_CLAIMED: Final = (
    *("client_id", "sub", "aud", "iss", "exp", "iat", "jti", "sid"),
    *("auth_time", AUTH_TIME_SOURCE),
)


def active_access_token(caller: Principal) -> dict[str, Any]:
    """The answer about a verified access token of ours; ``token_type`` says that it is one."""
    claimed = {name: caller.claims[name] for name in _AS_CLAIMED if name in caller.claims}
    said: dict[str, Any] = {"active": True, "token_type": "Bearer"}
    return said | {"scope": " ".join(sorted(caller.scopes)), "roles": sorted(caller.roles)} | claimed
