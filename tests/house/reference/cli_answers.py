"""What commands print with ``--json``: an example each. A test compares names and types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_USER: Final = "019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6"
_SESSION: Final = "019e4f5b-02c4-7a6e-8d11-90f2c7b1a3e4"
_KID: Final = "J2bqV0m4yX3sB1oQk8n5tR7uW9zA0cE6gI2kM4oQ8sU"
_NEXT: Final = "P8sV1xY4aC7eG0iK3mO6qS9uW2yA5cE8gI1kM4oQ7sU"
_THEN: Final = "2026-11-23T09:00:00Z"
_ACCOUNT: Final[Mapping[str, Any]] = {
    "user_id": _USER,
    "status": "active",
    "email": "alice@example.test",
    "name": "Alice",
    "roles": ["admin"],
    "identity_roles": ["admin"],
    "granted_roles": [],
    "denied_roles": [],
    "created_at": _THEN,
    "last_sign_in_at": _THEN,
}
_SHOWN: Final[Mapping[str, Any]] = {
    **_ACCOUNT,
    "identities": [
        {
            "provider": "main",
            "issuer": "https://login.example.com/",
            "subject": "alice",
            "last_sign_in_at": _THEN,
        }
    ],
}
_CALLER: Final[Mapping[str, Any]] = {
    "kind": "user",
    "user_id": _USER,
    "email": "alice@example.test",
    "name": "Alice",
    "client_id": "browser",
    "network": None,
    "calls": 12,
    "would_be_refused": 0,
    "last_refusal": None,
    "first_seen_at": _THEN,
    "last_seen_at": _THEN,
}
_STATUS: Final = {"current": "007", "head": "007", "up_to_date": True}

ANSWERS: Final[Mapping[str, Any]] = {
    "watchword demo": {"url": "http://127.0.0.1:8000", "sign_in": "http://127.0.0.1:8000/auth/login"},
    "watchword serve": {"url": "https://your.api", "listening": "127.0.0.1:8000", "workers": 1},
    "watchword doctor": {
        "faults": 0,
        "warnings": 1,
        "findings": [
            {
                "level": "warning",
                "about": "service",
                "check": "providers",
                "text": "no provider is configured, so nobody can sign in",
                "fix": "set WATCHWORD_PROVIDERS__<ID>__ISSUER",
            }
        ],
    },
    "watchword routes": {
        "routes": [
            {
                "path": "/v2/orders",
                "methods": ["GET"],
                "protection": "protected",
                "roles": [],
                "scopes": [],
                "live": False,
                "version": None,
                "websocket": False,
                "origin": "app",
            }
        ]
    },
    "watchword dev-provider": {
        "issuer": "http://127.0.0.1:9000",
        "environment": {"WATCHWORD_PROVIDERS__DEV__ISSUER": "http://127.0.0.1:9000"},
        "people": ["alice", "bob", "carol"],
    },
    "watchword db upgrade": _STATUS,
    "watchword db downgrade": {**_STATUS, "current": "006", "up_to_date": False},
    "watchword db status": _STATUS,
    "watchword db sql": {"dialect": "postgresql", "sql": "CREATE TABLE …"},
    "watchword users list": {"users": [_ACCOUNT]},
    "watchword users show": _SHOWN,
    "watchword users grant": _SHOWN,
    "watchword users deny": _SHOWN,
    "watchword users disable": {**_SHOWN, "status": "disabled"},
    "watchword users enable": _SHOWN,
    "watchword users erase": {"user_id": _USER, "erased": True, "already": False, "sessions_ended": 1},
    "watchword sessions list": {
        "sessions": [
            {
                "id": _SESSION,
                "user_id": _USER,
                "client_id": "browser",
                "created_at": _THEN,
                "last_seen_at": _THEN,
                "expires_at": "2026-11-24T09:00:00Z",
                "device": "Firefox on Linux",
                "ip": "192.0.2.0",
                "provider": "main",
                "degraded": False,
            }
        ]
    },
    "watchword sessions revoke": {"revoked": 1, "unknown": []},
    "watchword sessions prune": {"pruned": {"sessions": 3}, "finished": True},
    "watchword keys list": {
        "keys": [
            {
                "kid": _KID,
                "algorithm": "ES256",
                "state": "active",
                "created_at": _THEN,
                "activated_at": _THEN,
                "retired_at": None,
                "verify_until": None,
                "revoked_at": None,
                "last_signed_at": _THEN,
                "last_verified_at": None,
            }
        ]
    },
    "watchword keys rotate": {"active": _NEXT, "next": _KID, "retired": _KID},
    "watchword keys revoke": {"revoked": [_KID], "revoked_before": [], "active": _NEXT, "pending": None},
    "watchword secrets rotate": {
        "resealed": {"signing_keys": 2},
        "already": {"signing_keys": 0},
        "unreadable": [],
        "busy": 0,
        "current": "50e9b486",
        "previous": ["1c2f80aa"],
    },
    "watchword versions report": {
        "versions": [
            {
                "version": "v1",
                "calls": 12,
                "would_be_refused": 0,
                "last_seen_at": _THEN,
                "caller_count": 1,
                "callers": [_CALLER],
            }
        ]
    },
    "watchword audit list": {
        "events": [
            {
                "id": "019e4f5c-1f00-7b1c-a3c2-77d0e5f6a1b2",
                "event": "roles_changed",
                "occurred_at": "2026-11-23T09:00:00.000Z",
                "user_id": _USER,
                "session_id": None,
                "ip": None,
                "details": {"by": "cli", "granted": ["admin"]},
            }
        ]
    },
    "watchword token inspect": {
        "kind": "access_token",
        "header": {"alg": "ES256", "typ": "at+jwt"},
        "claims": {"sub": _USER},
        "fault": None,
        "accepted": False,
        "code": "session_ended",
        "live_code": None,
        "cause": "the session has ended",
        "session_id": _SESSION,
        "hints": [],
    },
    "watchword init": {
        "folder": "orders",
        "made": ["main.py", "test_main.py", "watchword.toml"],
        "kept": [],
        "next": ["cd orders"],
    },
    "watchword provider status": {
        "service": {"url": "https://your.api", "reachable": True, "error": None},
        "database": {"reachable": True, "error": None},
        "providers": [
            {
                "id": "main",
                "issuer": "https://login.example.com/",
                "state": "closed",
                "metadata": {"ok": True, "error": None},
                "keys": {"ok": True, "error": None},
                "sessions": {"live": 3, "degraded": 0, "unchecked": 0},
            }
        ],
    },
    "watchword provider purge": {"provider": "main", "purged": ["metadata", "keys", "circuit"]},
}
ELSEWHERE: Final[Mapping[str, str]] = {
    "watchword users export": "[Privacy](../privacy/README.md)",
    "watchword compliance report": "[The compliance report](../compliance.md)",
}
"""What is too long for an example is on a page of its own."""
