"""The demo's first page: sign in, look around, sign out."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from watchword.api.decorators import public
from watchword.api.pages import page_headers
from watchword.auth.caller import identity_of
from watchword.protocol.principal import Principal

_TEMPLATES = Environment(loader=PackageLoader("watchword.demo"), autoescape=True, undefined=StrictUndefined)


@public
async def home(request: Request) -> HTMLResponse:
    """``GET /``: what the caller may try, and as whom."""
    identity = identity_of(request.scope)
    signed_in = isinstance(identity, Principal)
    roles = sorted(identity.roles) if isinstance(identity, Principal) else []
    guide = request.app.state.watchword_gate.versions.get("v1").guide
    html = _TEMPLATES.get_template("home.html").render(signed_in=signed_in, roles=roles, guide=guide)
    secure: bool = request.app.state.watchword.settings.secure
    return HTMLResponse(html, headers=page_headers(secure=secure, forms_leave=signed_in))
