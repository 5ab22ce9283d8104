"""Nobody finds out from a refusal who has an account, or what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.flows.conftest import Service, replicas, serve_provider
from tests.flows.first_party import CLIENTS, FirstParty
from tests.flows.refusals import change
from watchword.testing import FakeClock

UNTOLD = {"date", "x-request-id"}
"""Headers that are another in every answer."""
_REFERENCE = re.compile(r"\b[0-9a-f]{32}\b")


@dataclass
class Ended:
    """What people held until they signed out, were disabled, or were deleted; by that fate."""

    service: Service
    cookies: dict[str, dict[str, str]]
    tokens: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    with people_who_ended(tmp_path_factory.mktemp("ended")) as found:
        yield found


@contextmanager
def people_who_ended(folder: Path) -> Iterator[Ended]:
    """A service in ``folder`` with one person of each fate."""
    clock = FakeClock()
    with serve_provider(clock) as server, replicas(server, clock, folder) as start:
        yield _people_who_ended(start(clients=CLIENTS))


def _people_who_ended(service: Service) -> Ended:
    client = FirstParty(service)
    people = {"signed out": "alice", "disabled": "bob", "gone": "carol"}
    browsers = {fate: service.signed_in(person) for fate, person in people.items()}
    held = Ended(
        service,
        {fate: dict(browser.cookies) for fate, browser in browsers.items()},
        {fate: client.tokens(person) for fate, person in people.items()},
    )
    bob, carol = (
        browsers[fate].get("/auth/me").json()["user_id"].replace("-", "") for fate in ("disabled", "gone")
    )
    browsers["signed out"].post("/auth/logout")
    client.post("/auth/revoke", {"client_id": "spa", "token": held.tokens["signed out"]["refresh_token"]})
    change(service, f"UPDATE ww_users SET status = 'disabled' WHERE id = '{bob}'")
    for table, column in (("ww_sessions", "user_id"), ("ww_identities", "user_id"), ("ww_users", "id")):
        change(service, f"DELETE FROM {table} WHERE {column} = '{carol}'")
    return held


def told(response: httpx2.Response) -> tuple[int, str, list[tuple[str, str]]]:
    """Everything of an answer but what is drawn anew for each."""
    headers = [(name, text) for name, text in response.headers.items() if name not in UNTOLD]
    return response.status_code, _REFERENCE.sub("…", response.text), headers


def unknown(token: str) -> str:
    """A token as nobody was ever given one."""
    return token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)


@pytest.mark.parametrize(
    ("path", "name", "status", "live"),
    [
        ("/auth/token", "refresh_token", 400, 200),
        ("/auth/refresh", "refresh_token", 401, 200),
        ("/auth/revoke", "token", 200, 200),
    ],
)
def test_ses_86_a_refresh_token_tells_nothing_of_whose_it_was(
    ended: Ended, path: str, name: str, status: int, live: int
) -> None:
    """Signed out, disabled, gone and never known are one answer, in status, body and headers."""
    client = FirstParty(ended.service)
    presented = {fate: each["refresh_token"] for fate, each in ended.tokens.items()}
    presented["nobody"] = unknown(presented["gone"])
    fields: dict[str, str | None] = {"client_id": "spa", "grant_type": "refresh_token"}
    answers = {fate: told(client.post(path, fields | {name: token})) for fate, token in presented.items()}
    assert len({repr(each) for each in answers.values()}) == 1, answers
    assert answers["gone"][0] == status
    assert client.post(path, fields | {name: client.tokens()["refresh_token"]}).status_code == live


@pytest.mark.parametrize(
    ("method", "path", "status", "live"),
    [
        ("POST", "/auth/refresh", 401, 200),
        ("GET", "/auth/sessions", 401, 200),
        ("POST", "/auth/logout", 204, 204),
    ],
)
def test_ses_86_a_session_cookie_tells_nothing_of_whose_it_was(
    ended: Ended, method: str, path: str, status: int, live: int
) -> None:
    """Nor do the cookies of a session that has ended, whyever that was."""
    name = "__Host-ww_refresh"
    presented = {fate: cookies[name] for fate, cookies in ended.cookies.items()}
    presented["nobody"] = unknown(presented["gone"])

    def ask(token: str) -> httpx2.Response:
        headers = {"cookie": f"{name}={token}", "sec-fetch-site": "same-origin"}
        return ended.service.browser().request(method, path, headers=headers)

    answers = {fate: told(ask(token)) for fate, token in presented.items()}
    assert len({repr(each) for each in answers.values()}) == 1, answers
    assert answers["gone"][0] == status
    assert ask(ended.service.signed_in("alice").refresh).status_code == live


@pytest.mark.parametrize("path", ["/live", "/auth/me"])
def test_ses_86_an_access_token_tells_nothing_of_how_it_ended(ended: Ended, path: str) -> None:
    """Where the database is asked; whether by logout or by an operator is nobody's business."""
    client = FirstParty(ended.service)
    answers = {fate: told(client.call(each["access_token"], path)) for fate, each in ended.tokens.items()}
    assert len({repr(each) for each in answers.values()}) == 1, answers
    assert answers["gone"][0] == 401
    assert client.call(client.tokens()["access_token"], path).status_code == 200
