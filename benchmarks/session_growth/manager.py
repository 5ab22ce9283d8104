"""The product itself: a session manager with real tokens and seals over one database, and the rotation
of its store alone."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.session_growth.cluster import CannotMeasure
from benchmarks.session_growth.population import CLIENT_ID, DIGEST, GENERATION, IDLE, SEALED, session_id
from watchword.auth.clock import SystemClock
from watchword.auth.grants import SessionLimits
from watchword.auth.key_manager import KeyManager
from watchword.auth.keyring import Keyring
from watchword.auth.ports import LiveSession, Rotation
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.sealing import Sealer
from watchword.auth.session_manager import SessionManager
from watchword.auth.token_issuer import IssuedToken, TokenIssuer
from watchword.models import Session
from watchword.protocol.rotation import RecheckDue
from watchword.storage.database import SqlDatabase, open_database

_ADDRESS: Final = "https://api.example.test"
TOKENS_LIVE_SECONDS: Final = 960
_LIMITS: Final = SessionLimits(
    idle_seconds=int(IDLE.total_seconds()), absolute_seconds=7_776_000, overlap_seconds=10
)
_NO_TOKEN: Final = IssuedToken("none", 900)


class Refreshing:
    """What clients do to the loaded sessions 1 to ``sessions`` of one database."""

    def __init__(
        self,
        database: SqlDatabase,
        manager: SessionManager,
        unsigned: SessionManager,
        sealer: Sealer,
        sessions: int,
    ) -> None:
        self.database = database
        self._manager = manager
        self._unsigned = unsigned
        self._tokens = RefreshTokens(sealer)
        self._held: dict[int, str] = {}
        self._draw = random.Random(sessions)
        self._sessions = sessions

    async def hand_out(self, numbers: Sequence[int]) -> None:
        """From now on ``refresh`` knows the tokens of these sessions, and ``rotate`` must not have them."""
        tokens = {number: self._tokens.mint(session_id(number), GENERATION) for number in numbers}

        async def work(connection: AsyncConnection) -> None:
            for number, token in tokens.items():
                this = update(Session).where(Session.id == session_id(number))
                await connection.execute(this.values(refresh_digest=token.digest))

        await self.database.transactions.write("hand tokens out", work)
        self._held |= {number: token.text for number, token in tokens.items()}

    async def refresh(self, number: int) -> None:
        """The whole of it: tag, fresh token, seal, rotation, signed access token. Raises RefreshRefused."""
        grant = await self._manager.refresh(self._held[number], client_id=CLIENT_ID)
        self._held[number] = grant.refresh_token

    async def carry_on(self, number: int) -> None:
        """The same without signing an access token. Raises RefreshRefused."""
        grant = await self._unsigned.refresh(self._held[number], client_id=CLIENT_ID)
        self._held[number] = grant.refresh_token

    async def rotate(self, number: int) -> None:
        """The store's rotation alone, from the digest of every loaded session to itself. Raises
        CannotMeasure where the session was not there."""
        now = datetime.now(UTC)
        rotation = Rotation(
            session_id=session_id(number),
            client_id=CLIENT_ID,
            presented_digest=DIGEST,
            successor_digest=DIGEST,
            sealed_successor=SEALED,
            now=now,
            idle_ends_at=now + IDLE,
        )
        if await self.database.sessions.rotate(rotation) is None:
            raise CannotMeasure(f"session {number} was not rotated")

    async def rotate_any(self) -> None:
        """Any of the sessions that no token was handed out for."""
        number = self._draw.randint(1, self._sessions)
        while number in self._held:
            number = self._draw.randint(1, self._sessions)
        await self.rotate(number)


class _SignsNothing(TokenIssuer):
    """The same token for everybody."""

    def issue(self, session: LiveSession, *, now: datetime) -> IssuedToken:
        return _NO_TOKEN


@asynccontextmanager
async def refreshing(url: str, sessions: int) -> AsyncIterator[Refreshing]:
    """Over the database as a service opens it, with its default limits."""
    database = open_database(url)
    try:
        sealer, clock = Sealer(b"a secret of this benchmark alone"), SystemClock()
        keys = KeyManager(
            database.keys,
            database.key_ledger,
            sealer,
            clock,
            algorithm="ES256",
            rotate_after_seconds=2_592_000,
            tokens_live_seconds=3660,
            by="schedule",
        )
        keyring = Keyring(keys.ring, clock)
        await keyring.load()

        def manager(issuer: type[TokenIssuer]) -> SessionManager:
            return SessionManager(
                store=database.sessions,
                issuer=issuer(keyring, issuer=_ADDRESS, audience=_ADDRESS, life_seconds=900),
                sealer=sealer,
                clock=clock,
                limits=_LIMITS,
                tokens_live_seconds=TOKENS_LIVE_SECONDS,
                on_ended=_nobody_listens,
                recheck=_nobody_is_due,
            )

        yield Refreshing(database, manager(TokenIssuer), manager(_SignsNothing), sealer, sessions)
    finally:
        await database.close()


def _nobody_listens(session: UUID, until: datetime) -> None: ...


async def _nobody_is_due(session: UUID, due: RecheckDue) -> None: ...
