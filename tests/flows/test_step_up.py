"""Step-up: a route may ask for a recent sign-in, and only the provider's word is one (RFC 9470)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.flows.browser import Browser, query_of
from tests.flows.conftest import Service, StartService
from tests.flows.first_party import CLIENTS, FirstParty, claims_of, error_at_client
from watchword import require_auth
from watchword.config.provider import ProviderSettings
from watchword.dev_provider import DevProviderServer
from watchword.testing.provider import provider_settings

LEEWAY = 30
AGES = ("", "-1", "+5", "5.0", "1e3", " 5", "5s", "%D9%A3", "31536001", "9" * 40, "5&max_age=5")


@pytest.fixture(scope="module")
def step_up(module_service: Service) -> Service:
    """The file's service with a route that asks for a sign-in of the last five minutes."""

    @module_service.app.post("/transfer")
    @require_auth(max_age_seconds=300)
    async def transfer() -> str:
        return "done"

    return module_service


@pytest.fixture
def bank(shared: Service, step_up: Service) -> Service:
    return shared


def transfer(browser: Browser) -> Any:
    return browser.post("/transfer")


def begin(service: Service, browser: Browser, query: str = "?max_age=300") -> str:
    response = browser.get(f"/auth/login/dev{query}")
    assert response.status_code == 303, response.text
    return str(response.headers["location"])


def test_an_old_sign_in_is_told_what_is_wanted_and_a_new_one_is_let_in(bank: Service) -> None:
    """The whole way: 401 with max_age, the link, the provider asks anew, the route opens."""
    bank.provider.behaviour.signed_in_seconds_ago = 600
    browser = bank.signed_in()
    refused = transfer(browser)
    assert (refused.status_code, refused.json()["code"]) == (401, "insufficient_user_authentication")
    (age,) = re.findall(r'max_age="(\d+)"', refused.headers["www-authenticate"])
    location = begin(bank, browser, f"?max_age={age}&return_to=/private")
    assert query_of(location)["max_age"] == "300"
    assert "prompt" not in query_of(location)
    done = browser.get(bank.approve(location))
    assert (done.status_code, done.headers["location"]) == (303, "/private")
    assert transfer(browser).json() == "done"


def test_ses_72_a_step_up_is_a_new_session(bank: Service) -> None:
    """Other identifiers, other tokens; the old session has ended, its tokens are refused."""
    browser = bank.signed_in()
    before = browser.get("/auth/me").json()
    old_access, old_refresh = browser.access, browser.refresh
    browser.get(bank.approve(begin(bank, browser)))
    after = browser.get("/auth/me").json()
    assert before["session_id"] != after["session_id"]
    assert before["user_id"] == after["user_id"]
    assert browser.access != old_access
    stale = bank.browser().get("/private", authorization=f"Bearer {old_access}")
    assert (stale.status_code, stale.json()["code"]) == (401, "session_ended")
    assert bank.browser().post("/auth/refresh", json={"refresh_token": old_refresh}).status_code == 401


