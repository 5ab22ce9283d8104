"""Who may open the admin pages, and where everybody else is led."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from watchword.api.browser import Browser
from watchword.api.link_endpoints import ACCOUNT, RECENT_SECONDS
from watchword.api.own_pages import is_person, own_json, own_page, own_redirect, own_refusal
from watchword.api.services import Services, ServicesSource
from watchword.api.terms_page import terms_with
from watchword.api.visitor import Visitor, require_terms, visitor_of
from watchword.api.ways_on import WaysOn
from watchword.auth.grants import BROWSER
from watchword.config.auth import Settings
from watchword.errors import (
    AdminRequired,
    AuthenticationRequired,
    StepUpRequired,
    TermsRequired,
    WatchwordError,
)
from watchword.protocol.login_request import LoginRequest
from watchword.protocol.roles import ADMIN_ROLE


@dataclass(frozen=True, slots=True)
class Administrator:
    """Whoever asks, and the parts that answer."""

    user_id: UUID
    services: Services


Work = Callable[[Administrator], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class AdminDesk:
    """Asks of every request, in this order: a live session, the terms, a browser's session, the role.

    The session and the roles are read from the database each time, and among the roles of an account
    ``ADMIN_ROLE`` is there only where an operator granted it and nobody denied it.
    """

    settings: Settings
    browser: Browser
    services: ServicesSource

    async def for_admin(self, request: Request, work: Work, *, recent: bool = False) -> Response:
        """What ``work`` answers an administrator; ``recent``: in production after a recent sign-in only."""
        try:
            services = await self.services()
            visitor = await visitor_of(request, self.browser, services)
            if visitor is None:
                raise AuthenticationRequired("nobody is signed in")
            await require_terms(visitor, services)
            _require_admin(visitor)
            if recent and self.settings.environment == "production":
                services.sessions.require_recent(visitor.session, max_age_seconds=RECENT_SECONDS)
            return await work(Administrator(visitor.session.user_id, services))
        except WatchwordError as error:
            return self._refused(request, error)

    def shown(self, request: Request, template: str, told: Any, **context: Any) -> Response:
        """A page for people, ``told`` for programs."""
        if is_person(request):
            return own_page(self.settings, template, **context)
        return own_json(self.settings, told)

    def _refused(self, request: Request, error: WatchwordError) -> Response:
        """A person is led to the sign-in or the terms that are missing, and from there to the account page,
        which leads here: no sign-in ends on an admin page."""
        if is_person(request):
            if isinstance(error, AuthenticationRequired | StepUpRequired):
                wanted = LoginRequest(ACCOUNT, 0 if isinstance(error, StepUpRequired) else None)
                return own_redirect(self.settings, "/auth/login" + wanted.query)
            if isinstance(error, TermsRequired):
                return own_redirect(self.settings, terms_with(ACCOUNT))
        ways = WaysOn(back="account" if isinstance(error, AdminRequired) else "admin")
        return own_refusal(self.settings, request, error, ways=ways)


def _require_admin(visitor: Visitor) -> None:
    """Raises AdminRequired. A token of a client's does not carry what its person may do here."""
    session = visitor.session
    if session.client_id != BROWSER:
        raise AdminRequired(f"session {session.session_id} is one of client {session.client_id}")
    if ADMIN_ROLE not in session.roles:
        raise AdminRequired(f"account {session.user_id} was not granted {ADMIN_ROLE}, or was denied it")
