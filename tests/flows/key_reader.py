"""Reads a development provider's keys over real HTTP, as a sign-in does."""

from __future__ import annotations

from typing import Any

from watchword.auth.ports import Clock
from watchword.auth.provider_guard import ProviderGuard
from watchword.auth.provider_keys import ProviderKeys
from watchword.dev_provider import DevProvider
from watchword.errors import WatchwordError
from watchword.transport.provider_http import READ_SECONDS, HttpxProviderHttp


class KeyReader:
    """``keys`` of ``provider``, not fetched yet."""

    def __init__(self, provider: DevProvider, clock: Clock, *, read_seconds: float = READ_SECONDS) -> None:
        self.provider = provider
        self.http = HttpxProviderHttp(read_seconds=read_seconds)
        self.keys = ProviderKeys(self.http, clock, ProviderGuard("dev", clock))

    def signed(self, **header: Any) -> str:
        return self.provider.sign_id_token({"sub": "x"}, header)

    async def outcome(self, token: str) -> type[WatchwordError] | None:
        """None when the signature holds, else what was raised."""
        uri = f"{self.provider.issuer}/jwks"
        try:
            await self.keys.verify(token, jwks_uri=uri, algorithms=frozenset({"ES256"}), max_bytes=9000)
        except WatchwordError as error:
            return type(error)
        return None

    @property
    def fetched(self) -> int:
        """How often the keys were asked for."""
        return [each.path for each in self.provider.requests].count("/jwks")
