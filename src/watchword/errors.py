"""The one error tree: a stable code, an HTTP status and a plain sentence for the person.

``detail`` is for the operator's log only; it never reaches a response. ``docs/errors.md`` has an
entry for every code, which a test keeps true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar


class WatchwordError(Exception):
    """Base of everything watchword raises on purpose.

    ``code`` is stable and safe to match on, ``public`` may be shown to anyone, ``detail`` names
    the exact cause for the operator, ``retry_after_seconds`` becomes ``Retry-After``.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    public: ClassVar[str] = "Something went wrong on our side. Please try again."
    oauth_error: ClassVar[str] = "server_error"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail or self.public)
        self.detail = detail or self.public
        self.retry_after_seconds = retry_after_seconds


def error_classes(root: type[WatchwordError] = WatchwordError) -> Iterator[type[WatchwordError]]:
    """Every class of the tree, for the reference page and the tests that keep it complete."""
    yield root
    for child in root.__subclasses__():
        yield from error_classes(child)


# --- the operator's ---------------------------------------------------------------------------


class ConfigurationError(WatchwordError):
    """Settings that cannot work; ``problems`` holds every one of them, each with its fix."""

    code = "configuration_invalid"
    title = "Configuration invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["The configuration cannot be used:", *(f"- {p}" for p in self.problems)]))


class MigrationNeeded(WatchwordError):
    code = "migration_needed"
    title = "Database not migrated"


class MigrationFailed(WatchwordError):
    """The database cannot be brought to the revision that was asked for."""

    code = "migration_failed"
    title = "Database could not be migrated"


class SecretKeyMismatch(WatchwordError):
    """The database was sealed under another ``SECRET_KEY``."""

    code = "secret_key_mismatch"
    title = "Secret key does not open this database"


class SealBroken(WatchwordError):
    """A sealed value was altered, cut, or sealed under another key or for another purpose."""

    code = "seal_broken"
    title = "Sealed value cannot be opened"


class NotInstalled(WatchwordError):
    code = "not_installed"
    status = 503
    title = "Authentication is not installed"
    public = "This service is not ready to check who you are."


class IdentificationFailed(WatchwordError):
    """Looking at the credential itself went wrong: nobody is let in, nobody is called wrong."""

    code = "identification_failed"
    status = 503
    title = "Caller could not be identified"
    public = "The service cannot check who you are right now. Please try again shortly."


class DatabaseUnavailable(WatchwordError):
    code = "database_unavailable"
    status = 503
    title = "Database unavailable"
    public = "The service cannot reach its database right now. Nothing is lost; please try again shortly."
    oauth_error = "temporarily_unavailable"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 2) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


class Contended(WatchwordError):
    code = "contended"
    status = 503
    title = "Too busy on one session"
    public = "This session is being changed by many requests at once. Please try again."
    oauth_error = "temporarily_unavailable"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 1) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


# --- the provider's ---------------------------------------------------------------------------


class ProviderUnavailable(WatchwordError):
    """Timeout, connection or TLS failure, 5xx, 429: the provider cannot be asked right now."""

    code = "provider_unavailable"
    status = 503
    title = "Sign-in provider unavailable"
    public = (
        "The sign-in provider does not answer right now. Your account is safe; please try again in a moment."
    )
    oauth_error = "temporarily_unavailable"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 10) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


class ProviderResponseInvalid(WatchwordError):
    """The provider answered with something the specifications do not allow."""

    code = "provider_response_invalid"
    status = 502
    title = "Sign-in provider answered wrongly"
    public = "The sign-in provider gave an answer we cannot accept. You are not signed in."


class ProviderMetadataInvalid(ProviderResponseInvalid):
    code = "provider_metadata_invalid"
    title = "Sign-in provider is misconfigured"


# --- sign-in ----------------------------------------------------------------------------------


class SignInRefused(WatchwordError):
    """Base of every reason why a callback does not end in a session."""

    code = "sign_in_refused"
    status = 400
    title = "Sign-in refused"
    public = "You could not be signed in. Please start again."
    oauth_error = "access_denied"


class UnknownProvider(WatchwordError):
    code = "unknown_provider"
    status = 404
    title = "Unknown sign-in provider"
    public = "This service does not offer that sign-in provider."