@pytest.mark.parametrize(
    ("behaviour", "said"), [("ignore_max_age", "too_old"), ("omit_auth_time", "missing")]
)
def test_rp_53_a_provider_that_does_not_vouch_signs_nobody_in(
    bank: Service, behaviour: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its own code, a sentence for the person with the same wish to try again, the cause for the
    operator; whoever was signed in stays so."""
    browser = bank.signed_in()
    before = dict(browser.cookies)
    bank.provider.behaviour.signed_in_seconds_ago = 300 + LEEWAY + 1
    setattr(bank.provider.behaviour, behaviour, True)
    with caplog.at_level("INFO", logger="watchword"):
        refused = browser.get(bank.approve(begin(bank, browser, "?max_age=300&return_to=/private")))
    assert refused.status_code == 400
    assert "fresh sign-in" in refused.text
    assert 'href="/auth/login?return_to=%2Fprivate&amp;max_age=300"' in refused.text
    assert {name: value for name, value in browser.cookies.items() if "attempt" not in name} == before
    assert browser.get("/private").status_code == 200
    (record,) = [each for each in caplog.records if getattr(each, "code", "") == "sign_in_not_recent"]
    assert said in record.getMessage()


@pytest.mark.parametrize("auth_time", ["now", None, True, 1.5, -1, "future"])
def test_rp_53_a_time_that_is_none_is_not_recent(bank: Service, auth_time: Any) -> None:
    """No shape of the claim is taken for a fresh sign-in."""
    value = int(bank.clock.time()) + LEEWAY + 1 if auth_time == "future" else auth_time
    bank.provider.behaviour.id_token_claims = lambda claims: {**claims, "auth_time": value}
    browser = bank.browser()
    refused = browser.get(bank.approve(begin(bank, browser)))
    assert refused.status_code == 400
    assert not browser.signed_in


@pytest.mark.parametrize(("ago", "signed_in"), [(300 + LEEWAY, True), (300 + LEEWAY + 1, False)])
def test_rp_53_the_age_may_be_off_by_the_leeway(bank: Service, ago: int, signed_in: bool) -> None:
    """``WATCHWORD_CLOCK_LEEWAY_SECONDS`` and not a second more."""
    bank.provider.behaviour.signed_in_seconds_ago = ago
    bank.provider.behaviour.ignore_max_age = True
    browser = bank.browser()
    assert browser.get(bank.approve(begin(bank, browser))).status_code == (303 if signed_in else 400)
    assert browser.signed_in is signed_in


def test_an_age_of_0_asks_for_the_password_and_forgives_a_slow_way_back(bank: Service) -> None:
    """``prompt=login`` says the same; who signed in since the request did so now."""
    bank.provider.behaviour.signed_in_seconds_ago = 5000
    browser = bank.browser()
    location = begin(bank, browser, "?max_age=0")
    assert (query_of(location)["max_age"], query_of(location)["prompt"]) == ("0", "login")
    callback = bank.approve(location)
    bank.clock.advance(59)
    assert browser.get(callback).status_code == 303


def test_a_silent_sign_on_without_auth_time_never_steps_up(bank: Service) -> None:
    """The person is signed in, everywhere but where a recent sign-in is wanted; the time is shown
    and marked in the token, also after a refresh and in a client's session."""
    bank.provider.behaviour.omit_auth_time = True
    browser = bank.signed_in()
    now = int(bank.clock.time())
    for _ in range(2):
        claims = claims_of(browser.access)
        assert (claims["auth_time"], claims["auth_time_source"]) == (now, "sign_in")
        assert browser.get("/auth/me").json()["auth_time"] == now
        assert browser.get("/private").status_code == 200
        assert transfer(browser).json()["code"] == "insufficient_user_authentication"
        assert browser.post("/auth/refresh").status_code == 200
    bank.provider.reset()
    assert "auth_time_source" not in claims_of(bank.signed_in().access)


def test_the_page_keeps_the_wish_on_its_buttons(bank: Service) -> None:
    """Every provider is asked for the same recent sign-in, and the person ends at the same page."""
    page = bank.browser().get("/auth/login?max_age=300&return_to=/private").text
    links = re.findall(r'href="/auth/login/(\w+)\?([^"]+)"', page)
    assert links == [(name, "return_to=%2Fprivate&amp;max_age=300") for name in ("dev", "other")]
    assert "needs a fresh sign-in" in page
    assert "fresh" not in bank.browser().get("/auth/login").text


@pytest.mark.parametrize("path", ["/auth/login", "/auth/login/dev"])
def test_an_age_that_cannot_be_read_is_a_400_page(bank: Service, path: str) -> None:
    """Nobody is sent anywhere, no attempt begins."""
    for age in AGES:
        browser = bank.browser()
        refused = browser.get(f"{path}?max_age={age}")
        assert refused.status_code == 400, age
        assert refused.headers["content-type"].startswith("text/html")
        assert not browser.set_cookies


def test_a_first_party_client_steps_up_the_same_way(start_service: StartService) -> None:
    """``/auth/authorize?max_age=``: asked, checked, and the client's token carries the time; a number
    that is none is its own error."""
    bank = start_service(clients=CLIENTS)
    bank.provider.behaviour.signed_in_seconds_ago = 600
    spa = FirstParty(bank)
    now = int(bank.clock.time())
    assert claims_of(spa.tokens()["access_token"])["auth_time"] == now - 600
    assert claims_of(spa.tokens(max_age="300")["access_token"])["auth_time"] == now
    bank.provider.behaviour.ignore_max_age = True
    assert spa.answer(max_age="300")["error"] == "unmet_authentication_requirements"
    for age in ("-1", "5s", "31536001"):
        assert error_at_client(spa.authorize(max_age=age))["error"] == "invalid_request"
    bank.provider.behaviour.omit_auth_time = True
    assert claims_of(spa.tokens()["access_token"])["auth_time_source"] == "sign_in"


class Silent(ProviderSettings):
    """A provider that never says when a person signed in, as some presets describe theirs."""

    @property
    def asserts_auth_time(self) -> bool:
        return False


def buttons(service: Service, query: str) -> list[str]:
    """The providers that the sign-in page offers."""
    return re.findall(r'href="/auth/login/(\w+)', service.browser().get(f"/auth/login{query}").text)


def test_a_provider_without_auth_time_is_not_asked_for_a_step_up(
    start_service: StartService, provider_server: DevProviderServer
) -> None:
    """It has no button on a page that needs one; a link to it, and a page without any, say why. An
    ordinary sign-in there works."""
    dev = provider_settings(provider_server)
    silent = Silent.model_validate(dev)
    both = start_service(providers={"dev": dev, "other": silent}, clients=CLIENTS)
    assert buttons(both, "?max_age=60") == ["dev"]
    assert buttons(both, "") == ["dev", "other"]
    refused = both.browser().get("/auth/login/other?max_age=60")
    assert (refused.status_code, "cannot confirm" in refused.text) == (400, True)
    assert FirstParty(both).authorize(max_age="60").status_code == 303
    spa = FirstParty(both)
    told = error_at_client(spa.authorize(max_age="60", provider="other"))
    assert told["error"] == "unmet_authentication_requirements"
    alone = start_service(providers={"other": silent}, clients=CLIENTS)
    assert alone.browser().get("/auth/login?max_age=60").status_code == 400
    assert error_at_client(FirstParty(alone).authorize(max_age="60"))["error"] == told["error"]
    assert alone.sign_in(alone.browser(), provider="other").status_code == 303
