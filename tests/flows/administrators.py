"""What the tests of the admin pages share."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx2

from tests.flows.browser import Browser
from tests.flows.conftest import Service
from tests.flows.own_sessions import HTML
from tests.flows.refusals import select
from watchword.protocol.roles import ADMIN_ROLE
from watchword.protocol.token_reading import read_token

ADMIN = "/auth/admin"
PAGES = (ADMIN, f"{ADMIN}/users", f"{ADMIN}/sessions", f"{ADMIN}/keys", f"{ADMIN}/providers")
CONFIRMED: dict[str, Any] = {"data": {"confirm": "yes"}}


def user_id_of(browser: Browser) -> str:
    """As the token says it, which may count no more: a change of roles overtakes it within a second."""
    return str(read_token(browser.access).claims["sub"])


def change_roles(service: Service, user_id: str, **steps: list[str]) -> None:
    """What ``watchword users grant`` and ``deny`` do, heard by the service at once."""

    async def work() -> None:
        services = await service.auth.services()
        await services.accounts.change_roles(UUID(user_id), **steps)
        await services.feed.poll()

    service.call(work)


def administrator(service: Service, person: str = "carol") -> Browser:
    """Somebody signed in who was granted the role meanwhile."""
    browser = service.signed_in(person)
    change_roles(service, user_id_of(browser), grant=[ADMIN_ROLE])
    return browser


def counted(service: Service) -> None:
    """Have people and sessions been counted, however long a page would have waited for it."""

    async def work() -> None:
        admin = (await service.auth.services()).admin
        for _ in range(20):
            if await admin.counts() is not None:
                return

    service.call(work)


def person_page(user_id: str) -> str:
    return f"{ADMIN}/users/{user_id}"


def every_get(user_id: str, session_id: str) -> list[str]:
    """Each address below ``/auth/admin`` that can be looked at."""
    acts = [f"{person_page(user_id)}/{name}" for name in ("disable", "enable", "end-sessions")]
    return [*PAGES, person_page(user_id), *acts, f"{ADMIN}/sessions/{session_id}/end"]


def act(browser: Browser, target: str, **options: Any) -> httpx2.Response:
    """Press the button of a confirmation page, as a program does."""
    return browser.post(target, **{**CONFIRMED, **options})


def act_by_page(browser: Browser, target: str) -> httpx2.Response:
    return browser.post(target, headers=HTML, **CONFIRMED)


def search(browser: Browser, q: str, **members: str) -> httpx2.Response:
    return browser.post(f"{ADMIN}/users", json={"q": q, **members})


def recorded(service: Service, event: str) -> list[tuple[str | None, dict[str, Any]]]:
    """Whom the rows of one event name, and their details."""
    where = f"FROM ww_audit_events WHERE event = '{event}' ORDER BY rowid"
    ids = [None if each is None else str(UUID(each)) for each in select(service, f"SELECT user_id {where}")]
    return list(zip(ids, map(json.loads, select(service, f"SELECT details {where}")), strict=True))