class AttemptMissing(SignInRefused):
    code = "attempt_missing"
    title = "Sign-in was not started here"
    public = "This sign-in was not started in this browser, or was already finished. Please start again."


class AttemptExpired(SignInRefused):
    code = "attempt_expired"
    title = "Sign-in took too long"
    public = "This sign-in took longer than ten minutes. Please start again."


class AttemptUsed(SignInRefused):
    code = "attempt_used"
    title = "Sign-in already used"
    public = "This sign-in was already used once. Please start again if you are not signed in."


class AuthorizationResponseInvalid(SignInRefused):
    code = "authorization_response_invalid"
    title = "Sign-in answer invalid"
    public = "The answer of the sign-in provider does not belong to this sign-in. Please start again."


class ProviderDenied(SignInRefused):
    code = "provider_denied"
    title = "Sign-in provider said no"
    public = "The sign-in provider did not let you in, or you cancelled. You can try again."


class CodeRefused(SignInRefused):
    code = "code_refused"
    title = "Sign-in code refused"


class IdTokenRejected(SignInRefused):
    code = "id_token_rejected"
    title = "Identity could not be verified"
    public = "The sign-in provider's answer could not be verified. You are not signed in."


class UserinfoRejected(SignInRefused):
    code = "userinfo_rejected"
    title = "Profile could not be verified"
    public = "The sign-in provider's answer could not be verified. You are not signed in."


class UserDisabled(SignInRefused):
    code = "user_disabled"
    status = 403
    title = "Account disabled"
    public = "This account cannot sign in. Please ask the people who run this service."


class SessionLimitReached(SignInRefused):
    """The account has as many live sessions as it may, and the policy is to refuse one more."""

    code = "session_limit_reached"
    status = 403
    title = "Too many sessions"
    public = "This account is signed in at as many places as it may be. Please sign out at one of them first."


class TooManyRoles(SignInRefused):
    code = "too_many_roles"
    status = 403
    title = "Too many roles"
    public = (
        "This account has more roles than a session can carry. Please ask the people who run this service."
    )
    oauth_error = "invalid_request"


# --- requests ---------------------------------------------------------------------------------


class InvalidRequest(WatchwordError):
    code = "invalid_request"
    status = 400
    title = "Request invalid"
    public = "This request is incomplete or malformed."
    oauth_error = "invalid_request"


class RequestTooLarge(InvalidRequest):
    code = "request_too_large"
    status = 413
    title = "Request too large"
    public = "This request is larger than it may be."


class RateLimited(WatchwordError):
    """The caller asks more often than the service answers (RFC 6585 §4)."""

    code = "rate_limited"
    status = 429
    title = "Too many requests"
    public = "There were too many requests from your network. Please wait a moment and try again."
    oauth_error = "temporarily_unavailable"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 1) -> None:
        super().__init__(detail, retry_after_seconds=max(retry_after_seconds or 1, 1))


class AuthenticationRequired(WatchwordError):
    """No credential was presented (RFC 6750 §3.1: the challenge carries no ``error``)."""

    code = "authentication_required"
    status = 401
    title = "Sign-in required"
    public = "Please sign in to use this."
    oauth_error = "invalid_client"


class TokenInvalid(WatchwordError):
    """The presented access token is malformed, expired, revoked or not ours."""

    code = "invalid_token"
    status = 401
    title = "Access token invalid"
    public = "The access token is not valid. Please sign in again."
    oauth_error = "invalid_token"


class SessionEnded(TokenInvalid):
    code = "session_ended"
    title = "Session ended"
    public = "This session has ended. Please sign in again."


class StepUpRequired(TokenInvalid):
    """The sign-in is older than the route allows (RFC 9470 §3)."""

    code = "insufficient_user_authentication"
    title = "Recent sign-in required"
    public = "Please sign in again to do this."

    def __init__(self, detail: str = "", *, max_age_seconds: int = 0) -> None:
        super().__init__(detail)
        self.max_age_seconds = max_age_seconds


