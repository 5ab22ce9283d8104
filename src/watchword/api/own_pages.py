"""What the endpoints of our own pages share: who reads an answer, and what every answer of theirs carries."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from watchword.api.own_answers import refusal
from watchword.api.pages import page, page_headers
from watchword.api.ways_on import NO_WAY, WaysOn
from watchword.config.auth import Settings
from watchword.errors import WatchwordError
from watchword.protocol.accept import prefers_html

OWN_VARY: Final = "Accept, Cookie, Authorization"


def is_person(request: Request) -> bool:
    """Whether a page is wanted, by ``Accept``; JSON else."""
    return prefers_html(request.headers.getlist("accept"))


def own_headers(settings: Settings) -> dict[str, str]:
    """Of an answer that is no page."""
    return {**page_headers(secure=settings.secure), "Vary": OWN_VARY}


def own_json(settings: Settings, told: Any) -> Response:
    return JSONResponse(told, headers=own_headers(settings))


def own_redirect(settings: Settings, location: str) -> Response:
    return RedirectResponse(location, status_code=303, headers=own_headers(settings))


def own_page(settings: Settings, template: str, *, forms_leave: bool = False, **context: Any) -> Response:
    """See ``page``."""
    response = page(template, secure=settings.secure, forms_leave=forms_leave, **context)
    response.headers.add_vary_header("Accept")
    return response


def own_refusal(
    settings: Settings, request: Request, error: WatchwordError, *, ways: WaysOn = NO_WAY
) -> Response:
    """As a page with its ways on, or a problem document; with its line in the log."""
    response = refusal(request.scope, error, secure=settings.secure, ways=ways)
    response.headers.add_vary_header("Accept")
    return response
