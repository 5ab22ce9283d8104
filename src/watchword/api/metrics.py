"""``/metrics``: what one process knows, in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics import exposition as openmetrics
from starlette.requests import Request
from starlette.responses import Response

from watchword.api.key_metrics import ObservedKeys
from watchword.api.metric_families import Observed, families
from watchword.api.services import Services
from watchword.protocol.accept import prefers_openmetrics

_HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Accept"}


class Metrics:
    """The metrics of one ``Watchword``, in a registry of their own: a second one in the process, or a
    host's own metrics, never meet them. ``running`` are the parts, None before they have started."""

    def __init__(self, running: Callable[[], Services | None]) -> None:
        self._running = running
        self._observed = Observed()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    async def answer(self, request: Request) -> Response:
        """The text format 0.0.4, or OpenMetrics 1.0.0 for who asks for it. Starts nothing, and waits for
        the database a second at most."""
        self._observed = await self._observe()
        if prefers_openmetrics(request.headers.getlist("accept")):
            body: bytes = openmetrics.generate_latest(self._registry)  # type: ignore[no-untyped-call]
            media_type = openmetrics.CONTENT_TYPE_LATEST
        else:
            body, media_type = generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4
        return Response(body, headers={**_HEADERS, "Content-Type": media_type})

    def collect(self) -> Iterator[Metric]:
        """What the registry asks for."""
        return families(self._observed)

    async def _observe(self) -> Observed:
        services = self._running()
        if services is None:
            return Observed()
        services.first_look.begin()
        cache = services.limits.cache_state()
        degraded = await services.degraded_sessions.counted()
        return Observed(
            started=True,
            providers=[client.health() for client in services.providers.values()],
            degraded=degraded,
            feed_age_seconds=services.feed.age_seconds,
            cache_up={"ok": True, "away": False}.get(cache or ""),
            rate_limited=services.limits.refused,
            cleaned_rows=services.cleanup.gone,
            cleanup_age_seconds=services.cleanup.age_seconds,
            secrets_failing=services.secret_watch.failing,
            keys=ObservedKeys.of(services.keyring),
            terms_pending=None if services.terms is None else services.terms.pending,
            terms_accepted=None if services.terms is None else services.terms.acceptances,
        )