class InsufficientScope(WatchwordError):
    """The caller is known but lacks a role or scope (RFC 6750 §3.1)."""

    code = "insufficient_scope"
    status = 403
    title = "Not allowed"
    public = "You do not have the permission this needs."
    oauth_error = "insufficient_scope"

    def __init__(self, detail: str = "", *, scopes: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.scopes = tuple(scopes)


class SessionNotFound(WatchwordError):
    """No session of the caller's, whether it is unknown, ended or somebody else's."""

    code = "session_not_found"
    status = 404
    title = "No such session"
    public = "You have no such session; it may have ended already."
    oauth_error = "invalid_request"


class AccountNotFound(WatchwordError):
    code = "account_not_found"
    status = 404
    title = "No such account"
    public = "There is no such account."
    oauth_error = "invalid_request"


class RoleNameInvalid(InvalidRequest):
    """Role names are 1 to 64 letters, digits and ``_ . : / -``."""

    code = "role_name_invalid"
    title = "Not a role name"


class CrossSiteRequest(WatchwordError):
    code = "cross_site_request"
    status = 403
    title = "Cross-site request refused"
    public = "This request came from another site and was refused."
    oauth_error = "invalid_request"


class RouteUnclassified(WatchwordError):
    code = "route_unclassified"
    status = 403
    title = "Route not opened"
    public = "This address is not open to anyone."


class RefreshRefused(WatchwordError):
    """Base of every refusal of a refresh token; ``reason`` says which, for the audit trail."""

    code = "invalid_grant"
    status = 401
    title = "Refresh token refused"
    public = "This session has ended. Please sign in again."
    oauth_error = "invalid_grant"


class RefreshReplayed(RefreshRefused):
    """An older refresh token was used again: the session was ended."""

    code = "refresh_replayed"


# --- first-party clients ----------------------------------------------------------------------


class UnknownClient(InvalidRequest):
    """An authorization request names no registered client: told on a page, never by redirect."""

    code = "unknown_client"
    title = "Unknown app"
    public = "The app that sent you here is not registered with this service."


class RedirectUriRefused(InvalidRequest):
    """An authorization request wants its answer at an address its client did not register."""

    code = "redirect_uri_refused"
    title = "Address not registered"
    public = "The app that sent you here wants you back at an address it did not register."


class InvalidClient(WatchwordError):
    """The client of a token request is unknown, or authenticates in a way it cannot (RFC 6749 §5.2).

    ``by_header`` is set when it tried the ``Authorization`` header, which the answer then names.
    """

    code = "invalid_client"
    status = 401
    title = "Client refused"
    public = "The client is not registered, or could not be authenticated."
    oauth_error = "invalid_client"

    def __init__(self, detail: str = "", *, by_header: bool = False) -> None:
        super().__init__(detail)
        self.by_header = by_header


class UnsupportedGrantType(InvalidRequest):
    code = "unsupported_grant_type"
    title = "Grant type not supported"
    public = "The token endpoint does not support this grant type."
    oauth_error = "unsupported_grant_type"


class InvalidScope(InvalidRequest):
    code = "invalid_scope"
    title = "Scope refused"
    public = "The request asks for a scope that is malformed or was not granted."
    oauth_error = "invalid_scope"


class InvalidTarget(InvalidRequest):
    """The request asks for a token for another API (RFC 8707 §2)."""

    code = "invalid_target"
    title = "Resource refused"
    public = "This server issues no tokens for that resource."
    oauth_error = "invalid_target"


class OriginRefused(InvalidRequest):
    """A page of an origin that the client did not register uses its tokens."""

    code = "origin_refused"
    title = "Origin refused"
    public = "This request comes from a web page that does not belong to the client."


class GrantRefused(WatchwordError):
    """Base of every refusal of an authorization code, and of a token of another client."""

    code = "grant_refused"
    status = 400
    title = "Grant refused"
    public = "The code or token is invalid, expired, or belongs to another client."
    oauth_error = "invalid_grant"


class AuthorizationCodeRefused(GrantRefused):
    code = "authorization_code_refused"
    title = "Authorization code refused"


class AuthorizationCodeReused(AuthorizationCodeRefused):
    """A code came a second time: the session it gave was ended (RFC 6749 §4.1.2)."""

    code = "authorization_code_reused"
    title = "Authorization code used twice"
