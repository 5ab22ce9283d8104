"""What the admin pages show, for templates and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from watchword.api.pages.words import marked
from watchword.api.services import Services
from watchword.auth.account_ports import ListedSession
from watchword.auth.admin import Counts
from watchword.auth.audit_ports import RecordedEvent
from watchword.auth.key_manager import KeyReport
from watchword.auth.provider_health import ProviderHealth
from watchword.auth.session_count_ports import SessionCount
from watchword.protocol.rfc3339 import rfc3339

STATES: Final[Mapping[str, str]] = {
    "ok": marked("in order"),
    "copy": marked("out of reach, the copy serves"),
    "unreadable": marked("not readable"),
    "away": marked("not answering"),
    "unknown": marked("not asked yet"),
    "closed": marked("answering"),
    "half_open": marked("being tried again"),
    "open": marked("failing, left alone for now"),
    "next": marked("announced, signs next"),
    "active": marked("signs"),
    "retired": marked("only verifies"),
    "revoked": marked("revoked"),
}
"""How a state is said to people."""
ACCOUNT_STATES: Final[Mapping[str, str]] = {
    "active": marked("active"),
    "disabled": marked("disabled"),
}


def moment(time: datetime | None) -> str | None:
    return None if time is None else rfc3339(time)


def session_told(session: ListedSession) -> dict[str, Any]:
    """One of anybody's."""
    return {
        **session.as_json(),
        "user_id": str(session.user_id),
        "client_id": session.client_id,
        "degraded": session.degraded,
    }


def event_said(event: RecordedEvent) -> dict[str, str]:
    """An event for people, with its details as one line of text."""
    said = ", ".join(f"{name}: {_plain(value)}" for name, value in sorted(event.details.items()))
    return {"event": event.event, "occurred_at": rfc3339(event.occurred_at), "said": said}


def key_told(key: KeyReport, now: datetime) -> dict[str, Any]:
    """Nothing of the key itself but its public name."""
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state,
        "age_seconds": int((now - key.created_at).total_seconds()),
        "created_at": moment(key.created_at),
        "activated_at": moment(key.activated_at),
        "retired_at": moment(key.retired_at),
        "verify_until": moment(key.verify_until),
        "revoked_at": moment(key.revoked_at),
        "last_signed_at": moment(key.last_signed_at),
    }


def provider_told(health: ProviderHealth, count: SessionCount | None) -> dict[str, Any]:
    """How it does as this process sees it; ``sessions`` is None where they are not counted yet."""
    worst = [each for each in health.endpoints.values() if each.state != "closed"]
    faults = sorted({each.last_fault for each in worst if each.last_fault})
    return {
        "id": health.provider_id,
        "name": health.display_name,
        "state": health.state,
        "endpoints": {kind: each.state for kind, each in health.endpoints.items()},
        "faults": faults,
        "clock_skew_seconds": health.clock_skew_seconds,
        "sessions": None
        if count is None
        else {"live": count.live, "degraded": count.degraded, "unchecked": count.unchecked},
    }


def providers_told(services: Services, counts: Counts | None) -> list[dict[str, Any]]:
    """Every configured provider, by id."""
    services.first_look.begin()
    return [
        provider_told(client.health(), None if counts is None else counts.sessions.get(each, SessionCount()))
        for each, client in sorted(services.providers.items())
    ]


def overview_told(
    services: Services, counts: Counts | None, *, environment: str, version: str
) -> dict[str, Any]:
    """What somebody wants to know first. The counts are None where they are not there yet."""
    sessions = None if counts is None else list(counts.sessions.values())
    cleanup_age = services.cleanup.age_seconds
    return {
        "version": version,
        "environment": environment,
        "database": "ok",
        "key_ring": services.keyring.state,
        "cache": services.limits.cache_state(),
        "cleanup_age_seconds": None if cleanup_age is None else int(cleanup_age),
        "users": None
        if counts is None
        else {
            "active": counts.people.active,
            "disabled": counts.people.disabled,
            "admins": counts.people.admins,
        },
        "sessions": None
        if sessions is None
        else {
            "live": sum(each.live for each in sessions),
            "degraded": sum(each.degraded for each in sessions),
        },
        "providers": {
            each["id"]: {"name": each["name"], "state": each["state"]}
            for each in providers_told(services, counts)
        },
    }


def _plain(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(str(each) for each in value) or "-"
    return str(value)
