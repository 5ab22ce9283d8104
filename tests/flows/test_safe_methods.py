"""SES-74: whoever only looks changes nothing, at any address we mount."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.administrators import administrator, user_id_of
from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from tests.flows.first_party import CLIENTS, FirstParty
from tests.flows.own_sessions import HTML, own_id
from tests.flows.snapshots import everything_in
from watchword.api.gate import GateInstallation

SAFE = ("GET", "HEAD", "OPTIONS")
LOOKS = frozenset({"account_exported", "account_viewed", "accounts_listed"})
TEMPTING = "confirm=yes&everywhere=yes&method=DELETE&_method=POST&version=1&client_id=spa"


def addresses(service: Service, of_session: str, of_person: str) -> list[str]:
    """Every path of the app, its parameters filled in with what exists."""
    gate: GateInstallation = service.app.state.watchword_gate
    values = {"provider": "dev", "session_id": of_session, "id": of_session, "user_id": of_person}
    paths = {entry.path for entry in gate.routes()}
    filled = sorted(path.format_map(_Filling(values)) for path in paths)
    assert {"/auth/logout", "/auth/token", "/private", "/auth/callback/dev"} <= set(filled)
    return filled


class _Filling(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "x"


def unlooked(service: Service) -> dict[str, list[Any]]:
    """Every row, but those that say that somebody looked."""
    rows = everything_in(service)
    told = [row for row in rows["ww_audit_events"] if not LOOKS.intersection(map(str, row))]
    return {**rows, "ww_audit_events": told}


@pytest.fixture
def service(start_service: StartService) -> Service:
    """One replica with clients, so that all there is, is mounted."""
    return start_service(clients=CLIENTS)


@pytest.mark.parametrize("method", SAFE)
def test_ses_74_no_safe_method_changes_a_row(service: Service, method: str) -> None:
    """Anonymous, by cookie, by bearer token; as a page and as JSON; with a query that asks for much and
    a header that claims another method, as an administrator too. No row changes but what the trail tells of
    looks at people, and nobody is signed in or out by it."""
    administrator(service, "alice")
    browser, other = service.signed_in(), service.signed_in()
    tokens = FirstParty(service).tokens()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    before = unlooked(service)
    for path in addresses(service, own_id(other), user_id_of(other)):
        for caller, headers in (
            (service.browser(), HTML),
            (Browser(service.client, dict(browser.cookies)), {**HTML, "x-http-method-override": "POST"}),
            (Browser(service.client, dict(browser.cookies)), {"sec-fetch-site": "same-origin"}),
            (service.browser(), {**bearer, "x-http-method-override": "DELETE"}),
        ):
            target = (
                f"{path}?{TEMPTING}&refresh_token={tokens['refresh_token']}&token={tokens['access_token']}"
            )
            response = caller.request(method, target, headers=headers)
            assert response.status_code != 500, (path, response.text)
            session = [each for each in caller.set_cookies if "ww_attempt" not in each]
            assert not session, path
    assert unlooked(service) == before
    assert browser.get("/private").status_code == other.get("/private").status_code == 200
    assert service.browser().request("GET", "/private", headers=bearer).status_code == 200
