"""The composition root: the one place where settings become running parts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal

from starlette.applications import Starlette

from watchword.api.authorize_endpoints import AuthorizeEndpoints
from watchword.api.browser import Browser
from watchword.api.gate import install_gate
from watchword.api.limited import limited
from watchword.api.registered_clients import RegisteredClients
from watchword.api.services import Services
from watchword.api.session_endpoints import SessionEndpoints
from watchword.api.sign_in_endpoints import SignInEndpoints
from watchword.api.sign_in_responses import SignInResponses
from watchword.api.token_endpoints import TokenEndpoints
from watchword.api.well_known import Operations, WellKnown
from watchword.auth.account_manager import AccountManager
from watchword.auth.account_ports import SessionCap
from watchword.auth.authorization_codes import AuthorizationCodes
from watchword.auth.caller import RequestFacts
from watchword.auth.clock import SystemClock
from watchword.auth.gatekeeper import Gatekeeper
from watchword.auth.keyring import Keyring
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.ports import Clock, Database, ProviderHttp
from watchword.auth.rate_limits import RateLimits
from watchword.auth.revocation import POLL_SECONDS, RevocationFeed
from watchword.auth.sealing import Sealer
from watchword.auth.session_manager import SessionLimits, SessionManager
from watchword.auth.sign_in import SignIn
from watchword.auth.token_issuer import TokenIssuer
from watchword.auth.token_revoker import TokenRevoker
from watchword.auth.token_validator import TokenValidator
from watchword.config.auth import Settings
from watchword.config.deployment import deployment_warnings
from watchword.config.secret_key import secret_keys
from watchword.errors import DatabaseUnavailable, MigrationNeeded, NotInstalled, WatchwordError
from watchword.middleware.auth_middleware import AuthMiddleware
from watchword.migrations.runner import status
from watchword.protocol.cookies import CookieNames
from watchword.protocol.principal import Anonymous, Identity, Principal, Rejected
from watchword.rate_limiting.counter import open_counter
from watchword.storage.database import open_database
from watchword.transport.provider_http import HttpxProviderHttp

logger = logging.getLogger("watchword")


class Watchword:
    """Authentication for one app: ``Watchword(Settings()).install(app)``.

    Nothing is opened before the app starts. Where no lifespan runs (a mounted sub-app, a server
    without one), the parts start with the first request that needs them.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        default: Literal["allow", "deny"] = "allow",
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings if settings is not None else Settings()
        self._default: Literal["allow", "deny"] = default
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._services: Services | None = None
        self._https: list[ProviderHttp] = []
        self._sealer: Sealer | None = None
        self._starting = asyncio.Lock()
        self._followed = False

    def install(self, app: Starlette, *, operations: bool = True) -> None:
        """Add middleware, ``/auth`` and ``/.well-known`` routes, error handlers and lifespan.

        ``operations=False`` leaves ``/healthz`` and ``/readyz`` to the host app.
        """
        browser = Browser(self.settings, CookieNames.for_base_url(self.settings.base_url), self._ip_key)
        responses, clients = SignInResponses(self.settings, browser), RegisteredClients(self.settings)
        routes = [
            *SignInEndpoints(responses, self.services).routes(),
            *AuthorizeEndpoints(clients, responses, self.services).routes(),
            *SessionEndpoints(self.settings, browser, self.services, clients).routes(),
            *TokenEndpoints(clients, browser, self.services).routes(),
            *WellKnown(self.services).routes(),
            *(Operations(self.services).routes() if operations else []),
        ]
        app.router.routes[:0] = limited(routes, self.settings, self.services)
        app.state.watchword = self
        install_gate(
            app,
            authenticator=self,
            middleware=AuthMiddleware,
            default=self._default,
            lifespan=self._lifespan,
        )

    # --- the authenticator of the gate ---------------------------------------------------------

    async def identify(self, request: RequestFacts) -> Identity:
        """Who is calling; fails closed when the parts cannot be had."""
        if self._services is None and not _presents_credential(request):
            return Anonymous()
        try:
            services = await self.services()
        except WatchwordError as error:
            return Rejected(NotInstalled(f"watchword could not start: {error.detail}"))
        if not self._followed and services.feed.age_seconds > POLL_SECONDS:
            with contextlib.suppress(DatabaseUnavailable):
                await services.feed.catch_up()
        return await services.gatekeeper.identify(request)

    async def confirm(self, principal: Principal) -> Principal:
        """The caller re-read from the database. Raises SessionEnded, DatabaseUnavailable."""
        return await (await self.services()).gatekeeper.confirm(principal)

    def now(self) -> datetime:
        """Aware UTC by the clock everything here is measured with."""
        return self._clock.now()

    def now_seconds(self) -> int:
        return int(self._clock.now().timestamp())

    # --- starting and stopping -----------------------------------------------------------------

    async def services(self) -> Services:
        """The running parts, started on first use.

        Raises MigrationNeeded, SecretKeyMismatch, DatabaseUnavailable, ConfigurationError.
        """
        if self._services is None:
            async with self._starting:
                if self._services is None:
                    self._services = await self._start()
                    for warning in deployment_warnings(self.settings):
                        logger.warning("%s", warning)
        return self._services

    async def check(self) -> None:
        """Try database and keys once and let go of them. Raises what a start would raise."""
        try:
            self._services = await self._start()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Close what was opened; idempotent."""
        services, self._services = self._services, None
        https, self._https = self._https, []
        for http in https:
            await http.close()
        if services is not None:
            await services.limits.close()
            await services.database.close()

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        services = await self.services()
        follower = asyncio.create_task(services.feed.follow(), name="watchword revocation feed")
        self._followed = True
        try:
            yield
        finally:
            self._followed = False
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower
            await self.stop()

    async def _start(self) -> Services:
        url = self.settings.database_url
        schema = await status(url)
        if not schema.up_to_date:
            raise MigrationNeeded(
                f"the database is at {schema.current or 'no revision'}, this version needs {schema.head}; "
                "run: watchword db upgrade"
            )
        tokens_live_seconds = self.settings.longest_access_token_seconds
        database = open_database(url, longest_access_token_seconds=tokens_live_seconds)
        try:
            return await self._compose(database)
        except BaseException:
            await database.close()
            raise

    async def _compose(self, database: Database) -> Services:
        settings, clock = self.settings, self._clock
        current, *previous = secret_keys(settings)
        self._sealer = sealer = Sealer(current, previous)
        keyring = Keyring(database.keys, sealer, clock)
        await keyring.load()
        feed = RevocationFeed(database.revocations, clock, on_key_revoked=keyring.forget)
        await feed.load()
        limits = self._rate_limits(sealer)
        issuer = TokenIssuer(
            keyring,
            issuer=settings.base_url,
            audience=settings.token_audience,
            life_seconds=settings.access_token_seconds,
        )
        sessions = SessionManager(
            store=database.sessions,
            issuer=issuer,
            sealer=sealer,
            clock=clock,
            limits=SessionLimits(
                idle_seconds=settings.session_idle_seconds,
                absolute_seconds=settings.session_absolute_seconds,
                overlap_seconds=settings.refresh_overlap_seconds,
                cap=SessionCap(settings.max_sessions_per_user, settings.session_limit_policy),
            ),
            tokens_live_seconds=settings.longest_access_token_seconds,
            on_ended=feed.note_session,
            before_refresh=limits.check_session,
        )
        codes = AuthorizationCodes(database.codes, sessions=sessions, sealer=sealer, clock=clock)
        validator = self._validator(keyring)
        return Services(
            database=database,
            keyring=keyring,
            feed=feed,
            gatekeeper=self._gatekeeper(database, validator, feed),
            sessions=sessions,
            accounts=AccountManager(
                database.accounts,
                clock=clock,
                tokens_live_seconds=settings.longest_access_token_seconds,
                by="user",
                on_ended=feed.note_session,
            ),
            sign_in=SignIn(
                self._oauth_clients(),
                sessions=sessions,
                codes=codes,
                single_use=database.single_use,
                sealer=sealer,
                clock=clock,
            ),
            codes=codes,
            revoker=TokenRevoker(sessions, validator),
            limits=limits,
        )

    def _rate_limits(self, sealer: Sealer) -> RateLimits:
        counter = open_counter(self.settings.cache_url, self._clock)
        return RateLimits(counter, self.settings.rate_limit, sealer.subkeys("rate-limit")[0])

    def _validator(self, keyring: Keyring) -> TokenValidator:
        return TokenValidator(
            keyring,
            self._clock,
            issuer=self.settings.base_url,
            audience=self.settings.token_audience,
            max_life_seconds=self.settings.longest_access_token_seconds,
        )

    def _gatekeeper(self, database: Database, validator: TokenValidator, feed: RevocationFeed) -> Gatekeeper:
        settings = self.settings
        return Gatekeeper(
            validator=validator,
            feed=feed,
            sessions=database.sessions,
            clock=self._clock,
            cookie_names=CookieNames.for_base_url(settings.base_url),
            base_url_origin=settings.base_url,
            stale_seconds=settings.revocation_stale_seconds,
        )

    def _oauth_clients(self) -> dict[str, OAuthClient]:
        clients = {}
        for provider_id, provider in self.settings.providers.items():
            http = HttpxProviderHttp()
            self._https.append(http)
            clients[provider_id] = OAuthClient(
                provider_id,
                provider,
                http=http,
                clock=self._clock,
                redirect_uri=self.settings.redirect_uri(provider_id),
                leeway_seconds=self.settings.clock_leeway_seconds,
                allow_loopback_http=self.settings.environment != "production",
            )
        return clients

    def _ip_key(self) -> bytes:
        if self._sealer is None:
            raise NotInstalled("the parts have not started")
        return self._sealer.subkeys("ip-address")[0]


def _presents_credential(request: RequestFacts) -> bool:
    return any(name in (b"authorization", b"cookie") for name, _ in request.headers)
