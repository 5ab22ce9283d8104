"""``WATCHWORD_CLIENTS__<ID>__SECRET`` and ``…__KEY``: what a confidential client authenticates with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import PlainSerializer, PlainValidator

from watchword.config.secrets import Origin, Secret, read_secret
from watchword.config.values import OneOrMore
from watchword.protocol.client_keys import client_keys
from watchword.protocol.client_secret import secret_digest, secret_fault
from watchword.protocol.jwk import KeySet
from watchword.protocol.strict_json import MalformedJson, loads_object

MAX_SECRETS: Final = 2
"""One in use and one that is rolled in or out."""

_MAX_KEY_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A client's secret, of which only the digest is kept; ``origin`` and ``exposed_file`` as of any
    secret that is read."""

    digest: bytes = field(repr=False)
    origin: Origin
    exposed_file: str | None = None

    def __str__(self) -> str:
        return "**********"


def read_client_secrets(given: Any) -> tuple[ClientSecret, ...]:
    """One or two secrets, each written out or a reference. Raises ValueError that never names one."""
    listed = (given,) if isinstance(given, Secret) else given
    if not isinstance(listed, list | tuple) or not 1 <= len(listed) <= MAX_SECRETS:
        raise ValueError(f"must be a secret, or a list of at most {MAX_SECRETS} while one is rolled")
    return tuple(map(_client_secret, listed))


def read_client_keys(given: Any) -> KeySet:
    """A public JWK or a key set, as JSON, as a table, or behind a reference. Raises ValueError."""
    if isinstance(given, KeySet):
        return given
    if isinstance(given, str):
        text = read_secret(given).reveal()
        try:
            given = loads_object(text.encode("utf-8", "surrogatepass"), max_bytes=_MAX_KEY_BYTES)
        except MalformedJson as fault:
            raise ValueError(f"must be a public JWK or a key set in JSON: {fault}") from None
    if not isinstance(given, Mapping):
        raise ValueError("must be a public JWK or a key set in JSON")
    return client_keys(given)


def _client_secret(given: Any) -> ClientSecret:
    if isinstance(given, ClientSecret):
        return given
    read = read_secret(given)
    text = read.reveal().strip()
    fault = secret_fault(text)
    if fault is not None:
        raise ValueError(fault)
    return ClientSecret(secret_digest(text), read.origin, read.exposed_file)


def _shown_keys(keys: KeySet) -> list[str]:
    return [key.kid or key.kind for key in keys.keys]


ClientSecrets = Annotated[
    tuple[ClientSecret, ...],
    PlainValidator(read_client_secrets),
    PlainSerializer(lambda secrets: [*map(str, secrets)]),
    OneOrMore,
]
ClientKeys = Annotated[KeySet, PlainValidator(read_client_keys), PlainSerializer(_shown_keys)]
