"""What a refresh token that did not rotate means (RFC 9700 §4.14.2).

The rotation itself is one conditional statement in storage. When it changes no row, the session
is read once and this module decides, without a clock of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from watchword.protocol.refresh_token import RefreshToken

NOTICED_WITHIN: Final = timedelta(seconds=10)
"""A database that fails now has failed for so long at most, where it was not asked for longer."""


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """What is kept to ask a session's provider again, and until when somebody is asking."""

    grant_id: UUID
    has_tokens: bool
    lease_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What storage knows about a session when its rotation changed no row. ``degraded_at`` is since
    when its provider has been due an answer that did not come."""

    session_id: UUID
    client_id: str
    generation: int
    refresh_digest: bytes = field(repr=False)
    previous_digest: bytes | None = field(repr=False)
    sealed_successor: bytes | None = field(repr=False)
    rotated_at: datetime | None
    idle_ends_at: datetime
    absolute_ends_at: datetime
    revoked_at: datetime | None
    user_active: bool
    recheck_due_at: datetime | None = None
    degraded_at: datetime | None = None
    grant: GrantFacts | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """The immediately previous token inside its window: answer the sealed successor again."""

    sealed_successor: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Replay:
    """A token that was already used: end the session."""

    reason: str


@dataclass(frozen=True, slots=True)
class Contend:
    """The current token of a live session lost a race with another change: rotate again."""


@dataclass(frozen=True, slots=True)
class RecheckDue:
    """The current token of a live session whose provider has to be asked first, by ``grant_id``; None
    where nothing is kept to ask it with."""

    grant_id: UUID | None
    due_at: datetime
    degraded_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecheckUnderWay:
    """The same, while somebody else is asking: try again shortly."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Everything else; nothing is changed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Away:
    """A time in which the database did not answer; ``ends_at`` is None while it lasts. ``begins_at`` is
    ``NOTICED_WITHIN`` before the first question without an answer at most."""

    begins_at: datetime
    ends_at: datetime | None


Current = Contend | RecheckDue | RecheckUnderWay
"""The current token of a live session, whatever keeps it from rotating."""
Decision = Overlap | Replay | Current | Reject


def classify(
    token: RefreshToken,
    facts: SessionFacts | None,
    *,
    now: datetime,
    overlap_seconds: int,
    client_id: str | None,
    away: Sequence[Away] = (),
) -> Decision:
    """Decide what a token means whose rotation changed no row. The times ``away``, of which no two
    overlap, are none of the overlap: an answer that was lost then could not be asked for again.

    A replay is looked for before expiry: a stolen older token ends the access tokens of a session
    that merely ran idle, too. Only the current token of a live session asks a provider anything.
    """
    if facts is None:
        return Reject("unknown session")
    if facts.revoked_at is not None:
        return Reject("session ended")
    if client_id is not None and client_id != facts.client_id:
        return Reject("token of another client")
    if token.generation < facts.generation:
        return _used(token, facts, now, timedelta(seconds=overlap_seconds), away)
    if token.generation > facts.generation or not hmac.compare_digest(token.digest, facts.refresh_digest):
        return Reject("token was never given out")
    return _ended(facts, now) or _recheck(facts, now) or Contend()


def _recheck(facts: SessionFacts, now: datetime) -> RecheckDue | RecheckUnderWay | None:
    due_at, grant = facts.recheck_due_at, facts.grant
    if due_at is None or now < due_at:
        return None
    if grant is None or not grant.has_tokens:
        return RecheckDue(None, due_at, facts.degraded_at)
    if grant.lease_ends_at is not None and now < grant.lease_ends_at:
        return RecheckUnderWay()
    return RecheckDue(grant.grant_id, due_at, facts.degraded_at)


def _used(
    token: RefreshToken, facts: SessionFacts, now: datetime, overlap: timedelta, away: Sequence[Away]
) -> Decision:
    previous, successor, rotated_at = facts.previous_digest, facts.sealed_successor, facts.rotated_at
    if previous is None or successor is None or rotated_at is None:
        return Replay("older generation")
    if not hmac.compare_digest(token.digest, previous):
        return Replay("older generation")
    if not overlap or _answerable(rotated_at, now, away) >= overlap:
        return Replay("previous token after the overlap")
    return _ended(facts, now) or Overlap(successor)


def _answerable(since: datetime, now: datetime, away: Sequence[Away]) -> timedelta:
    """For how long there was a database to ask. One that rotated while this process could not reach it was
    there for others, so that time is not made up for."""
    lost = (
        min(now, each.ends_at or now) - max(since, each.begins_at)
        for each in away
        if since - each.begins_at <= NOTICED_WITHIN
    )
    return now - since - sum((each for each in lost if each > timedelta(0)), timedelta(0))


def _ended(facts: SessionFacts, now: datetime) -> Reject | None:
    if now >= facts.absolute_ends_at:
        return Reject("absolute end passed")
    if now >= facts.idle_ends_at:
        return Reject("idle end passed")
    if not facts.user_active:
        return Reject("account disabled")
    return None
