"""The admin pages as the registry shows them."""

from __future__ import annotations

from typing import Any, Final

from watchword.api import admin_views
from watchword.api.admin_acts import END_SESSION, ON_PERSON

ID: Final = "019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6"
AT: Final = "2026-11-23T09:05:00Z"
NAME: Final = "Bob Example-Hottentottenstottertrottelmutter"
SERVICE: Final[dict[str, Any]] = {
    "version": "0.1.0",
    "environment": "production",
    "database": "ok",
    "key_ring": "copy",
    "cache": "away",
    "cleanup_age_seconds": 200,
    "users": {"active": 1041, "disabled": 3, "admins": 2},
    "sessions": {"live": 977, "degraded": 12},
    "providers": {"work": {"name": "Example Works", "state": "half_open"}},
}
UNKNOWN: Final[dict[str, Any]] = {
    **SERVICE,
    "cache": None,
    "cleanup_age_seconds": None,
    "users": None,
    "sessions": None,
    "providers": {},
}
_USER: Final[dict[str, Any]] = {
    "user_id": ID,
    "status": "disabled",
    "email": "bob@example.test",
    "name": NAME,
    "roles": ["editor", "watchword-admin"],
    "identity_roles": ["editor"],
    "granted_roles": ["watchword-admin"],
    "denied_roles": [],
    "created_at": AT,
    "last_sign_in_at": AT,
}
USERS: Final = (_USER, {**_USER, "status": "active", "email": None, "name": None, "last_sign_in_at": None})
PERSON: Final[dict[str, Any]] = {
    **_USER,
    "identities": [
        {
            "provider": "work",
            "email": "bob@example.test",
            "issuer": "https://login.example.test/realms/extraordinarily-long",
            "subject": "f3b1c2d4-0000-4000-8000-1234567890ab",
            "last_sign_in_at": AT,
        }
    ],
}
NOBODY: Final[dict[str, Any]] = {**PERSON, "status": "active", "email": None, "denied_roles": ["editor"]}
_SESSION: Final[dict[str, Any]] = {
    "id": ID,
    "user_id": ID,
    "client_id": "browser",
    "degraded": True,
    "created_at": AT,
    "last_seen_at": AT,
    "expires_at": AT,
    "device": "Firefox on Linux",
    "ip": "2001:db8:1234:5600::/56",
    "provider": "work",
}
SESSIONS: Final = (_SESSION, {**_SESSION, "device": None, "ip": None, "degraded": False})
EVENTS: Final = (
    {"event": "account_viewed", "occurred_at": AT, "said": f"admin_id: {ID}, by: admin"},
    {"event": "sign_in", "occurred_at": AT, "said": ""},
)
_KEY: Final[dict[str, Any]] = {
    "kid": "Vx2q8cJ1mXk0f9b3dYw6nTz4rLs7aHg5uPe2iKoQjDc",
    "algorithm": "ES256",
    "state": "active",
    "age_seconds": 86_400,
    "last_signed_at": AT,
}
KEYS: Final = (_KEY, {**_KEY, "state": "next", "age_seconds": 200_000, "last_signed_at": None})
PROVIDERS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "Example Works",
        "state": "open",
        "faults": ["provider_unavailable"],
        "sessions": {"live": 977, "degraded": 12, "unchecked": 0},
    },
    {"name": "gone", "state": "closed", "faults": [], "sessions": None},
)
STATES: Final = admin_views.STATES
ACCOUNT_STATES: Final = admin_views.ACCOUNT_STATES
DISABLE: Final = ON_PERSON["disable"]
ENABLE: Final = ON_PERSON["enable"]
END_ALL: Final = ON_PERSON["end-sessions"]
END_ONE: Final = END_SESSION
NAVIGATION: Final = (
    "link Overview",
    "link People",
    "link Sessions",
    "link Signing keys",
    "link Providers",
    "link Your account",
)
DATA: Final = frozenset(
    {
        *("0.1.0", "production", "1041", "3", "2", "977", "12", "–", "editor", "watchword-admin"),
        *("editor watchword-admin", "work", "browser", ID, NAME, "account_viewed", "sign_in"),
        *(f"admin_id: {ID}, by: admin", "ES256", _KEY["kid"], "provider_unavailable"),
        *("https://login.example.test/realms/extraordinarily-long", PERSON["identities"][0]["subject"]),
    }
)
"""What is nobody's to translate."""
