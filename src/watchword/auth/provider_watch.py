"""Looks whether providers that are left alone answer again, so that people need not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from watchword.auth.jitter import jitter
from watchword.auth.logs import tell
from watchword.auth.ports import ProviderHttp
from watchword.auth.provider_call import provider_call
from watchword.auth.provider_guard import ProviderGuard
from watchword.auth.provider_health import EndpointKind
from watchword.auth.provider_keys import ProviderKeys
from watchword.auth.provider_metadata import MetadataSource
from watchword.errors import ProviderCrowded, ProviderUnavailable, WatchwordError
from watchword.protocol.discovery import ProviderMetadata
from watchword.protocol.provider_answer import MAX_ANSWER_BYTES, check_answering

LOOK_SECONDS: Final = 10.0
JITTER_SHARE: Final = 0.2

_DOCUMENTS: Final[frozenset[EndpointKind]] = frozenset({"discovery", "jwks"})

_FOR_NOTHING: Final[Mapping[EndpointKind, Mapping[str, str]]] = {
    "token": {"grant_type": "authorization_code"},
    "par": {"response_type": "code"},
}
"""Requests of no client, which every endpoint that works refuses (RFC 6749 §5.2, RFC 9126 §2.3)."""


class ProviderLookout:
    """Looks at the endpoints of one provider.

    A document is fetched and checked as for anybody, and kept. Other endpoints are asked without
    credentials, by their own method and for nothing, whether they answer at all, which says less than a
    grant that succeeds: an endpoint whose wait was shortened for it must be seen failing before that
    happens again.
    """

    def __init__(
        self, guard: ProviderGuard, http: ProviderHttp, metadata: MetadataSource, keys: ProviderKeys
    ) -> None:
        self._guard = guard
        self._http = http
        self._metadata = metadata
        self._keys = keys
        self._shortened: set[EndpointKind] = set()

    async def look(self) -> None:
        """One request to each open endpoint, one to each half-open document, none to others."""
        health = self._guard.health()
        open_ = [kind for kind, each in health.items() if each.state == "open"]
        half_open = [kind for kind in _DOCUMENTS if health[kind].state == "half_open"]
        self._shortened.difference_update(kind for kind, each in health.items() if each.state == "closed")
        await asyncio.gather(
            *(self._look_at_open(kind) for kind in open_ if not self._guard.is_throttled(kind)),
            *(self._try_out(kind) for kind in half_open),
        )

    async def _look_at_open(self, kind: EndpointKind) -> None:
        try:
            with provider_call(probe=True):
                await self._ask(kind)
        except ProviderCrowded:
            return
        except WatchwordError:
            self._shortened.discard(kind)
            return
        if kind not in self._shortened:
            self._guard.hasten(kind)
        if kind not in _DOCUMENTS:
            self._shortened.add(kind)

    async def _try_out(self, kind: EndpointKind) -> None:
        """The probe that closes a breaker, though nobody needs the document right now."""
        try:
            await self._guard.run(kind, lambda: self._ask(kind))
        except WatchwordError:
            return

    async def _ask(self, kind: EndpointKind) -> None:
        if kind == "discovery":
            await self._metadata.look()
            return
        url = _address(self._metadata.known, kind)
        if url is None:
            raise ProviderUnavailable(f"where {kind} is has been forgotten")
        if kind == "jwks":
            await self._keys.look(url)
            return
        form = _FOR_NOTHING.get(kind)
        if form is None:
            answer = await self._http.get(url, max_bytes=MAX_ANSWER_BYTES)
        else:
            answer = await self._http.post_form(url, form, max_bytes=MAX_ANSWER_BYTES)
        check_answering(kind, answer.status, answer.headers)


class ProviderWatch:
    """Has every provider looked at while anything of it is open; ``looks`` are those of its lookouts."""

    def __init__(
        self,
        looks: Sequence[Callable[[], Awaitable[None]]],
        *,
        look_seconds: float = LOOK_SECONDS,
        draw: Callable[[], float] = jitter,
    ) -> None:
        self._looks = looks
        self._look_seconds = look_seconds
        self._draw = draw

    async def follow(self) -> None:
        """Look for ever, whatever fails; from one beginning to the next it is ``look_seconds``, give or
        take a fifth."""
        loop = asyncio.get_running_loop()
        while True:
            next_at = loop.time() + self._look_seconds * (1 + JITTER_SHARE * self._draw())
            try:
                await self.look()
            except Exception as error:
                tell("provider_look_failed", "provider watch: a look failed: %s", error=error)
            await asyncio.sleep(max(0.0, next_at - loop.time()))

    async def look(self) -> None:
        """One look at all of them; nothing is sent where all is well. Raises nothing."""
        await asyncio.gather(*(look() for look in self._looks))


def _address(metadata: ProviderMetadata | None, kind: EndpointKind) -> str | None:
    if metadata is None:
        return None
    addresses: dict[EndpointKind, str | None] = {
        "jwks": metadata.jwks_uri,
        "token": metadata.token_endpoint,
        "userinfo": metadata.userinfo_endpoint,
        "par": metadata.pushed_authorization_request_endpoint,
    }
    return addresses[kind]
