"""Why a first-party client is refused (RFC 6749 §4.1.2.1, §5.2)."""

from __future__ import annotations

from watchword.errors.base import WatchwordError
from watchword.errors.requests import InvalidRequest


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


class UnauthorizedClient(InvalidRequest):
    """The client is known, but this grant is not registered for it (RFC 6749 §5.2)."""

    code = "unauthorized_client"
    title = "Grant type not registered"
    public = "The client is not registered for this grant type."
    oauth_error = "unauthorized_client"


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
