"""A relying party whose credentials are kept elsewhere, at a provider that can change them, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.flows.conftest import BASE_URL
from tests.flows.kept_secrets import KeptSecrets, reference
from tests.flows.relying_party import RelyingParty, relying_party
from watchword.auth.client_proof import client_proofs
from watchword.auth.ports import ProviderHttp
from watchword.auth.secret_reader import SecretReader
from watchword.auth.secret_watch import SecretWatch
from watchword.auth.watched_secret import Source
from watchword.config.provider import ProviderSettings
from watchword.dev_provider import DevClient, DevProvider, DevProviderServer
from watchword.dev_provider.registration import CLIENT_ID
from watchword.protocol.assertion_key import read_assertion_key
from watchword.protocol.signing import PrivateKey
from watchword.testing import FakeClock

CALLBACK = f"{BASE_URL}/auth/callback/dev"


@dataclass
class Rotating:
    """A relying party whose client secret is kept elsewhere, and a provider that can change it, too."""

    party: RelyingParty
    kept: KeptSecrets
    watch: SecretWatch
    registered: Callable[[DevProvider, str], None] = field(repr=False)

    def at_provider(self, value: str) -> None:
        self.registered(self.party.provider, value)

    def in_store(self, value: str, **options: Any) -> None:
        self.kept.replace("client", value, **options)

    async def token_calls(self, signing_in: Callable[[], Any]) -> int:
        """How many requests to the token endpoint something takes."""
        self.party.asked()
        await signing_in()
        return self.party.asked().count("/token")


def register_secret(provider: DevProvider, value: str) -> None:
    provider.add_client(DevClient(CLIENT_ID, value, [CALLBACK], any_loopback=True))


def pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def register_key(provider: DevProvider, text: str) -> None:
    jwks = {"keys": [read_assertion_key(text).public_jwk()]}
    provider.add_client(
        DevClient(CLIENT_ID, None, [CALLBACK], any_loopback=True, auth_method="private_key_jwt", jwks=jwks)
    )


def rotating_client(
    server: DevProviderServer, http: ProviderHttp, clock: FakeClock, value: str, **changes: Any
) -> Rotating:
    """``value``, a secret or a private key, is registered and kept."""
    server.provider.reset()
    kept = KeptSecrets(client=value)
    reader = SecretReader(kept.resolver())
    signs = value.startswith("-----BEGIN")
    given = {"client_key": value, "client_auth": "private_key_jwt"} if signs else {"client_secret": value}
    base = {"issuer": server.issuer, "client_id": CLIENT_ID, **given, **changes}
    proofs = client_proofs(
        "dev",
        ProviderSettings(**base),
        clock,
        lambda setting, parse: Source(reference("client"), parse, reader),
    )
    register = register_key if signs else register_secret
    register(server.provider, value)
    party = relying_party(server, http, clock, proofs, **{"client_secret": None, **base})
    return Rotating(party, kept, SecretWatch([proofs], reader), register)
