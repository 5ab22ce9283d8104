"""A provider's key set as its publisher gives it out: counted, held back, failing, old."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from watchword.auth.ports import HttpAnswer
from watchword.auth.provider_guard import ProviderGuard
from watchword.auth.provider_keys import ProviderKeys
from watchword.dev_provider.keys import KeyRing
from watchword.errors import ProviderUnavailable, WatchwordError
from watchword.protocol.jws import JwsError
from watchword.testing import FakeClock

JWKS_URI = "https://idp.example.test/jwks"


class Publisher:
    """``ProviderHttp`` of one key set. ``answering`` unset holds every answer back; ``away`` fails;
    ``served`` is what is given out in place of the set as it is."""

    def __init__(self) -> None:
        self.ring = KeyRing()
        self.headers: dict[str, str] = {}
        self.served: bytes | None = None
        self.status = 200
        self.away = False
        self.asked = 0
        self.answering = asyncio.Event()
        self.answering.set()

    def published(self) -> bytes:
        return json.dumps(self.ring.jwks()).encode()

    async def get(self, url: str, *, max_bytes: int, bearer: str | None = None) -> HttpAnswer:
        self.asked += 1
        body = self.published() if self.served is None else self.served
        await self.answering.wait()
        if self.away:
            raise ProviderUnavailable("away")
        return HttpAnswer(self.status, {"content-type": "application/json", **self.headers}, body)

    async def post_form(
        self, url: str, form: Mapping[str, str], *, max_bytes: int, authorization: str | None = None
    ) -> HttpAnswer:
        raise AssertionError("keys are never posted for")

    async def close(self) -> None: ...


class Reader:
    """The keys as a process knows them, and whether tokens are good to it."""

    def __init__(self, publisher: Publisher, clock: FakeClock) -> None:
        self.publisher = publisher
        self.clock = clock
        self.keys = ProviderKeys(publisher, clock, ProviderGuard("main", clock, draw=lambda: 0.0))

    def token(self, *, kid: str | None = None) -> str:
        ring = self.publisher.ring
        return ring.sign({"sub": "x"}, {**ring.header(), **({} if kid is None else {"kid": kid})})

    async def sign_in(self, token: str) -> str | None:
        """None where the token of a sign-in is good, else the code of the error."""
        try:
            await self.keys.verify(token, jwks_uri=JWKS_URI, algorithms=frozenset({"ES256"}), max_bytes=9000)
        except WatchwordError as error:
            return error.code
        return None

    async def call(self, token: str) -> str | None:
        """The same for a token that anybody may send."""
        try:
            await self.keys.verify_sent_by(
                "anybody", token, jwks_uri=JWKS_URI, algorithms=frozenset({"ES256"}), max_bytes=9000
            )
        except JwsError:
            return "refused"
        except WatchwordError as error:
            return error.code
        return None

    async def landed(self) -> None:
        """What goes on in the background has come to its end."""
        for _ in range(20):
            await asyncio.sleep(0)
