"""The example API put together: watchword, orders, and a provider where none is configured."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from watchword.app import Watchword
from watchword.config.auth import Settings
from watchword.demo.api.routes import router
from watchword.demo.api.validation import answer_invalid
from watchword.demo.docs import add_docs, with_docs_client
from watchword.demo.home import home
from watchword.demo.orders import Orders
from watchword.demo.provider import DemoProvider, join_or_start
from watchword.demo.settings import read_settings, refuse_unfit
from watchword.migrations.runner import upgrade
from watchword.serving.access_log import AccessLog


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the example API from ``WATCHWORD_*`` settings, every one of which it obeys.

    Without a configured provider it adds the development provider under the id ``dev``; a SQLite
    database is migrated, any other must be migrated already. Raises ConfigurationError, in
    production always.
    """
    settings = settings if settings is not None else read_settings()
    refuse_unfit(settings)
    provider = None if settings.providers else join_or_start(settings.base_url)
    if provider is not None:
        settings = settings.model_copy(update={"providers": {"dev": provider.settings}})
    settings = with_docs_client(settings)
    app = FastAPI(title="Orders, an example API", docs_url=None, redoc_url=None)
    app.include_router(router)
    app.add_api_route("/", home, methods=["GET"], include_in_schema=False)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    add_docs(app, settings)
    Watchword(settings).install(app)
    if settings.log_access:
        app.add_middleware(AccessLog)
    _prepare_before(app, settings, provider)
    return app


def _prepare_before(app: FastAPI, settings: Settings, provider: DemoProvider | None) -> None:
    """Everything the demo needs, made before watchword's own start and undone after its stop."""
    inner = app.router.lifespan_context
    orders = app.state.orders = Orders(settings.database_url)

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        if settings.database_url.startswith("sqlite"):
            await upgrade(settings.database_url)
        try:
            async with _kept(provider), inner(app) as state:
                await orders.prepare()
                yield state
        finally:
            await orders.close()

    app.router.lifespan_context = lifespan


@asynccontextmanager
async def _kept(provider: DemoProvider | None) -> AsyncIterator[None]:
    if provider is None:
        yield
        return
    keeper = asyncio.create_task(provider.keep(), name="watchword demo provider")
    try:
        yield
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
        provider.stop()
