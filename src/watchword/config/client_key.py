"""``WATCHWORD_PROVIDERS__<ID>__CLIENT_KEY``: the private key of ``private_key_jwt``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from watchword.config.secrets import Origin, read_secret
from watchword.protocol.assertion_key import AssertionKey, read_assertion_key


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A private key that does not print; ``origin`` and ``exposed_file`` as of any secret that is read."""

    key: AssertionKey
    origin: Origin
    exposed_file: str | None = None

    def __str__(self) -> str:
        return "**********"


def read_client_key(given: Any) -> ClientKey:
    """A private JWK or PEM, written out or behind a reference. Raises ValueError naming the fix."""
    if isinstance(given, ClientKey):
        return given
    secret = read_secret(given)
    return ClientKey(read_assertion_key(secret.reveal()), secret.origin, secret.exposed_file)


ClientKeySetting = Annotated[ClientKey, PlainValidator(read_client_key), PlainSerializer(str)]
