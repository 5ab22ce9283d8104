"""How long a session goes on while its provider, asked again, does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

RETRY_SECONDS: Final = 30
"""How soon a session that goes on unconfirmed has its provider asked once more."""


@dataclass(frozen=True, slots=True)
class RecheckPolicy:
    """``recheck_seconds`` is how often a provider is asked again (0: never), ``grace_seconds`` how long
    a session that is due goes on without an answer."""

    recheck_seconds: int
    grace_seconds: int


@dataclass(frozen=True, slots=True)
class GoOn:
    """Inside the grace: unconfirmed since ``degraded_at``, due again at ``due_at``, at the end of the
    grace at the latest."""

    degraded_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class GraceOver:
    """Nothing is handed out until the provider answers."""

    degraded_at: datetime


def without_answer(
    *, due_at: datetime, degraded_at: datetime | None, now: datetime, grace_seconds: int
) -> GoOn | GraceOver:
    """What becomes of a due session whose provider did not answer.

    The grace runs from the moment the session was first due without an answer, however late somebody
    asked: at most the interval and the grace after its last confirmation a session is cut off.
    """
    since = due_at if degraded_at is None else degraded_at
    over_at = since + timedelta(seconds=grace_seconds)
    if now >= over_at:
        return GraceOver(since)
    return GoOn(since, min(now + timedelta(seconds=RETRY_SECONDS), over_at))
