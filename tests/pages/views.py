"""What an entry of the registry of pages is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tests.pages import values
from watchword.api.pages import error_page, page
from watchword.api.ways_on import WaysOn


@dataclass(frozen=True, slots=True)
class View:
    """One page. ``controls`` are its roles and names as Chromium tells them to assistive technology;
    ``alert``: it says at once what went wrong, and has the focus there."""

    name: str
    template: str
    make: Callable[[], Response]
    heading: str
    controls: tuple[str, ...] = ()
    alert: bool = False


def shown(
    name: str, template: str, heading: str, *controls: str, alert: bool = False, **context: Any
) -> View:
    return View(name, template, lambda: page(template, secure=False, **context), heading, controls, alert)


def refused(name: str, error: Exception, ways: WaysOn, heading: str, *controls: str) -> View:
    template = "error.html" if ways.unavailable is None else "provider_unavailable.html"
    return View(
        name,
        template,
        lambda: error_page(error, request_id=values.REQUEST_ID, secure=False, ways=ways),  # type: ignore[arg-type]
        heading,
        controls,
        alert=True,
    )
