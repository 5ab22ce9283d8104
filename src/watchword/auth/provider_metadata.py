"""A provider's metadata: discovered once a day, kept for a week when discovery fails."""

from __future__ import annotations

from typing import Final

from watchword.auth.fetch import Fetch, Sender
from watchword.auth.ports import Clock, ProviderHttp
from watchword.errors import WatchwordError
from watchword.protocol.discovery import MAX_METADATA_BYTES, ProviderMetadata, check_metadata, metadata_url
from watchword.protocol.issuer_rule import IssuerRule
from watchword.protocol.provider_answer import check_document

FRESH_SECONDS: Final = 86400.0
STALE_SECONDS: Final = 7 * 86400.0


class MetadataSource:
    """The checked metadata of one configured issuer (OpenID Connect Discovery 1.0 §4), read at its
    well-known path or at ``url``; ``published`` is the document of a provider that publishes none."""

    def __init__(
        self,
        http: ProviderHttp,
        clock: Clock,
        *,
        issuer: IssuerRule,
        allow_loopback_http: bool,
        url: str | None = None,
        published: bytes | None = None,
        signs: bool = True,
    ) -> None:
        self._http = http
        self._clock = clock
        self._issuer = issuer
        self._configured_url = url
        self._published = published if url is None else None
        self._signs = signs
        self._url = url or metadata_url(issuer.discoverable)
        self._allow_loopback_http = allow_loopback_http
        self._known: ProviderMetadata | None = None
        self._fetched_at = 0.0
        self._fetching: Fetch[ProviderMetadata] = Fetch(clock)

    async def get(self, sender: Sender = "provider") -> ProviderMetadata:
        """Raises ProviderUnavailable, ProviderResponseInvalid, ProviderMetadataInvalid."""
        if self._known is not None and self._age() < FRESH_SECONDS:
            return self._known
        old = self._known if self._age() < STALE_SECONDS else None
        if old is not None and self._fetching.goes_on_without(self._fetch, sender=sender):
            return old
        try:
            return await self._fetching.join(self._fetch, sender=sender)
        except WatchwordError:
            if old is None:
                raise
            return old

    async def _fetch(self) -> ProviderMetadata:
        self._known = check_metadata(
            await self._read() if self._published is None else self._published,
            issuer=self._issuer,
            allow_loopback_http=self._allow_loopback_http,
            read_at=self._configured_url,
            signs=self._signs,
        )
        self._fetched_at = self._clock.monotonic()
        return self._known

    async def _read(self) -> bytes:
        answer = await self._http.get(self._url, max_bytes=MAX_METADATA_BYTES)
        check_document(self._url, answer.status, answer.headers)
        return answer.body

    def _age(self) -> float:
        return self._clock.monotonic() - self._fetched_at
