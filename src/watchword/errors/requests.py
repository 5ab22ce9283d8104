"""Why a request is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from watchword.errors.base import WatchwordError


class InvalidRequest(WatchwordError):
    code = "invalid_request"
    status = 400
    title = "Request invalid"
    public = "This request is incomplete or malformed."
    oauth_error = "invalid_request"


class NotFound(WatchwordError):
    code = "not_found"
    status = 404
    title = "Not found"
    public = "There is nothing at this address."
    oauth_error = "invalid_request"


class MethodNotAllowed(WatchwordError):
    """The address is served, but not by this method (RFC 9110 §15.5.6); the answer has ``Allow``."""

    code = "method_not_allowed"
    status = 405
    title = "Method not allowed"
    public = "This address does not answer requests of this kind."
    oauth_error = "invalid_request"


class LogoutTokenRejected(InvalidRequest):
    """What a provider sent to end sessions is not its word (OpenID Connect Back-Channel Logout §2.6)."""

    code = "logout_token_rejected"
    title = "Logout token refused"
    public = "This logout token could not be verified. No session was ended."


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


class TokenSuperseded(TokenInvalid):
    """The session goes on, but what it may do has changed since the token was issued."""

    code = "token_superseded"
    title = "Access token superseded"
    public = "What you may do has changed. Refresh the session to go on."


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


class VersionSunset(WatchwordError):
    """The version of the API was served until its sunset (RFC 8594); ``guide`` is the address of
    what to do instead."""

    code = "version_sunset"
    status = 410
    title = "Version ended"
    public = "This version of the API has ended. Its migration guide says what takes its place."
    guide: str | None = None

    def __init__(self, detail: str = "", *, guide: str | None = None) -> None:
        super().__init__(detail)
        self.guide = guide

    @property
    def extensions(self) -> Mapping[str, str]:
        return {} if self.guide is None else {"guide": self.guide}


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
