"""What administrators can do by page: end sessions, disable and enable a person. Each is asked about first.

Roles are granted, and people erased, by an operator's command line only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.admin_desk import AdminDesk, Administrator
from watchword.api.admin_views import session_told
from watchword.api.bodies import read_body
from watchword.api.decorators import public
from watchword.api.limited import ADMIN
from watchword.api.own_pages import is_person, own_headers, own_page, own_redirect
from watchword.api.pages.words import marked
from watchword.auth.admin import AdminManager
from watchword.errors import AccountNotFound, OwnAccountKept, SessionNotFound
from watchword.protocol.confirmation import MAX_CONFIRMATION_BYTES, require_confirmation
from watchword.protocol.exact_id import exact_id


class Act(NamedTuple):
    """One act on a person, in words, and what does it."""

    title: str
    meaning: str
    button: str
    do: Callable[[AdminManager, UUID, UUID], Awaitable[None]]


ON_PERSON: Final[Mapping[str, Act]] = {
    "disable": Act(
        marked("Disable this person?"),
        marked("They are signed out everywhere within seconds and cannot sign in until they are enabled."),
        marked("Disable this person"),
        AdminManager.disable,
    ),
    "enable": Act(
        marked("Enable this person?"),
        marked("They can sign in again. Sessions that have ended stay ended."),
        marked("Enable this person"),
        AdminManager.enable,
    ),
    "end-sessions": Act(
        marked("End all sessions of this person?"),
        marked("They are signed out everywhere within seconds and can sign in again at once."),
        marked("End all sessions"),
        AdminManager.end_sessions,
    ),
}
END_SESSION: Final = Act(
    marked("End this session?"),
    marked("Whoever uses it is signed out within seconds and can sign in again at once."),
    marked("End this session"),
    AdminManager.end_session,
)


@dataclass(frozen=True, slots=True)
class AdminActs:
    """GET asks, POST does what was confirmed; both, in production, after a recent sign-in."""

    desk: AdminDesk

    def routes(self) -> list[BaseRoute]:
        pages: list[tuple[str, PersonAct | SessionAct]] = [
            (f"{ADMIN}/users/{{user_id}}/{name}", PersonAct(self.desk, name)) for name in ON_PERSON
        ]
        pages.append((f"{ADMIN}/sessions/{{session_id}}/end", SessionAct(self.desk)))
        return [
            Route(path, endpoint, methods=[method], include_in_schema=False)
            for path, each in pages
            for method, endpoint in (("GET", each.ask), ("POST", each.act))
        ]


@dataclass(frozen=True, slots=True)
class PersonAct:
    """One act on one person."""

    desk: AdminDesk
    name: str

    @public
    async def ask(self, request: Request) -> Response:
        """The page that asks whether it is really meant."""

        async def show(admin: Administrator) -> Response:
            user_id = account_id(request)
            if self.name == "disable" and user_id == admin.user_id:
                raise OwnAccountKept(f"administrator {user_id} wants to disable their own account")
            account = await admin.services.admin.account(admin.user_id, user_id)
            whom = account.email or account.name or str(user_id)
            return _asked(
                self.desk, ON_PERSON[self.name], whom, f"{person_page(user_id)}/{self.name}", user_id
            )

        return await self.desk.for_admin(request, show, recent=True)

    @public
    async def act(self, request: Request) -> Response:
        """Do it, and tell the audit trail who did."""

        async def done(admin: Administrator) -> Response:
            user_id = account_id(request)
            await _confirmed(request)
            await ON_PERSON[self.name].do(admin.services.admin, admin.user_id, user_id)
            return _done(self.desk, request, user_id)

        return await self.desk.for_admin(request, done, recent=True)


@dataclass(frozen=True, slots=True)
class SessionAct:
    """The end of one session."""

    desk: AdminDesk

    @public
    async def ask(self, request: Request) -> Response:
        """The page that asks whether it is really meant."""

        async def show(admin: Administrator) -> Response:
            session = await admin.services.admin.session(_session_id(request))
            address = f"{ADMIN}/sessions/{session.session_id}/end"
            told = session_told(session)
            return _asked(
                self.desk, END_SESSION, str(session.user_id), address, session.user_id, session=told
            )

        return await self.desk.for_admin(request, show, recent=True)

    @public
    async def act(self, request: Request) -> Response:
        """End it, whoever's it is, and lead to its person."""

        async def done(admin: Administrator) -> Response:
            session = await admin.services.admin.session(_session_id(request))
            await _confirmed(request)
            await END_SESSION.do(admin.services.admin, admin.user_id, session.session_id)
            return _done(self.desk, request, session.user_id)

        return await self.desk.for_admin(request, done, recent=True)


def person_page(user_id: UUID) -> str:
    return f"{ADMIN}/users/{user_id}"


def account_id(request: Request) -> UUID:
    """Raises AccountNotFound, like for an id nobody has."""
    found = exact_id(request.path_params["user_id"])
    if found is None:
        raise AccountNotFound("the address does not hold the id of an account")
    return found


def _session_id(request: Request) -> UUID:
    """Raises SessionNotFound, like for an id nobody has."""
    found = exact_id(request.path_params["session_id"])
    if found is None:
        raise SessionNotFound("the address does not hold the id of a session")
    return found


async def _confirmed(request: Request) -> None:
    """Raises InvalidRequest, RequestTooLarge."""
    body = await read_body(request, max_bytes=MAX_CONFIRMATION_BYTES)
    require_confirmation(request.headers.get("content-type"), body)


def _asked(
    desk: AdminDesk,
    act: Act,
    whom: str,
    address: str,
    user_id: UUID,
    session: Mapping[str, Any] | None = None,
) -> Response:
    back = person_page(user_id)
    return own_page(
        desk.settings, "admin_act.html", act=act, whom=whom, address=address, back=back, session=session
    )


def _done(desk: AdminDesk, request: Request, user_id: UUID) -> Response:
    if is_person(request):
        return own_redirect(desk.settings, person_page(user_id))
    return Response(status_code=204, headers=own_headers(desk.settings))
