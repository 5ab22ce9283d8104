"""The admin pages as people meet them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.pages import admin_views as values
from tests.pages.views import View, shown
from watchword.api.admin_acts import Act

_SEARCH: Final = ("searchbox Search for", "combobox Status", "button Search")


def _page(name: str, template: str, heading: str, *controls: str, **context: Any) -> View:
    return shown(name, template, heading, *values.NAVIGATION, *controls, **context)


def _question(name: str, act: Act, session: Mapping[str, Any] | None = None) -> View:
    return shown(
        name,
        "admin_act.html",
        act.title,
        f"button {act.button}",
        "link Change nothing",
        act=act,
        whom="bob@example.test",
        address=f"/auth/admin/users/{values.ID}/x",
        back=f"/auth/admin/users/{values.ID}",
        session=session,
    )


ADMIN_VIEWS: Final = (
    _page("admin", "admin.html", "Administration", service=values.SERVICE, states=values.STATES),
    _page(
        "admin-before-counting", "admin.html", "Administration", service=values.UNKNOWN, states=values.STATES
    ),
    _page(
        "admin-users",
        "admin_users.html",
        "People",
        *_SEARCH,
        "region People found, newest first",
        "link bob@example.test",
        f"link {values.ID}",
        "button Show more",
        users=values.USERS,
        before=values.ID,
        wanted="bob",
        wanted_status="active",
        states=values.ACCOUNT_STATES,
    ),
    _page(
        "admin-nobody",
        "admin_users.html",
        "People",
        *_SEARCH,
        users=[],
        before=None,
        wanted="",
        wanted_status="",
        states=values.ACCOUNT_STATES,
    ),
    _page(
        "admin-user",
        "admin_user.html",
        "One person",
        "region Signs in with",
        "region Live sessions",
        "link End this session",
        "link End this session",
        "region What was recorded last",
        "link End all sessions",
        "link Enable this person",
        user=values.PERSON,
        sessions=values.SESSIONS,
        events=values.EVENTS,
        states=values.ACCOUNT_STATES,
        own=False,
    ),
    _page(
        "admin-user-without-sessions",
        "admin_user.html",
        "One person",
        "region Signs in with",
        "region What was recorded last",
        "link Disable this person",
        user=values.NOBODY,
        sessions=[],
        events=values.EVENTS,
        states=values.ACCOUNT_STATES,
        own=False,
    ),
    _page(
        "admin-sessions",
        "admin_sessions.html",
        "Sessions of everybody",
        "region Live sessions, newest first",
        f"link {values.ID}",
        "link End this session",
        f"link {values.ID}",
        "link End this session",
        "link Show more",
        sessions=values.SESSIONS,
        before=values.ID,
    ),
    _page("admin-no-session", "admin_sessions.html", "Sessions of everybody", sessions=[], before=None),
    _page(
        "admin-keys",
        "admin_keys.html",
        "Signing keys",
        "region Keys, newest first",
        keys=values.KEYS,
        states=values.STATES,
    ),
    _page(
        "admin-providers",
        "admin_providers.html",
        "Providers",
        "region Providers as this process sees them",
        providers=values.PROVIDERS,
        states=values.STATES,
    ),
    _page("admin-no-provider", "admin_providers.html", "Providers", providers=[], states=values.STATES),
    _question("admin-disable", values.DISABLE),
    _question("admin-enable", values.ENABLE),
    _question("admin-end-all", values.END_ALL),
    _question("admin-end-one", values.END_ONE, values.SESSIONS[0]),
    _question("admin-end-unknown-device", values.END_ONE, values.SESSIONS[1]),
)
