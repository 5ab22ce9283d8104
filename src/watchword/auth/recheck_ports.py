"""Asking a provider again about somebody who is signed in: what may come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from watchword.auth.ports import ProviderIdentity
from watchword.errors import WatchwordError


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The provider stands by its grant. ``refresh_token`` takes the place of the one that was used;
    None where the provider keeps it. ``identity.roles`` is None where it did not say them."""

    identity: ProviderIdentity
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The provider no longer stands by it, or what it said is about somebody else or not signed by it:
    the sessions of the grant end and nothing of the answer is kept. ``detail`` is for the operator."""

    cause: Literal["invalid_grant", "wrong_identity", "bad_signature"]
    detail: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nothing is known: an outage, or a fault between the provider and us that no person can help.
    ``refresh_token`` came with an answer that could not be verified yet; the one used is spent."""

    error: WatchwordError
    refresh_token: str | None = field(default=None, repr=False)


Refreshed = Confirmed | Withdrawn | Unanswered


class ProviderRefresher(Protocol):
    """One provider, asked with the refresh token of one grant (RFC 6749 §6, OpenID Connect Core §12)."""

    async def refresh(self, refresh_token: str, *, issuer: str, subject: str) -> Refreshed:
        """Ask once, in five seconds altogether; every outcome is returned, none raised."""
