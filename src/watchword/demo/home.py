"""The demo's first page: sign in, look around, sign out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from watchword.api.decorators import public
from watchword.api.pages import page_headers
from watchword.app import Watchword
from watchword.auth.caller import identity_of
from watchword.errors import WatchwordError
from watchword.protocol.cookies import CookieNames, read_cookies
from watchword.protocol.principal import Principal, whoever_accepted

_TEMPLATES = Environment(loader=PackageLoader("watchword.demo"), autoescape=True, undefined=StrictUndefined)
_REFRESHING = "; script-src 'self'; connect-src 'self'"


@public
async def home(request: Request) -> HTMLResponse:
    """``GET /``: what the caller may try, and as whom. Where only the access token has run out, the page
    refreshes, as a page of any service does."""
    watchword: Watchword = request.app.state.watchword
    identity = whoever_accepted(identity_of(request.scope))
    roles = identity.roles if isinstance(identity, Principal) else await _live_roles(request, watchword)
    refresh = roles is not None and not isinstance(identity, Principal)
    html = _TEMPLATES.get_template("home.html").render(
        signed_in=roles is not None,
        roles=sorted(roles or ()),
        refresh=refresh,
        guide=request.app.state.watchword_gate.versions.get("v1").guide,
    )
    headers = page_headers(secure=watchword.secure, forms_leave=roles is not None)
    if refresh:
        headers["Content-Security-Policy"] += _REFRESHING
    return HTMLResponse(html, headers=headers)


async def _live_roles(request: Request, watchword: Watchword) -> Iterable[str] | None:
    """Of the session that the refresh cookie belongs to; None without one, or while the database is away."""
    sent = [value for name, value in request.scope["headers"] if name == b"cookie"]
    token = read_cookies(sent).get(CookieNames.for_base_url(watchword.settings.base_url).refresh)
    if token is None:
        return None
    with contextlib.suppress(WatchwordError):
        session = await (await watchword.services()).sessions.holder(token)
        return None if session is None else session.roles
    return None
