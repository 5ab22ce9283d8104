"""``/auth/account`` and ``/auth/sessions``: what a person sees and ends of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.browser import Browser
from watchword.api.decorators import public
from watchword.api.own_pages import is_person, own_headers, own_json, own_page, own_redirect
from watchword.api.pages import error_page
from watchword.api.pages.words import marked
from watchword.api.privacy_endpoints import PrivacyEndpoints
from watchword.api.problems import log_refusal, problem_response, route_of
from watchword.api.request_id import request_id_of
from watchword.api.services import Services, ServicesSource
from watchword.api.session_endpoints import SIGNED_OUT
from watchword.api.visitor import Visitor, visitor_of
from watchword.api.ways_on import Choice, choices
from watchword.auth.account_ports import Account, ListedSession
from watchword.auth.grants import BROWSER
from watchword.config.auth import Settings
from watchword.errors import AuthenticationRequired, SessionNotFound, WatchwordError
from watchword.protocol.exact_id import exact_id
from watchword.protocol.rfc3339 import rfc3339
from watchword.protocol.roles import ADMIN_ROLE

ACCOUNT, SESSIONS = "/auth/account", "/auth/sessions"

Act = Callable[[Services, Visitor], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class AccountEndpoints:
    """Pages for people, JSON for programs, by ``Accept``; both without script."""

    settings: Settings
    browser: Browser
    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        endpoints = (
            (ACCOUNT, self.account, "GET"),
            (SESSIONS, self.sessions, "GET"),
            (SESSIONS, self.end_others, "DELETE"),
            (f"{SESSIONS}/end-others", self.end_others, "POST"),
            (f"{SESSIONS}/{{session_id}}", self.end_one, "DELETE"),
            (f"{SESSIONS}/{{session_id}}/end", self.end_one, "POST"),
        )
        routes: list[BaseRoute] = [
            Route(path, endpoint, methods=[method], include_in_schema=False)
            for path, endpoint, method in endpoints
        ]
        return routes + PrivacyEndpoints(self.settings, self.browser, self.services).routes()

    @public
    async def account(self, request: Request) -> Response:
        """The account page; always HTML."""

        async def show(services: Services, visitor: Visitor) -> Response:
            account = await services.accounts.account(visitor.session.user_id)
            addable = _addable(account, services) if visitor.by_cookie else ()
            return self._page(
                "account.html",
                services,
                visitor,
                forms_leave=bool(addable),
                account=account,
                identities=_identities(account, services),
                addable=addable,
                terms=services.terms is not None,
                administers=ADMIN_ROLE in visitor.session.roles,
            )

        return await self._for_visitor(request, show, back=ACCOUNT)

    @public
    async def sessions(self, request: Request) -> Response:
        """The caller's live sessions, this one first, then as they were last seen."""

        async def show(services: Services, visitor: Visitor) -> Response:
            this = visitor.session.session_id
            found = await services.accounts.sessions(visitor.session.user_id)
            listed = sorted(
                found, key=lambda each: (each.session_id == this, each.last_seen_at), reverse=True
            )
            if not is_person(request):
                told = [each.as_json() | {"current": each.session_id == this} for each in listed]
                return own_json(self.settings, {"sessions": told})
            return self._page("sessions.html", services, visitor, sessions=_shown(listed, this, services))

        return await self._for_visitor(request, show, back=SESSIONS)

    @public
    async def end_one(self, request: Request) -> Response:
        """End one session of the caller's; this one is a logout."""

        async def end(services: Services, visitor: Visitor) -> Response:
            session_id = _session_id(request.path_params["session_id"])
            if session_id != visitor.session.session_id:
                await services.accounts.end_session(visitor.session.user_id, session_id)
                return self._done(request, SESSIONS)
            await services.sessions.end(session_id, reason="logout")
            response = self._done(request, SIGNED_OUT)
            if visitor.by_cookie:
                self.browser.clear_session(request, response)
            return response

        return await self._for_visitor(request, end, back=SESSIONS)

    @public
    async def end_others(self, request: Request) -> Response:
        """End every session of the caller but this one."""

        async def end(services: Services, visitor: Visitor) -> Response:
            session = visitor.session
            await services.accounts.end_others(session.user_id, keep=session.session_id)
            return self._done(request, SESSIONS)

        return await self._for_visitor(request, end, back=SESSIONS)

    async def _for_visitor(self, request: Request, act: Act, *, back: str) -> Response:
        """``act`` for whoever visits; nobody is sent to sign in and come ``back``."""
        try:
            services = await self.services()
            visitor = await visitor_of(request, self.browser, services)
            if visitor is not None:
                return await act(services, visitor)
        except WatchwordError as error:
            return self._refused(request, error)
        if not is_person(request):
            return self._refused(request, AuthenticationRequired("nobody is signed in"))
        return own_redirect(self.settings, "/auth/login?" + urlencode({"return_to": back}))

    def _refused(self, request: Request, error: WatchwordError) -> Response:
        request_id = request_id_of(request.scope)
        log_refusal(error, request_id=request_id, route=route_of(request.scope))
        if is_person(request) and error.status != 401:
            return error_page(error, request_id=request_id, secure=self.settings.secure)
        return problem_response(error, request_id=request_id)

    def _done(self, request: Request, page: str) -> Response:
        return (
            own_redirect(self.settings, page)
            if is_person(request)
            else Response(status_code=204, headers=own_headers(self.settings))
        )

    def _page(
        self,
        template: str,
        services: Services,
        visitor: Visitor,
        *,
        forms_leave: bool = False,
        **context: Any,
    ) -> Response:
        """The sign-out button may lead to the provider, and browsers hold that to the page's policy."""
        leaves = forms_leave or services.provider_sign_out.leaves(visitor.session.provider_id)
        return own_page(self.settings, template, forms_leave=leaves, **context)


def _session_id(text: str) -> UUID:
    """Exactly as we write it. Raises SessionNotFound, like for an id nobody has."""
    session_id = exact_id(text)
    if session_id is None:
        raise SessionNotFound("the address does not hold the id of a session")
    return session_id


def _identities(account: Account, services: Services) -> list[dict[str, str | bool | None]]:
    """What signs in to the account: by name, and the address by which people tell two of them apart."""
    clients = services.sign_in.clients
    return [
        {
            "provider": clients[each.provider_id].display_name
            if each.provider_id in clients
            else each.provider_id,
            "offered": each.provider_id in clients,
            "email": each.email,
        }
        for each in account.identities
    ]


def _addable(account: Account, services: Services) -> tuple[Choice, ...]:
    """The providers by which the account cannot be signed in to yet."""
    linked = {each.provider_id for each in account.identities}
    clients = services.sign_in.clients
    return choices((client for name, client in clients.items() if name not in linked), "")


def _shown(sessions: Sequence[ListedSession], this: UUID, services: Services) -> list[dict[str, object]]:
    """What the page shows."""
    providers = services.sign_in.clients
    return [
        {
            "id": str(each.session_id),
            "current": each.session_id == this,
            "device": each.device,
            "client": None if each.client_id == BROWSER else each.client_id,
            "provider": providers[each.provider_id].display_name if each.provider_id in providers else None,
            "ip": each.ip,
            "times": [
                {"what": what, "machine": rfc3339(moment)}
                for what, moment in (
                    (marked("Signed in"), each.created_at),
                    (marked("Last seen"), each.last_seen_at),
                    (marked("Ends at the latest"), each.absolute_ends_at),
                )
            ],
        }
        for each in sessions
    ]
