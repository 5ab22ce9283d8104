"""``/auth/admin``: how the service does, its people, sessions, keys and providers, for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api import admin_views as views
from watchword.api.admin_acts import AdminActs, account_id
from watchword.api.admin_desk import AdminDesk, Administrator
from watchword.api.bodies import read_body
from watchword.api.browser import Browser
from watchword.api.decorators import public
from watchword.api.limited import ADMIN
from watchword.api.services import ServicesSource
from watchword.config.auth import Settings
from watchword.errors import InvalidRequest
from watchword.protocol.account_search import (
    MAX_SEARCH_BYTES,
    AccountSearch,
    read_before,
    read_search,
    read_search_body,
)


@dataclass(frozen=True, slots=True)
class AdminEndpoints:
    """Pages for people, JSON for programs, by ``Accept``; none shows a secret or key material."""

    desk: AdminDesk

    @classmethod
    def of(cls, settings: Settings, browser: Browser, services: ServicesSource) -> AdminEndpoints:
        return cls(AdminDesk(settings, browser, services))

    def routes(self) -> list[BaseRoute]:
        endpoints = (
            (ADMIN, self.overview, "GET"),
            (f"{ADMIN}/users", self.users, "GET"),
            (f"{ADMIN}/users", self.search, "POST"),
            (f"{ADMIN}/users/{{user_id}}", self.person, "GET"),
            (f"{ADMIN}/sessions", self.sessions, "GET"),
            (f"{ADMIN}/keys", self.keys, "GET"),
            (f"{ADMIN}/providers", self.providers, "GET"),
        )
        routes: list[BaseRoute] = [
            Route(path, endpoint, methods=[method], include_in_schema=False)
            for path, endpoint, method in endpoints
        ]
        return routes + AdminActs(self.desk).routes()

    @public
    async def overview(self, request: Request) -> Response:
        """Counts and health, of this process and of the whole service."""

        async def show(admin: Administrator) -> Response:
            told = views.overview_told(
                admin.services,
                await admin.services.admin.counts(),
                environment=self.desk.settings.environment,
                version=version("watchword"),
            )
            return self.desk.shown(request, "admin.html", told, service=told, states=views.STATES)

        return await self.desk.for_admin(request, show)

    @public
    async def users(self, request: Request) -> Response:
        """Everybody, newest first."""

        async def show(admin: Administrator) -> Response:
            if "q" in request.query_params:
                raise InvalidRequest("what is searched for is sent by POST, so that no log has it")
            status, before = _one(request, "status"), _one(request, "before")
            return await self._people(request, admin, read_search("", status=status, before=before), "")

        return await self.desk.for_admin(request, show)

    @public
    async def search(self, request: Request) -> Response:
        """By id, e-mail address, or what either e-mail or name begin with."""

        async def show(admin: Administrator) -> Response:
            body = await read_body(request, max_bytes=MAX_SEARCH_BYTES)
            asked, wanted = read_search_body(request.headers.get("content-type"), body)
            return await self._people(request, admin, asked, wanted)

        return await self.desk.for_admin(request, show)

    @public
    async def person(self, request: Request) -> Response:
        """One account, with identities, roles, sessions and what was recorded about it last."""

        async def show(admin: Administrator) -> Response:
            user_id = account_id(request)
            found = await admin.services.admin.person(admin.user_id, user_id)
            identities = [{**each.as_json(), "email": each.email} for each in found.account.identities]
            sessions = [views.session_told(each) for each in found.sessions]
            told = {
                "user": {**found.account.as_json(), "identities": identities},
                "sessions": sessions,
                "events": [each.as_json() for each in found.events],
            }
            return self.desk.shown(
                request,
                "admin_user.html",
                told,
                user=told["user"],
                sessions=sessions,
                events=[views.event_said(each) for each in found.events],
                states=views.ACCOUNT_STATES,
                own=user_id == admin.user_id,
            )

        return await self.desk.for_admin(request, show)

    @public
    async def sessions(self, request: Request) -> Response:
        """Everybody's live sessions, newest first."""

        async def show(admin: Administrator) -> Response:
            before = read_before(_one(request, "before"))
            found = await admin.services.admin.sessions(admin.user_id, before=before)
            told = [views.session_told(each) for each in found.rows]
            page: dict[str, Any] = {"sessions": told, "before": _said(found.before)}
            return self.desk.shown(request, "admin_sessions.html", page, **page)

        return await self.desk.for_admin(request, show)

    @public
    async def keys(self, request: Request) -> Response:
        """Names, states and ages of the signing keys."""

        async def show(admin: Administrator) -> Response:
            now = admin.services.admin.now()
            told = [views.key_told(key, now) for key in await admin.services.key_manager.list()]
            return self.desk.shown(request, "admin_keys.html", {"keys": told}, keys=told, states=views.STATES)

        return await self.desk.for_admin(request, show)

    @public
    async def providers(self, request: Request) -> Response:
        """How each provider does, and how many live sessions it has."""

        async def show(admin: Administrator) -> Response:
            told = views.providers_told(admin.services, await admin.services.admin.counts())
            return self.desk.shown(
                request, "admin_providers.html", {"providers": told}, providers=told, states=views.STATES
            )

        return await self.desk.for_admin(request, show)

    async def _people(
        self, request: Request, admin: Administrator, asked: AccountSearch, wanted: str
    ) -> Response:
        found = await admin.services.admin.accounts(admin.user_id, asked)
        told = [each.as_json() for each in found.rows]
        page: dict[str, Any] = {"users": told, "before": _said(found.before)}
        return self.desk.shown(
            request,
            "admin_users.html",
            page,
            **page,
            wanted=wanted,
            wanted_status=asked.status or "",
            states=views.ACCOUNT_STATES,
        )


def _one(request: Request, name: str) -> str:
    """A parameter of the address, empty where it is not there. Raises InvalidRequest for two."""
    given = request.query_params.getlist(name)
    if len(given) > 1:
        raise InvalidRequest(f"{name} is there more than once")
    return given[0] if given else ""


def _said(before: UUID | None) -> str | None:
    return None if before is None else str(before)
