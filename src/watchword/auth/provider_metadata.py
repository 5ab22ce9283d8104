"""A provider's metadata: discovered once a day, kept for a week when discovery fails."""

from __future__ import annotations

from typing import Final

from watchword.auth.cached_document import CachedDocument, Fetched
from watchword.auth.fetch import Sender
from watchword.auth.ports import Clock, ProviderHttp
from watchword.auth.provider_guard import ProviderGuard
from watchword.protocol.discovery import MAX_METADATA_BYTES, ProviderMetadata, check_metadata, metadata_url
from watchword.protocol.issuer_rule import IssuerRule
from watchword.protocol.provider_answer import check_document

FRESH_SECONDS: Final = 86_400
STALE_SECONDS: Final = 7 * 86_400


class MetadataSource:
    """The checked metadata of one configured issuer (OpenID Connect Discovery 1.0 §4), read at its
    well-known path or at ``url``; ``published`` is the document of a provider that publishes none."""

    def __init__(
        self,
        http: ProviderHttp,
        clock: Clock,
        guard: ProviderGuard,
        *,
        issuer: IssuerRule,
        allow_loopback_http: bool,
        url: str | None = None,
        published: bytes | None = None,
        signs: bool = True,
    ) -> None:
        self._http = http
        self._clock = clock
        self._guard = guard
        self._issuer = issuer
        self._configured_url = url
        self._published = published if url is None else None
        self._signs = signs
        self._url = url or metadata_url(issuer.discoverable)
        self._allow_loopback_http = allow_loopback_http
        self._cached: CachedDocument[ProviderMetadata] = CachedDocument(clock, stale_seconds=STALE_SECONDS)

    @property
    def age_seconds(self) -> float | None:
        """How long ago what can be used was asked for; None where nothing can."""
        return self._cached.age_seconds

    async def get(self, sender: Sender = "provider") -> ProviderMetadata:
        """Raises ProviderUnavailable, ProviderResponseInvalid, ProviderMetadataInvalid."""
        return await self._cached.get(self._fetch, sender=sender)

    def forget(self) -> None:
        """Use nothing that was fetched until now."""
        self._cached.forget()

    @property
    def known(self) -> ProviderMetadata | None:
        """What is held, without asking."""
        return self._cached.usable

    async def look(self) -> None:
        """Fetch the document whatever the breaker says. Raises ProviderUnavailable,
        ProviderResponseInvalid, ProviderMetadataInvalid."""
        await self._cached.anew(self._read, sender="provider")

    async def _fetch(self) -> Fetched[ProviderMetadata]:
        if self._published is not None:
            return self._checked(self._published)
        return await self._guard.run("discovery", self._read)

    async def _read(self) -> Fetched[ProviderMetadata]:
        answer = await self._http.get(self._url, max_bytes=MAX_METADATA_BYTES)
        check_document(self._url, answer.status, answer.headers)
        return self._checked(answer.body)

    def _checked(self, document: bytes) -> Fetched[ProviderMetadata]:
        metadata = check_metadata(
            document,
            issuer=self._issuer,
            allow_loopback_http=self._allow_loopback_http,
            read_at=self._configured_url,
            signs=self._signs,
        )
        return Fetched(metadata, FRESH_SECONDS)
