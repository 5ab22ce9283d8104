"""A ring of known keys in memory, tokens signed with them, and two who read them: one remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.auth.feeds import SESSION, ListLog
from tests.auth.rings import keyring_of
from tests.sessions.memory_store import MemoryStore
from watchword.auth.gatekeeper import Gatekeeper
from watchword.auth.key_ports import KeyState, StoredKey, StoredRing
from watchword.auth.keyring import Keyring
from watchword.auth.revocation import RevocationFeed
from watchword.auth.sealing import Sealer
from watchword.auth.token_validator import TokenValidator
from watchword.auth.verified_tokens import VerifiedTokens
from watchword.protocol.cookies import CookieNames
from watchword.protocol.signing import SigningKey, public_jwk, sign
from watchword.testing import FakeClock

ISSUER: Final = "https://app.example.test"
MAX_LIFE_SECONDS: Final = 3600
STALE_SECONDS: Final = 30
SEALER = Sealer(bytes(32))


class SteppedClock(FakeClock):
    """A clock that an operator sets back."""

    def set_back(self, seconds: int) -> None:
        self._now -= timedelta(seconds=seconds)


def _stored(number: int, state: KeyState) -> tuple[SigningKey, StoredKey]:
    private_key = ec.derive_private_key(0xC0FFEE + number, ec.SECP256R1())
    jwk = public_jwk(private_key, "ES256")
    der = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    stored = StoredKey(
        kid=jwk["kid"],
        algorithm="ES256",
        state=state,
        public_jwk=jwk,
        sealed_private=SEALER.seal("signing-key", der, place=jwk["kid"].encode()),
        created_at=FakeClock().now(),
        activated_at=None,
        retired_at=None,
        verify_until=FakeClock().now() + timedelta(days=30) if state == "retired" else None,
    )
    return SigningKey(jwk["kid"], "ES256", private_key), stored


_RING = [_stored(0, "active"), _stored(1, "next"), _stored(2, "retired")]
SIGNERS: Final = [signer for signer, _ in _RING]
STORED: Final = [stored for _, stored in _RING]


class ListedKeys:
    """``KeyStore`` over a list that a test changes."""

    place = "database"

    def __init__(self) -> None:
        self.keys = list(STORED)

    async def load(self) -> StoredRing:
        return StoredRing("1", tuple(self.keys))

    async def replace(self, known: StoredRing, keys: Sequence[StoredKey]) -> bool:
        raise AssertionError("the ring is there")

    def let_go(self, number: int, *, at_once: bool) -> None:
        """A key leaves: it is gone, or its time is over. The first one stays, since it signs."""
        kid = STORED[number].kid
        over = [] if at_once else [replace(STORED[number], verify_until=STORED[number].created_at)]
        self.keys = [key for key in self.keys if key.kid != kid] + over

    def bring_back(self) -> None:
        self.keys = list(STORED)


def token(now: int, *, key: int = 0, **claims: Any) -> str:
    """A token of ours, a minute old and good for ten more, with other claims where they are given."""
    made = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": "user-1",
        "client_id": "browser",
        "sid": str(SESSION),
        "jti": "1.random-part",
        "iat": now - 60,
        "exp": now + 600,
        "auth_time": now - 60,
        "roles": ["editor"],
        "scope": "",
    } | claims
    return sign({name: value for name, value in made.items() if value is not None}, SIGNERS[key])


@dataclass
class Readers:
    """One ring, one feed and one clock; ``cached`` remembers what it verified, ``plain`` nothing."""

    clock: SteppedClock
    log: ListLog
    keys: ListedKeys
    keyring: Keyring
    feed: RevocationFeed
    verified: VerifiedTokens
    cached: Gatekeeper
    plain: Gatekeeper
    validator: TokenValidator


async def readers(verified: VerifiedTokens | None = None) -> Readers:
    clock = SteppedClock()
    log, keys = ListLog(clock), ListedKeys()
    keyring = keyring_of(keys, SEALER, clock)
    await keyring.load()
    held = VerifiedTokens() if verified is None else verified
    feed = RevocationFeed(log, clock, on_key_news=keyring.hear, verified=held)
    await feed.load()

    def validator(tokens: VerifiedTokens) -> TokenValidator:
        return TokenValidator(
            keyring, clock, issuer=ISSUER, audience=ISSUER, max_life_seconds=MAX_LIFE_SECONDS, verified=tokens
        )

    def gatekeeper(reading: TokenValidator) -> Gatekeeper:
        return Gatekeeper(
            validator=reading,
            feed=feed,
            sessions=MemoryStore(),
            clock=clock,
            cookie_names=CookieNames.for_base_url(ISSUER),
            base_url_origin=ISSUER,
            stale_seconds=STALE_SECONDS,
        )

    remembering = validator(held)
    return Readers(
        clock=clock,
        log=log,
        keys=keys,
        keyring=keyring,
        feed=feed,
        verified=held,
        cached=gatekeeper(remembering),
        plain=gatekeeper(validator(VerifiedTokens(max_tokens=0))),
        validator=remembering,
    )
