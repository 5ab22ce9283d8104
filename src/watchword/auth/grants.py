"""What sessions are opened with, and what their holders get."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from watchword.auth.account_ports import SessionCap
from watchword.auth.ports import LiveSession
from watchword.auth.token_issuer import IssuedToken

BROWSER = "browser"
"""The client id of sessions that live in our own cookies."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """``overlap_seconds`` is how long the previous refresh token still answers, ``recheck_seconds``
    how long a session goes on without its provider being asked again (0: for ever), ``cap`` how many
    sessions an account may have."""

    idle_seconds: int
    absolute_seconds: int
    overlap_seconds: int
    recheck_seconds: int = 0
    cap: SessionCap | None = None


@dataclass(frozen=True, slots=True)
class ClientContext:
    """Where a session is used from, already shortened for privacy."""

    device: str | None = None
    ip: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person's client holds after sign-in or refresh."""

    session: LiveSession
    access: IssuedToken
    issued_at: datetime
    refresh_token: str = field(repr=False)
