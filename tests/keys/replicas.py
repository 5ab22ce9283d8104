"""Replicas of one service, their operator, and a reader of the key set elsewhere; all on one clock."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.auth.rings import manager_of
from tests.servers.sqlite import migrated_sqlite
from watchword import Settings, Watchword
from watchword.api.services import Services
from watchword.auth.caller import RequestFacts
from watchword.auth.key_manager import KeyManager
from watchword.auth.sealing import Sealer
from watchword.composition_keys import open_key_store
from watchword.protocol import jws
from watchword.protocol.clients import Client
from watchword.protocol.jwk import KeySet, key_from_jwk
from watchword.protocol.principal import Principal
from watchword.storage import SqlDatabase, open_database
from watchword.testing import FakeClock

SECRET_KEY: Final = bytes(range(1, 33))
ROBOT: Final = Client("robot", grants=frozenset({"client_credentials"}))
READER_SECONDS: Final = 300
ALGORITHMS: Final = frozenset({"ES256", "RS256", "Ed25519"})


@dataclass
class Replica:
    """One process of the service, without a lifespan: what it does, it does on use."""

    auth: Watchword
    services: Services

    def issue(self) -> str:
        return self.services.client_tokens.issue(ROBOT, frozenset()).text

    async def accepts(self, token: str) -> bool:
        header = (b"authorization", b"Bearer " + token.encode())
        identity = await self.auth.identify(RequestFacts([header], "GET", websocket=False))
        return isinstance(identity, Principal)


@dataclass
class Reader:
    """Keeps the key set for as long as its ``max-age`` says, and asks for no key in between."""

    clock: FakeClock
    keys: KeySet = field(default_factory=lambda: KeySet(()))
    read_at: float = float("-inf")

    def accepts(self, token: str, replica: Replica) -> bool:
        if self.clock.monotonic() - self.read_at >= READER_SECONDS:
            published = replica.services.keyring.jwks()["keys"]
            self.keys = KeySet(tuple(key_from_jwk(jwk) for jwk in published))
            self.read_at = self.clock.monotonic()
        try:
            jws.verify_with(jws.parse(token), self.keys, algorithms=ALGORITHMS)
        except jws.JwsError:
            return False
        return True


class Deployment:
    """A database, its replicas, and whoever works at the command line beside them."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.url = migrated_sqlite(folder / "keys.db")
        self.clock = clock
        self.database: SqlDatabase = open_database(self.url)
        self.replicas: list[Replica] = []

    async def start(self, **keys: Any) -> Replica:
        settings = Settings(
            base_url="https://app.example.test",
            database_url=self.url,
            secret_key=base64.b64encode(SECRET_KEY).decode(),
            keys=keys,
        )
        auth = Watchword(settings, clock=self.clock)
        replica = Replica(auth, await auth.services())
        self.replicas.append(replica)
        return replica

    async def restart(self, number: int, **keys: Any) -> None:
        """One replica of a rolling deployment."""
        await self.replicas[number].auth.stop()
        replica = await self.start(**keys)
        self.replicas.remove(replica)
        self.replicas[number] = replica

    def operator(self, **policy: Any) -> KeyManager:
        sealer = Sealer(SECRET_KEY)
        store = open_key_store(self.replicas[0].auth.settings, self.database, sealer, self.clock)
        return manager_of(store, self.database.key_ledger, sealer, self.clock, by="cli", **policy)

    async def polled(self) -> None:
        """Every replica has read the feed once, and does what it has learned."""
        for replica in self.replicas:
            await replica.services.feed.poll()

    async def stop(self) -> None:
        for replica in self.replicas:
            await replica.auth.stop()
        await self.database.close()


class Load:
    """Tokens of every replica, presented to every replica for as long as they live, and to a reader."""

    def __init__(self, deployment: Deployment, *, step_seconds: int = 60) -> None:
        self.deployment = deployment
        self.step_seconds = step_seconds
        self.live: list[tuple[int, str]] = []
        self.reader = Reader(deployment.clock)
        self.refused = self.refused_elsewhere = self.accepted = 0
        self.signers: list[str] = []

    async def run(self, seconds: int) -> None:
        for _ in range(0, seconds, self.step_seconds):
            await self.step()
            self.deployment.clock.advance(self.step_seconds)

    async def step(self) -> None:
        now = self.deployment.clock.now_seconds()
        self.live = [(until, token) for until, token in self.live if until > now]
        for replica in self.deployment.replicas:
            token = replica.issue()
            self.live.append((now + 900, token))
            kid = jws.parse(token).kid or ""
            if kid not in self.signers:
                self.signers.append(kid)
            self.refused_elsewhere += not self.reader.accepts(token, self.deployment.replicas[0])
        for _, token in self.live:
            for replica in self.deployment.replicas:
                accepted = await replica.accepts(token)
                self.accepted += accepted
                self.refused += not accepted
