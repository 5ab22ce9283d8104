"""``Watchword``: settings become routes, a gate, and parts that start and stop with the app."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from os import PathLike
from typing import Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from watchword.api.account_endpoints import AccountEndpoints
from watchword.api.admin_endpoints import AdminEndpoints
from watchword.api.authorize_endpoints import AuthorizeEndpoints
from watchword.api.backchannel_endpoints import BackchannelEndpoints
from watchword.api.browser import Browser
from watchword.api.gate import install_gate
from watchword.api.limited import limited
from watchword.api.link_endpoints import LinkEndpoints
from watchword.api.metadata import Metadata
from watchword.api.metrics import Metrics
from watchword.api.migration_guide import GUIDES_AT, MigrationGuide
from watchword.api.openapi import security_scheme
from watchword.api.operations import Operations
from watchword.api.own_answers import OWN_PATHS, answer_unknown, with_own_answers
from watchword.api.own_routes import OwnRoutes
from watchword.api.pages.rendering import pages_of
from watchword.api.registered_clients import RegisteredClients
from watchword.api.services import Services
from watchword.api.session_endpoints import SessionEndpoints
from watchword.api.sign_in_endpoints import SignInEndpoints
from watchword.api.sign_in_responses import SignInResponses
from watchword.api.terms_endpoints import TermsEndpoints
from watchword.api.token_endpoints import TokenEndpoints
from watchword.api.verify_endpoint import VerifyEndpoint
from watchword.api.version_policy import Versions
from watchword.api.well_known import WellKnown
from watchword.auth.caller import RequestFacts
from watchword.auth.clock import SystemClock
from watchword.auth.forks import in_child
from watchword.auth.logs import tell
from watchword.auth.ports import Clock, ProviderHttp
from watchword.auth.revocation import POLL_SECONDS
from watchword.auth.sealing import Sealer
from watchword.composition import Composition
from watchword.composition_secrets import RunningSecrets
from watchword.config.auth import Settings
from watchword.config.deployment import deployment_warnings
from watchword.config.secret_key import secret_keys
from watchword.errors import DatabaseUnavailable, NotInstalled, WatchwordError
from watchword.middleware.auth_middleware import AuthMiddleware
from watchword.middleware.cors_middleware import CorsMiddleware
from watchword.migrations.runner import require_up_to_date
from watchword.protocol.cookies import CookieNames
from watchword.protocol.principal import Anonymous, Identity, Principal, Rejected
from watchword.storage.database import open_database


class Watchword:
    """Authentication for one app: ``Watchword(Settings()).install(app)``.

    Nothing is opened before the app starts. Where no lifespan runs (a mounted sub-app, a server
    without one), the parts start with the first request that needs them.

    ``templates`` and ``translations`` are folders whose files stand in for those of our pages; one
    that cannot be used raises ConfigurationError.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        default: Literal["allow", "deny"] = "allow",
        clock: Clock | None = None,
        templates: str | PathLike[str] | None = None,
        translations: str | PathLike[str] | None = None,
    ) -> None:
        self.settings = settings if settings is not None else Settings()
        self.pages = pages_of(templates, translations)
        self._cookies = CookieNames.for_base_url(self.settings.base_url)
        self._default: Literal["allow", "deny"] = default
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._services: Services | None = None
        self._metrics = Metrics(self._running)
        self._https: list[ProviderHttp] = []
        self._sealer: Sealer | None = None
        self._starting = asyncio.Lock()
        self._followed = False
        self._stopped = False
        self._failure: WatchwordError | None = None
        in_child(self, Watchword._begin_anew)

    def install(self, app: Starlette, *, operations: bool = True) -> None:
        """Add middleware, ``/auth`` and ``/.well-known`` routes, error handlers and lifespan.

        ``operations=False`` leaves ``/healthz``, ``/readyz`` and ``/metrics`` to the host app.
        """
        browser = Browser(self.settings, self._cookies, self._ip_key)
        clients = RegisteredClients(self.settings)
        responses = SignInResponses(clients, browser)
        routes = [
            *SignInEndpoints(responses, self.services).routes(),
            *LinkEndpoints(responses, self.services).routes(),
            *AuthorizeEndpoints(responses, self.services).routes(),
            *SessionEndpoints(self.settings, browser, self.services, clients).routes(),
            *BackchannelEndpoints(self.services).routes(),
            *AccountEndpoints(self.settings, browser, self.services).routes(),
            *AdminEndpoints.of(self.settings, browser, self.services).routes(),
            *TermsEndpoints(self.settings, browser, self.services).routes(),
            *TokenEndpoints(clients, browser, self.services).routes(),
            *VerifyEndpoint().routes(),
            *MigrationGuide(self.settings).routes(),
            *WellKnown(self.services).routes(),
            *Metadata(clients).routes(),
            *(Operations(self.services, self._running, self._metrics).routes() if operations else []),
        ]
        app.router.routes.insert(0, OwnRoutes(self._answering(routes)))
        answer_unknown(app.router, self.pages, below=OWN_PATHS, secure=self.secure)
        app.state.watchword = self
        app.state.watchword_gate = install_gate(
            app,
            authenticator=self,
            middleware=AuthMiddleware,
            default=self._default,
            lifespan=self._lifespan,
            security_scheme=security_scheme(
                self.settings.base_url,
                for_people=clients.scopes_by("authorization_code"),
                for_machines=clients.scopes_by("client_credentials"),
            ),
            versions=self._versions(browser),
        )
        if clients.web_origins:
            app.add_middleware(CorsMiddleware, origins=clients.web_origins)

    async def metrics(self, request: Request) -> Response:
        """What ``GET /metrics`` answers, for a route of the host's own that is not public."""
        return await self._metrics.answer(request)

    def _running(self) -> Services | None:
        return self._services

    def _versions(self, browser: Browser) -> Versions:
        return Versions(
            self.settings.versions,
            base_url=self.settings.base_url,
            guides_at=GUIDES_AT,
            ledger=lambda: None if self._services is None else self._services.version_usage,
            network=lambda scope: browser.kept_address(scope) or "",
            production=self.settings.environment == "production",
        )

    def _answering(self, routes: Sequence[BaseRoute]) -> list[BaseRoute]:
        routes = limited(routes, self.settings, self.services)
        return with_own_answers(routes, self.pages, secure=self.secure)

    # --- the authenticator of the gate ---------------------------------------------------------

    async def identify(self, request: RequestFacts) -> Identity:
        """Who is calling; fails closed when the parts cannot be had."""
        services = self._services
        if services is None:
            if not request.presents_credential(self._cookies.access):
                return Anonymous()
            try:
                services = await self.services()
            except WatchwordError as error:
                return Rejected(NotInstalled(f"watchword could not start: {error.detail}"))
        if not self._followed and services.feed.age_seconds > POLL_SECONDS:
            with contextlib.suppress(DatabaseUnavailable):
                await services.feed.catch_up()
        if not self._followed:
            await services.key_watch.on_use()
        return await services.gatekeeper.identify(request)

    async def confirm(self, principal: Principal) -> Principal:
        """The caller re-read from the database. Raises SessionEnded, DatabaseUnavailable."""
        return await (await self.services()).gatekeeper.confirm(principal)

    def now(self) -> datetime:
        """Aware UTC by the clock everything here is measured with."""
        return self._clock.now()

    def now_seconds(self) -> int:
        """Whole seconds since 1970 by the same clock."""
        return self._clock.now_seconds()

    @property
    def secure(self) -> bool:
        """Whether browsers reach the service over https, by the scheme of ``BASE_URL``."""
        return self.settings.secure

    # --- starting and stopping -----------------------------------------------------------------

    async def services(self) -> Services:
        """The running parts, started on first use.

        Raises MigrationNeeded, SecretKeyMismatch, DatabaseUnavailable, ConfigurationError.
        """
        if self._services is None:
            failure = self._failure
            async with self._starting:
                if self._services is None:
                    self._services = await self._start_for_all_who_wait(failure)
        return self._services

    async def check(self) -> None:
        """Try database and keys once and let go of them. Raises what a start would raise."""
        try:
            self._services = await self._start()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Close what was opened; idempotent. What stopped with its app starts with it only."""
        services, self._services = self._services, None
        https, self._https = self._https, []
        async with contextlib.AsyncExitStack() as closing:
            if services is not None:
                closing.push_async_callback(services.database.close)
                closing.push_async_callback(services.limits.close)
                closing.push_async_callback(services.version_usage.close)
            for http in https:
                closing.push_async_callback(http.close)
            if services is not None:
                closing.callback(services.secret_watch.close)
                closing.push_async_callback(services.first_look.close)
                closing.push_async_callback(services.recheck.settled)

    def _begin_anew(self) -> object:
        """In a process forked from the one that started the parts: it starts its own."""
        left = self._services, self._https, self._starting
        self._services, self._https, self._starting = None, [], asyncio.Lock()
        self._followed = False
        return left

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        self._stopped = False
        services = await self.services()
        working = services.followers().items()
        followers = {asyncio.create_task(work, name=f"watchword {name}") for name, work in working}
        self._followed = True
        try:
            yield
        finally:
            self._followed = False
            self._stopped = True
            for follower in followers:
                follower.cancel()
            await asyncio.wait(followers)
            await self.stop()

    async def _start_for_all_who_wait(self, known_failure: WatchwordError | None) -> Services:
        """A start that failed while this caller waited for it has failed for this caller too."""
        if self._stopped:
            raise NotInstalled("the app that watchword is installed in has stopped")
        if self._failure is not None and self._failure is not known_failure:
            raise self._failure.with_traceback(None)
        try:
            services = await self._start()
        except WatchwordError as error:
            self._failure = error
            raise
        for warning in deployment_warnings(self.settings):
            tell("setting_doubtful", "%s", warning)
        return services

    async def _start(self) -> Services:
        url = self.settings.database_url
        await require_up_to_date(url)
        tokens_live_seconds = self.settings.longest_access_token_seconds
        secrets = RunningSecrets(self.settings, self._clock)
        current, *previous = secret_keys(self.settings)
        self._sealer = sealer = Sealer(current, previous)
        database = open_database(
            url, longest_access_token_seconds=tokens_live_seconds, logins=secrets.logins, sealer=sealer
        )
        try:
            composition = self._composition(sealer, secrets)
            self._https = composition.https
            return await composition.services(database)
        except BaseException:
            await database.close()
            raise

    def _composition(self, sealer: Sealer, secrets: RunningSecrets) -> Composition:
        return Composition(self.settings, self._clock, sealer, secrets)

    def _ip_key(self) -> bytes:
        if self._sealer is None:
            raise NotInstalled("the parts have not started")
        return self._sealer.subkeys("ip-address")[0]
