"""A sign-in in a fresh browser, from the button to the cookies."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from html import unescape
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx2

from tests.soak.chaos.balancer import OTHER_SECONDS, Balancer, Heard
from tests.soak.chaos.processes import BASE_URL

_HTML: Final = {"accept": "text/html,application/xhtml+xml"}
_FORM: Final = re.compile(r'<form method="post" action="([^"]+)"')
_TAG: Final = re.compile(r"<[^>]*>")
_PAGE: Final = re.compile(r'name="page" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Where a sign-in got to: the last status, 303 with both tokens where it succeeded; 0 where the
    provider's own page failed, which is not ours to answer for. ``why`` is what a refusal says."""

    sent: float
    received: float
    status: int
    access: str = ""
    refresh: str = ""
    why: str = ""


async def sign_in(balancer: Balancer, username: str) -> SignedIn:
    begun = time.monotonic()
    start = await balancer.ask("GET", "/auth/login/dev", headers=_HTML)
    if start.answer is None or start.status != 303:
        return _outcome(begun, start)
    back = await _at_provider(balancer, start.answer.headers["location"], username)
    if back is None:
        return SignedIn(begun, time.monotonic(), 0, why="the provider's page")
    cookie = "; ".join(_cookies(start.answer))
    path = back.removeprefix(BASE_URL)
    done = await balancer.ask("GET", path, again=False, headers={**_HTML, "cookie": cookie})
    return _outcome(begun, done)


def _outcome(begun: float, done: Heard) -> SignedIn:
    if done.answer is None or done.status != 303:
        why = "" if done.answer is None else " ".join(_TAG.sub(" ", done.answer.text).split())[-600:]
        return SignedIn(begun, done.received, done.status, why=why)
    kept = dict(each.split("=", 1) for each in _cookies(done.answer))
    return SignedIn(begun, done.received, 303, kept.get("ww_access", ""), kept.get("ww_refresh", ""))


async def _at_provider(balancer: Balancer, address: str, username: str) -> str | None:
    """The way back, once the person has pressed the button; None where the provider does not let them."""
    try:
        page = await balancer.send("GET", address, OTHER_SECONDS)
        form, page_id = _FORM.search(page.text), _PAGE.search(page.text)
        if form is None or page_id is None:
            return None
        pressed: dict[str, Any] = {"page": unescape(page_id[1]), "person": username}
        target = urljoin(address, unescape(form[1]))
        answer = await balancer.send("POST", target, OTHER_SECONDS, data=pressed)
    except httpx2.HTTPError:
        return None
    back = answer.headers.get("location", "")
    return back if urlsplit(back).path.startswith("/auth/callback/") else None


def _cookies(answer: httpx2.Response) -> list[str]:
    return [header.partition(";")[0] for header in answer.headers.get_list("set-cookie")]
