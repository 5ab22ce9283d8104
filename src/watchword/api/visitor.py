"""Whose session is behind a request to one of our own pages."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from watchword.api.browser import Browser
from watchword.api.services import Services
from watchword.auth.caller import identity_of
from watchword.auth.ports import LiveSession
from watchword.errors import SessionEnded, TokenInvalid
from watchword.protocol.origin import SAFE_METHODS
from watchword.protocol.principal import Principal, Rejected, whoever_accepted


@dataclass(frozen=True, slots=True)
class Visitor:
    """A live session, and whether it was a cookie that said so."""

    session: LiveSession
    by_cookie: bool


async def visitor_of(request: Request, browser: Browser, services: Services) -> Visitor | None:
    """Who visits, read from the database; None for nobody.

    By access token, else by the refresh cookie: its current token or, inside the overlap, the one
    before; it is neither rotated nor does it keep the session from running idle. Whether they accepted
    the terms is not asked: see ``require_terms``. Raises the error of a bearer token that is refused,
    CrossSiteRequest, DatabaseUnavailable, NotInstalled.
    """
    by_header = "authorization" in request.headers
    identity = whoever_accepted(identity_of(request.scope))
    if isinstance(identity, Rejected) and (by_header or not isinstance(identity.error, TokenInvalid)):
        raise identity.error
    session = await _session_of(identity, services) if isinstance(identity, Principal) else None
    if by_header and session is None:
        raise SessionEnded("the session behind the token is not live")
    if session is None:
        session = await _session_by_refresh_cookie(request, browser, services)
    return None if session is None else Visitor(session, by_cookie=not by_header)


async def require_terms(visitor: Visitor, services: Services) -> None:
    """For pages that are not open before the terms are accepted. Raises TermsRequired,
    DatabaseUnavailable."""
    if services.terms is not None:
        await services.terms.require(visitor.session.user_id)


async def _session_of(caller: Principal, services: Services) -> LiveSession | None:
    if caller.session_id is None:
        raise TokenInvalid("this page needs a caller with a session")
    return await services.sessions.find(UUID(caller.session_id))


async def _session_by_refresh_cookie(
    request: Request, browser: Browser, services: Services
) -> LiveSession | None:
    token = browser.cookies(request).get(browser.names.refresh)
    if token is None:
        return None
    if request.method not in SAFE_METHODS:
        browser.require_same_origin(request)
    return await services.sessions.holder(token)
