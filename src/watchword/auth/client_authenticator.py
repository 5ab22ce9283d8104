"""Which registered client sends a request, as far as it can prove that (RFC 6749 §2.3, §3.2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from watchword.auth.client_secrets import ClientSecrets
from watchword.auth.ports import Clock, SingleUseStore
from watchword.errors import InvalidClient
from watchword.protocol import jws
from watchword.protocol.claims import ClaimError
from watchword.protocol.client_assertion import (
    ASSERTION_ALGORITHMS,
    CheckedAssertion,
    check_client_assertion,
    claimed_client,
)
from watchword.protocol.client_authentication import (
    NoCredential,
    Presented,
    PresentedAssertion,
    PresentedSecret,
)
from watchword.protocol.clients import Client
from watchword.protocol.jwk import KeySet, key_from_jwk
from watchword.protocol.signing import public_jwk

_ASSERTION: Final = "client-assertion"
_CLOCKS_APART = timedelta(seconds=60)


class ClientAuthenticator:
    """An unknown client and a wrong credential are refused alike; secrets are compared and signatures
    verified for clients that do not exist, too. ``issuer`` is what assertions may name as their audience,
    beside the endpoint that is called."""

    def __init__(
        self,
        clients: Mapping[str, Client],
        secrets: ClientSecrets,
        *,
        single_use: SingleUseStore,
        clock: Clock,
        issuer: str,
        leeway_seconds: int,
    ) -> None:
        self._clients = clients
        self._secrets = secrets
        self._single_use = single_use
        self._clock = clock
        self._issuer = issuer
        self._leeway_seconds = leeway_seconds
        self._nobodys_keys = _nobodys_keys()

    async def authenticate(self, presented: Presented, *, endpoint: str) -> Client | None:
        """The client, None where none is named. ``endpoint`` is the address that was called.

        Raises InvalidClient, also for a confidential client that only says its id, and
        DatabaseUnavailable where an assertion cannot be noted as used.
        """
        match presented:
            case NoCredential(client_id):
                return None if client_id is None else self._public(client_id)
            case PresentedSecret():
                return self._by_secret(presented)
            case PresentedAssertion():
                return await self._by_assertion(presented, endpoint)

    def is_confidential(self, client_id: str) -> bool:
        client = self._clients.get(client_id)
        return client is not None and client.is_confidential

    def _public(self, client_id: str) -> Client:
        client = self._clients.get(client_id)
        if client is None:
            raise InvalidClient("no client is registered under that client_id")
        if client.is_confidential:
            raise InvalidClient(f"client {client_id!r} has to authenticate")
        return client

    def _by_secret(self, presented: PresentedSecret) -> Client:
        client = self._clients.get(presented.client_id)
        matches = self._secrets.match(presented.client_id, presented.secret)
        if client is None:
            raise InvalidClient("no client of that id is registered", by_header=presented.by_header)
        if client.credential != "secret" or not matches:
            cause = "does not authenticate by secret" if client.credential != "secret" else "sent a wrong one"
            raise InvalidClient(f"client {client.client_id!r} {cause}", by_header=presented.by_header)
        return client

    async def _by_assertion(self, presented: PresentedAssertion, endpoint: str) -> Client:
        now = self._clock.now()
        try:
            unverified = jws.parse(presented.assertion)
            client, keys = self._named_by(unverified)
            if len(keys.keys) == 1 and keys.keys[0].kid is None:
                unverified = replace(unverified, kid=None)
            verified = jws.verify_with(unverified, keys, algorithms=ASSERTION_ALGORITHMS)
            if client is None:
                raise InvalidClient("no client with keys is registered under the subject of the assertion")
            checked = check_client_assertion(
                verified,
                client_id=client.client_id,
                audiences=frozenset({self._issuer, endpoint}),
                now_seconds=int(now.timestamp()),
                leeway_seconds=self._leeway_seconds,
            )
        except (jws.JwsError, ClaimError) as fault:
            raise InvalidClient(f"the client assertion is refused: {fault}") from None
        if presented.client_id not in (None, client.client_id):
            raise InvalidClient("client_id is not the one of the assertion")
        await self._use(client, checked)
        return client

    def _named_by(self, unverified: jws.UnverifiedJws) -> tuple[Client | None, KeySet]:
        """The client with keys that an assertion names, else keys that nobody has."""
        client = self._clients.get(claimed_client(unverified) or "")
        if client is None or client.keys is None:
            return None, self._nobodys_keys
        return client, client.keys

    async def _use(self, client: Client, checked: CheckedAssertion) -> None:
        """The first use is the only one (RFC 7523 §3 point 7): one insert decides."""
        digest = hashlib.sha256(f"{client.client_id}\0{checked.jti}".encode()).digest()
        accepted_until = datetime.fromtimestamp(checked.expires_at + self._leeway_seconds, UTC)
        if not await self._single_use.claim(_ASSERTION, digest, expires_at=accepted_until + _CLOCKS_APART):
            raise InvalidClient(f"an assertion of client {client.client_id!r} was used a second time")


def _nobodys_keys() -> KeySet:
    key = public_jwk(ec.generate_private_key(ec.SECP256R1()), "ES256")
    return KeySet((replace(key_from_jwk(key), kid=None),))
