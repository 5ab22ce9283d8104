"""Watchword beside an app: its own pages and endpoints, and nothing else."""

from __future__ import annotations

from starlette.applications import Starlette

from watchword.app import Watchword
from watchword.config.auth import Settings


def create_service(settings: Settings | None = None) -> Starlette:
    """``/auth``, ``/.well-known``, ``/healthz`` and ``/readyz`` by ``WATCHWORD_*`` settings.

    Raises ConfigurationError.
    """
    app = Starlette()
    Watchword(settings).install(app)
    return app
