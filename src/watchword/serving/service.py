"""Watchword beside an app: its own pages and endpoints, and nothing else."""

from __future__ import annotations

from starlette.applications import Starlette

from watchword.api.own_answers import answer_unknown
from watchword.app import Watchword
from watchword.config.auth import Settings
from watchword.serving.access_log import AccessLog


def create_service(settings: Settings | None = None) -> Starlette:
    """``/auth``, ``/.well-known``, ``/healthz``, ``/readyz`` and ``/metrics`` by ``WATCHWORD_*``
    settings; no other address, spelt nearly the same, leads there.

    Raises ConfigurationError.
    """
    app = Starlette()
    auth = Watchword(settings)
    auth.install(app)
    if auth.settings.log_access:
        app.add_middleware(AccessLog)
    app.router.redirect_slashes = False
    answer_unknown(app.router, auth.pages, below=("",), secure=auth.secure)
    return app
