"""The pages a browser sees: plain HTML, one stylesheet, no script."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from watchword.dev_provider.people import Person
from watchword.dev_provider.sign_in import OpenPage
from watchword.dev_provider.state import ProviderState

STYLE_PATH = "/style.css"

# No form-action: browsers apply it to every redirect after the form, the client's own included.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
_TEMPLATES = Environment(
    loader=PackageLoader("watchword.dev_provider"), autoescape=True, undefined=StrictUndefined
)


def sign_in_page(provider: ProviderState, page: OpenPage) -> Response:
    """A button per person; the one the login hint means comes with the focus."""
    people = list(provider.people.values())
    return _page(
        provider,
        "sign_in.html",
        action=provider.path("/decision"),
        page_id=page.page_id,
        client_id=page.request.client_id,
        people=people,
        hinted=_hinted(people, page.request.login_hint),
    )


def refusal_page(provider: ProviderState, reason: str, *, status: int = 400) -> Response:
    return _page(provider, "refusal.html", status=status, reason=reason)


def signed_out_page(provider: ProviderState) -> Response:
    return _page(provider, "signed_out.html")


def stylesheet() -> Response:
    text = files("watchword.dev_provider").joinpath("static/style.css").read_text(encoding="utf-8")
    return Response(text, media_type="text/css", headers={"Cache-Control": "no-cache"})


def _page(provider: ProviderState, template: str, *, status: int = 200, **values: object) -> Response:
    html = _TEMPLATES.get_template(template).render(style=provider.path(STYLE_PATH), **values)
    return HTMLResponse(html, status_code=status, headers=_HEADERS)


def _hinted(people: list[Person], login_hint: str | None) -> str | None:
    for person in people:
        if login_hint in (person.username, person.email, person.sub):
            return person.username
    return None
