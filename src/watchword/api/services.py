"""What the endpoints work with, handed to them by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from watchword.auth.account_manager import AccountManager
from watchword.auth.admin import AdminManager
from watchword.auth.authorization_codes import AuthorizationCodes
from watchword.auth.cleanup import Cleanup
from watchword.auth.client_authenticator import ClientAuthenticator
from watchword.auth.client_tokens import ClientTokens
from watchword.auth.degraded_sessions import DegradedSessions
from watchword.auth.first_look import FirstLook
from watchword.auth.gatekeeper import Gatekeeper
from watchword.auth.introspector import Introspector
from watchword.auth.key_manager import KeyManager
from watchword.auth.key_watch import KeyWatch
from watchword.auth.keyring import Keyring
from watchword.auth.logout_receiver import LogoutReceiver
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.ports import Database
from watchword.auth.privacy_manager import PrivacyManager
from watchword.auth.provider_recheck import ProviderRecheck
from watchword.auth.provider_sign_out import ProviderSignOut
from watchword.auth.provider_watch import ProviderWatch
from watchword.auth.rate_limits import RateLimits
from watchword.auth.revocation import RevocationFeed
from watchword.auth.secret_watch import SecretWatch
from watchword.auth.session_manager import SessionManager
from watchword.auth.sign_in import SignIn
from watchword.auth.terms import TermsKeeper
from watchword.auth.token_revoker import TokenRevoker
from watchword.auth.version_usage import VersionUsage


@dataclass(frozen=True, slots=True)
class Services:
    """The running parts of one process."""

    database: Database
    keyring: Keyring
    key_manager: KeyManager
    key_watch: KeyWatch
    feed: RevocationFeed
    gatekeeper: Gatekeeper
    sessions: SessionManager
    recheck: ProviderRecheck[OAuthClient]
    accounts: AccountManager
    privacy: PrivacyManager
    admin: AdminManager
    sign_in: SignIn
    logout_receiver: LogoutReceiver
    provider_sign_out: ProviderSignOut
    codes: AuthorizationCodes
    client_authenticator: ClientAuthenticator
    client_tokens: ClientTokens
    revoker: TokenRevoker
    introspector: Introspector
    limits: RateLimits
    version_usage: VersionUsage
    terms: TermsKeeper | None
    secret_watch: SecretWatch
    provider_watch: ProviderWatch
    providers: Mapping[str, OAuthClient]
    first_look: FirstLook
    degraded_sessions: DegradedSessions
    cleanup: Cleanup

    def followers(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What goes on beside the requests, until it is cancelled, by name."""
        return {
            "revocation feed": self.feed.follow(),
            "version usage": self.version_usage.follow(),
            "provider watch": self.provider_watch.follow(),
            "cleanup": self.cleanup.follow(),
            "secrets": self.secret_watch.follow(),
            "signing keys": self.key_watch.follow(),
        }


ServicesSource = Callable[[], Awaitable[Services]]
"""Gives the running parts, starting them where no lifespan did. Raises WatchwordError."""
