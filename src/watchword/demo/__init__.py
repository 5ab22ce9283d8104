"""The example API, runnable by any ASGI server: ``uvicorn --factory watchword.demo:create_app``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from watchword.config.auth import Settings

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> FastAPI:
    """See ``watchword.demo.app.create_app``; nothing heavy is imported before it is called."""
    from watchword.demo import app

    return app.create_app(settings)
