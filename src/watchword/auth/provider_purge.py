"""Dropping what every replica holds of a provider, after its keys or its metadata were compromised.

A purge travels over the revocation feed, among the entries about keys: with the provider's issuer,
which those about keys of ours never have, and a value that can be no key id of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from watchword.auth import provider_keys, provider_metadata
from watchword.auth.account_ports import Actor
from watchword.auth.logs import tell
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.verified_tokens import VerifiedTokens

PurgeTarget = Literal["keys", "metadata"]
PURGE_TARGETS: Final[tuple[PurgeTarget, ...]] = ("keys", "metadata")
HELD_SECONDS: Final[Mapping[PurgeTarget, int]] = {
    "keys": provider_keys.STALE_SECONDS,
    "metadata": provider_metadata.STALE_SECONDS,
}
"""For how long a replica that is cut off from the database may go on with what is purged, and so for
how long the feed tells it."""


@dataclass(frozen=True, slots=True)
class Purge:
    """What is no longer to be held of the provider with this issuer; ``at`` is aware UTC."""

    provider_id: str
    issuer: str
    targets: tuple[PurgeTarget, ...]
    at: datetime
    by: Actor


class PurgeStore(Protocol):
    """Tells running replicas, and the audit trail; DatabaseUnavailable when it cannot be done."""

    async def add(self, purge: Purge) -> None: ...


def feed_value(target: PurgeTarget) -> str:
    """How the feed names it. A key id of ours is base64url and has no colon."""
    return f"provider:{target}"


class ProviderPurges:
    """Carries purges out here. ``verified`` are the access tokens that were verified, by provider id."""

    def __init__(self, clients: Iterable[OAuthClient], verified: Mapping[str, VerifiedTokens]) -> None:
        self._clients = tuple(clients)
        self._verified = verified

    def carry_out(self, issuer: str, value: str) -> None:
        """Of every provider with that issuer, since they share their keys. What is unknown, of another
        issuer or held nowhere is no error."""
        for client in self._clients:
            if client.issuer == issuer:
                self._forget(client, value)

    def _forget(self, client: OAuthClient, value: str) -> None:
        before = client.health()
        if value == feed_value("keys"):
            held = before.keys_age_seconds is not None
            client.keys.forget()
            verified = self._verified.get(client.provider_id)
            if verified is not None:
                verified.clear()
        elif value == feed_value("metadata"):
            held = before.metadata_age_seconds is not None
            client.forget_metadata()
        else:
            return
        if held:
            provider, what = client.provider_id, value.removeprefix("provider:")
            tell("provider_purged", "provider %s: %s purged", provider, what, provider=provider, what=what)
