"""The composition root: the one place where the parts of a process meet."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from watchword.api.services import Services
from watchword.api.session_endpoints import SIGNED_OUT
from watchword.api.terms_page import TERMS
from watchword.auth.account_ports import SessionCap
from watchword.auth.authorization_codes import AuthorizationCodes
from watchword.auth.cleanup import Cleanup
from watchword.auth.client_authenticator import ClientAuthenticator
from watchword.auth.client_secrets import ClientSecrets
from watchword.auth.client_tokens import ClientTokens
from watchword.auth.degraded_sessions import DegradedSessions
from watchword.auth.email_linking import EmailLinking
from watchword.auth.first_look import FirstLook
from watchword.auth.gatekeeper import Gatekeeper
from watchword.auth.grant_keeper import GrantKeeper
from watchword.auth.grants import SessionLimits
from watchword.auth.introspector import Introspector
from watchword.auth.key_watch import KeyWatch, cooldown_seconds
from watchword.auth.keyring import Keyring
from watchword.auth.logout_receiver import LogoutReceiver
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.ports import Clock, Database, ProviderHttp
from watchword.auth.provider_purge import ProviderPurges
from watchword.auth.provider_recheck import ProviderRecheck
from watchword.auth.provider_sign_out import ProviderSignOut
from watchword.auth.provider_tokens import AcceptedProvider, ProviderTokens, access_token_policy
from watchword.auth.provider_watch import ProviderWatch
from watchword.auth.rate_limits import RateLimits
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.revocation import RevocationFeed
from watchword.auth.sealing import Sealer
from watchword.auth.session_manager import SessionManager
from watchword.auth.sign_in import SignIn
from watchword.auth.terms import TermsKeeper
from watchword.auth.token_issuer import TokenIssuer
from watchword.auth.token_revoker import TokenRevoker
from watchword.auth.token_validator import TokenValidator
from watchword.auth.verified_tokens import VerifiedTokens
from watchword.auth.version_usage import VersionUsage
from watchword.composition_keys import open_key_manager
from watchword.composition_people import account_manager, admin_manager, privacy_manager
from watchword.composition_secrets import RunningSecrets
from watchword.config.auth import Settings
from watchword.config.client import registered_clients, secret_digests
from watchword.config.terms import read_terms
from watchword.protocol.cookies import CookieNames
from watchword.protocol.recheck import RecheckPolicy
from watchword.rate_limiting.counter import open_counter
from watchword.transport.provider_http import HttpxProviderHttp
from watchword.transport.tls import tls_context


class Composition:
    """Makes the parts from settings, a clock, a sealer and the secrets to be read again; ``https`` are the
    HTTP clients it opened, which whoever stops the parts closes."""

    def __init__(self, settings: Settings, clock: Clock, sealer: Sealer, secrets: RunningSecrets) -> None:
        self._settings = settings
        self._secrets = secrets
        self._clock = clock
        self._sealer = sealer
        self.https: list[ProviderHttp] = []

    async def services(self, database: Database) -> Services:
        """Read what must be read before anything is served. Raises SecretKeyMismatch,
        DatabaseUnavailable, ConfigurationError."""
        settings, clock, sealer = self._settings, self._clock, self._sealer
        key_manager = open_key_manager(settings, database, sealer, clock, by="schedule")
        ring = key_manager.ring
        keyring = Keyring(ring, clock, cooldown_seconds=cooldown_seconds(ring.place))
        await keyring.load()
        verified = VerifiedTokens()
        providers = self._oauth_clients()
        accepted = self._accepted(providers)
        purges = ProviderPurges(
            providers.values(), {each.client.provider_id: each.verified for each in accepted}
        )
        feed = RevocationFeed(
            database.revocations,
            clock,
            announcements=database.announcements,
            on_key_news=keyring.hear,
            on_purged=purges.carry_out,
            verified=verified,
            foreign=[each.verified for each in accepted],
        )
        await feed.load()
        limits = self._rate_limits()
        issuer = TokenIssuer(
            keyring,
            issuer=settings.base_url,
            audience=settings.token_audience,
            life_seconds=settings.access_token_seconds,
        )
        keeper = GrantKeeper(sealer, clock, recheck_seconds=settings.provider_recheck_seconds)
        recheck = ProviderRecheck(
            providers,
            keeper,
            database.grants,
            clock,
            policy=RecheckPolicy(settings.provider_recheck_seconds, settings.provider_grace_seconds),
            tokens_live_seconds=settings.longest_access_token_seconds,
            on_ended=feed.note_session,
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
                recheck_seconds=settings.provider_recheck_seconds,
                cap=SessionCap(settings.max_sessions_per_user, settings.session_limit_policy),
            ),
            tokens_live_seconds=settings.longest_access_token_seconds,
            on_ended=feed.note_session,
            recheck=recheck.run,
            before_refresh=limits.check_session,
            email_link=EmailLinking(settings.providers).link_for,
            away=feed.outages.seen,
            is_ended=feed.ended_with_all,
        )
        codes = AuthorizationCodes(
            database.codes, providers, sessions=sessions, keeper=keeper, sealer=sealer, clock=clock
        )
        validator = self._validator(keyring, verified)
        authenticator = self._client_authenticator(database)
        sign_out = ProviderSignOut(
            providers, database.provider_logouts, keeper, return_to=f"{settings.base_url}{SIGNED_OUT}"
        )
        provider_tokens = ProviderTokens(accepted, database.callers, clock) if accepted else None
        terms = self._terms(database)
        return Services(
            database=database,
            keyring=keyring,
            key_manager=key_manager,
            key_watch=KeyWatch(keyring, key_manager, clock),
            feed=feed,
            gatekeeper=self._gatekeeper(database, validator, provider_tokens, feed, terms),
            sessions=sessions,
            recheck=recheck,
            accounts=account_manager(settings, database, clock, feed),
            privacy=privacy_manager(settings, database, clock, feed),
            admin=admin_manager(settings, database, clock, feed),
            sign_in=SignIn(
                providers,
                sessions=sessions,
                codes=codes,
                single_use=database.single_use,
                sealer=sealer,
                clock=clock,
                keeper=keeper,
            ),
            provider_sign_out=sign_out,
            logout_receiver=LogoutReceiver(
                providers,
                database.provider_logouts,
                clock,
                leeway_seconds=settings.clock_leeway_seconds,
                tokens_live_seconds=settings.longest_access_token_seconds,
                on_ended=feed.note_session,
            ),
            codes=codes,
            client_authenticator=authenticator,
            client_tokens=ClientTokens(issuer, clock),
            revoker=TokenRevoker(
                sessions,
                validator,
                authenticator,
                database.client_tokens,
                feed,
                clock,
                tokens_live_seconds=settings.longest_access_token_seconds,
            ),
            introspector=Introspector(
                database.sessions, RefreshTokens(sealer), validator, feed, clock, issuer=settings.base_url
            ),
            limits=limits,
            provider_watch=ProviderWatch([client.lookout.look for client in providers.values()]),
            version_usage=VersionUsage(database.version_usage, clock),
            terms=terms,
            secret_watch=self._secrets.watch,
            providers=providers,
            first_look=FirstLook(providers, clock),
            degraded_sessions=DegradedSessions(database.session_counts, clock, providers),
            cleanup=Cleanup(
                database.cleanup,
                database.version_usage,
                clock,
                tokens_live_seconds=settings.longest_access_token_seconds,
                retention_days=settings.privacy.retention_days,
                interval_seconds=settings.cleanup_interval_seconds,
            ),
        )

    def _client_authenticator(self, database: Database) -> ClientAuthenticator:
        clients = self._settings.clients
        return ClientAuthenticator(
            registered_clients(clients),
            ClientSecrets(secret_digests(clients), self._sealer.subkeys("client-secret")[0]),
            single_use=database.single_use,
            clock=self._clock,
            issuer=self._settings.base_url,
            leeway_seconds=self._settings.clock_leeway_seconds,
        )

    def _rate_limits(self) -> RateLimits:
        counter = open_counter(self._settings.cache_url, self._clock)
        return RateLimits(counter, self._settings.rate_limit, self._sealer.subkeys("rate-limit")[0])

    def _validator(self, keyring: Keyring, verified: VerifiedTokens) -> TokenValidator:
        return TokenValidator(
            keyring,
            self._clock,
            issuer=self._settings.base_url,
            audience=self._settings.token_audience,
            max_life_seconds=self._settings.longest_access_token_seconds,
            verified=verified,
        )

    def _gatekeeper(
        self,
        database: Database,
        validator: TokenValidator,
        provider_tokens: ProviderTokens | None,
        feed: RevocationFeed,
        terms: TermsKeeper | None,
    ) -> Gatekeeper:
        settings = self._settings
        return Gatekeeper(
            validator=validator,
            provider_tokens=provider_tokens,
            feed=feed,
            sessions=database.sessions,
            clock=self._clock,
            cookie_names=CookieNames.for_base_url(settings.base_url),
            base_url_origin=settings.base_url,
            stale_seconds=settings.revocation_stale_seconds,
            terms=terms,
        )

    def _terms(self, database: Database) -> TermsKeeper | None:
        """Raises ConfigurationError."""
        terms, terms_url = read_terms(self._settings.terms), f"{self._settings.base_url}{TERMS}"
        return TermsKeeper(terms, database.terms, self._clock, terms_url=terms_url) if terms else None

    def _accepted(self, clients: Mapping[str, OAuthClient]) -> list[AcceptedProvider]:
        """The providers whose own access tokens count."""
        leeway_seconds = self._settings.clock_leeway_seconds
        return [
            AcceptedProvider(clients[provider_id], access_token_policy(provider, leeway_seconds))
            for provider_id, provider in self._settings.providers.items()
            if provider.accept_access_tokens
        ]

    def _oauth_clients(self) -> dict[str, OAuthClient]:
        clients = {}
        for provider_id, provider in self._settings.providers.items():
            http = self._provider_http(tls_context(provider.ca_file, provider_id=provider_id))
            self.https.append(http)
            clients[provider_id] = OAuthClient(
                provider_id,
                provider,
                http=http,
                clock=self._clock,
                redirect_uri=self._settings.redirect_uri(provider_id),
                leeway_seconds=self._settings.clock_leeway_seconds,
                allow_loopback_http=self._settings.environment != "production",
                rechecks=self._settings.provider_recheck_seconds > 0,
                proofs=self._secrets.proofs[provider_id],
            )
        return clients

    def _provider_http(self, context: ssl.SSLContext) -> ProviderHttp:
        return HttpxProviderHttp(ssl_context=context)
