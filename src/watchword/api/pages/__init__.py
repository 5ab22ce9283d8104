"""Our own pages: plain HTML that works without JavaScript, under a strict policy."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from watchword.api.answer_headers import VARY, protective_headers
from watchword.api.decorators import public
from watchword.api.pages.rendering import Pages, rendered
from watchword.api.pages.words import language
from watchword.api.ways_on import NO_WAY, WaysOn
from watchword.errors import WatchwordError
from watchword.protocol.waiting import waiting_time

__all__ = ["Pages", "error_page", "page", "page_headers", "stylesheet"]

_POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
_FORMS_STAY = "; form-action 'self'"


def page_headers(
    *,
    secure: bool,
    referrer_policy: str = "same-origin",
    in_sign_in: bool = False,
    forms_leave: bool = False,
) -> dict[str, str]:
    """The headers every page of ours carries; HSTS where browsers reach us over https.

    ``in_sign_in`` keeps the page that opened a sign-in window in touch with it. ``forms_leave`` is
    for a form whose answer is a redirect to other origins, which browsers hold to its page's policy.
    """
    headers = protective_headers(secure=secure) | {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _POLICY if forms_leave else _POLICY + _FORMS_STAY,
        "Referrer-Policy": referrer_policy,
        "Vary": VARY,
    }
    if not in_sign_in:
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return headers


def page(
    name: str,
    *,
    secure: bool,
    status: int = 200,
    in_sign_in: bool = False,
    forms_leave: bool = False,
    **context: Any,
) -> HTMLResponse:
    """Render one template in the language that is asked for; see ``page_headers`` for the rest."""
    html = rendered(name, context)
    headers = page_headers(secure=secure, in_sign_in=in_sign_in, forms_leave=forms_leave)
    headers |= {"Content-Language": language(), "Vary": f"Accept-Language, {VARY}"}
    return HTMLResponse(html, status_code=status, headers=headers)


def error_page(
    error: WatchwordError, *, request_id: str, secure: bool, ways: WaysOn = NO_WAY
) -> HTMLResponse:
    """What a person sees of a refusal: its plain sentence, what they may do now, and a reference;
    never its cause. A provider that is down is told by its name, with when to try again."""
    response = page(
        "error.html" if ways.unavailable is None else "provider_unavailable.html",
        secure=secure,
        status=error.status,
        in_sign_in=True,
        error=error,
        request_id=request_id,
        ways=ways,
        waiting=waiting_time(error.retry_after_seconds or 0),
    )
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


@public
async def stylesheet(_: Request) -> Response:
    """The style sheet of every page of ours."""
    css = files(__name__).joinpath("assets", "watchword.css").read_text(encoding="utf-8")
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(css, media_type="text/css", headers=headers)
