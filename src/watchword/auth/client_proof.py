"""The values of CLIENT_SECRET or CLIENT_KEY at one provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from watchword.auth.ports import Clock
from watchword.auth.watched_secret import Source, WatchedSecret
from watchword.config.provider import ProviderSettings
from watchword.protocol.assertion_key import AssertionKey, read_assertion_key
from watchword.protocol.jwk import thumbprint


@dataclass(frozen=True, slots=True)
class ClientProof:
    """What proves who we are: a secret, a key, or, for public clients, nothing. ``text`` is the
    secret, or what a key is told from others by."""

    text: str | None = field(default=None, repr=False)
    key: AssertionKey | None = field(default=None, repr=False, compare=False)

    @property
    def secret(self) -> str | None:
        return self.text if self.key is None else None


ClientProofs = WatchedSecret[ClientProof]
SourceOf = Callable[[str, Callable[[str], ClientProof]], Source[ClientProof] | None]


def secret_proof(text: str) -> ClientProof:
    """Raises ValueError for what no provider registers."""
    if not text.isprintable():
        raise ValueError("holds a character that cannot be printed")
    return ClientProof(text)


def key_proof(text: str) -> ClientProof:
    """From a PEM or JWK. Raises ValueError naming the fault and never a part of the key."""
    return _of_key(read_assertion_key(text))


def client_proofs(
    provider_id: str, settings: ProviderSettings, clock: Clock, source_of: SourceOf | None = None
) -> ClientProofs:
    """The values of a provider's CLIENT_SECRET or CLIENT_KEY, the first from the settings; ``source_of``
    says how a setting is read anew, None where it is not."""
    name, value, parse = "CLIENT_SECRET", ClientProof(settings.secret), secret_proof
    if settings.client_key is not None:
        name, value, parse = "CLIENT_KEY", _of_key(settings.client_key.key), key_proof
    setting = f"WATCHWORD_PROVIDERS__{provider_id.upper()}__{name}"
    source = None if source_of is None else source_of(setting, parse)
    return WatchedSecret(setting, value, clock, source=source)


def _of_key(key: AssertionKey) -> ClientProof:
    return ClientProof(" ".join((key.kid, thumbprint(key.public_jwk()), *key.algorithms)), key)
