"""Credentials for the running example, and what to expect of an answer."""

from __future__ import annotations

from tests.servers.forward_auth import Answer, Site
from watchword.auth.grants import Grant

NAMES = ("user-id", "session-id", "roles", "scopes", "issuer", "subject")
CROSS_SITE = [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")]
SAME_ORIGIN = [("Sec-Fetch-Site", "same-origin")]


def bearer(grant: Grant) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {grant.access.text}")]


def cookie(grant: Grant) -> list[tuple[str, str]]:
    return [("Cookie", f"theme=dark; ww_access={grant.access.text}")]


def truth(site: Site, grant: Grant) -> dict[str, list[str]]:
    """What the app has to be told of a caller; nothing, where there is nothing."""
    session = grant.session
    told = {
        "user-id": str(session.user_id),
        "session-id": str(session.session_id),
        "roles": ",".join(sorted(session.roles)),
        "scopes": " ".join(sorted(session.scopes)),
        "issuer": site.auth.settings.base_url,
        "subject": str(session.user_id),
    }
    return {name: [value] if value else [] for name, value in told.items()}


def told(answer: Answer) -> dict[str, list[str]]:
    """What the app was told."""
    assert answer.seen is not None, (answer.status, answer.body)
    return {name: answer.seen.all(f"x-auth-{name}") for name in NAMES}


def refused(answer: Answer, status: int) -> Answer:
    """With this status, and nothing reached the app."""
    assert answer.seen is None, answer.seen
    assert answer.status == status, answer.body
    return answer
