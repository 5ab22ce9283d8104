"""``/auth/authorize``: what first-party clients may ask for, and where answers go."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.flows.browser import query_of
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import (
    CLIENTS,
    LOOPBACK,
    MOBILE,
    OWN_PAGE,
    SPA,
    FirstParty,
    claims_of,
    error_at_client,
)
from tests.flows.refusals import rows, select
from watchword.testing.provider import provider_settings


@pytest.fixture
def service(start_service: StartService) -> Service:
    return start_service(clients=CLIENTS)


def button(page: str, name: str) -> dict[str, str]:
    """The fields a form of ours sends when the button of that text is pressed."""
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    pressed = re.search(rf'name="([^"]*)" value="([^"]*)">{name}', page)
    assert pressed is not None, page
    return {key: html.unescape(value) for key, value in [*hidden, pressed.groups()]}


def test_an_honest_sign_in_ends_in_a_code_and_nothing_else(service: Service) -> None:
    """RFC 6749 §4.1.2, RFC 9207: code, state and iss at the exact address; no session of ours, no
    cookie but the attempt's, which goes."""
    spa = FirstParty(service)
    begun = spa.authorize(scope="orders:read")
    assert [name.startswith("__Host-ww_attempt_") for name in spa.browser.cookies] == [True]
    done = spa.browser.get(service.approve(begun.headers["location"]))
    assert done.status_code == 303
    assert done.headers["location"].partition("?")[0] == SPA
    answer = query_of(done.headers["location"])
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == (spa.state, BASE_URL)
    assert len(answer["code"]) >= 43
    assert spa.browser.cookies == {}
    assert done.headers["cache-control"] == "no-store"
    assert done.headers["referrer-policy"] == "no-referrer"
    assert rows(service) == (0, 0, 0)


def test_the_code_is_stored_as_a_digest_and_the_sign_in_sealed(service: Service) -> None:
    """SES-30: neither the code nor the person can be read from the database."""
    code = FirstParty(service).code()
    (kept,) = select(service, "SELECT hex(digest) || hex(sealed_sign_in) FROM ww_authorization_codes")
    assert code.encode().hex() not in kept.lower()
    assert b"alice".hex() not in kept.lower()


def test_the_provider_gets_its_own_state_and_challenge(service: Service) -> None:
    """What the client sent stays between us and the client."""
    spa = FirstParty(service)
    asked = query_of(spa.authorize().headers["location"])
    assert asked["state"] != spa.state
    assert asked["redirect_uri"] == f"{BASE_URL}/auth/callback/dev"
    assert spa.verifier not in str(asked)
    assert {"prompt", "max_age", "login_hint"}.isdisjoint(asked)


def test_prompt_max_age_and_login_hint_reach_the_provider(service: Service) -> None:
    """They are the provider's to honour, since it is there that people sign in."""
    spa = FirstParty(service)
    asked = query_of(
        spa.authorize(prompt="login", max_age="60", login_hint="alice@example.test").headers["location"]
    )
    assert (asked["prompt"], asked["max_age"], asked["login_hint"]) == ("login", "60", "alice@example.test")


def test_max_age_is_checked_and_not_only_asked_for(service: Service) -> None:
    """RP-53, OpenID Connect Core §3.1.3.7: a sign-in older than asked for gives no code, and the client
    learns why (RFC 9470 §5)."""
    spa = FirstParty(service)
    assert claims_of(spa.tokens(max_age="60")["access_token"])["auth_time"] > 0
    for change in ({"auth_time": int(service.clock.time()) - 600}, {"auth_time": None}):
        service.provider.behaviour.id_token_claims = lambda claims, change=change: {
            name: value for name, value in (claims | change).items() if value is not None
        }
        answer = spa.answer(max_age="60")
        assert answer["error"] == "unmet_authentication_requirements"
        assert (answer["state"], answer["iss"]) == (spa.state, BASE_URL)
        assert "code" not in answer


def test_a_browser_session_is_never_reused(service: Service) -> None:
    """Whoever is signed in here, the provider is asked; the session stays as it was."""
    spa = FirstParty(service)
    spa.browser = service.signed_in("bob")
    before = dict(spa.browser.cookies)
    tokens = spa.tokens("alice")
    assert spa.browser.cookies == before
    assert spa.browser.get("/auth/me").json()["email"] == "bob@example.test"
    assert spa.call(tokens["access_token"], "/auth/me").json()["email"] == "alice@example.test"
    assert error_at_client(spa.authorize(prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": "browser"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": SPA + "/../evil"},
        {"redirect_uri": SPA + "?next=https://evil.example"},
        {"redirect_uri": SPA + "#"},
        {"redirect_uri": "https://spa.example.test@evil.example/cb"},
        {"redirect_uri": "https://spa.example.test.evil.example/cb"},
        {"redirect_uri": "//evil.example/cb"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "https://other.example.test:8443/cb?tenant=1"},
        {"redirect_uri": f"{BASE_URL}/auth/callback/dev"},
    ],
)
def test_a_bad_client_or_address_is_a_page_and_never_a_redirect(
    service: Service, changes: dict[str, str | None]
) -> None:
    """RFC 9700 §4.11: an authorization server is no open redirector."""
    for more in ({}, {"response_type": "token"}, {"prompt": "none"}):
        response = FirstParty(service).authorize(**changes, **more)
        assert response.status_code == 400
        assert response.headers["content-type"].startswith("text/html")
        assert "location" not in response.headers
        assert "evil" not in response.text
        assert not response.headers.get_list("set-cookie")


@pytest.mark.parametrize(
    "query", ["", "?", "?client_id=spa&x=%ff", "?client_id=spa" + "&a=1" * 60, "?%00=%00"]
)
def test_a_malformed_query_is_a_page(service: Service, query: str) -> None:
    """Nothing of it can be trusted."""
    assert service.browser().get(f"/auth/authorize{query}").status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "orders:read admin"}, "invalid_scope"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"provider": "nobody"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_other_faults_go_to_the_client(service: Service, changes: dict[str, str], error: str) -> None:
    """By their standard name, with state and iss, and without asking the provider."""
    asked = len(service.provider.requests)
    told = error_at_client(FirstParty(service).authorize(**changes))
    assert told["error"] == error
    assert told["state"] == "state of the client"
    assert len(service.provider.requests) == asked


def test_a_parameter_twice_goes_to_the_client_without_a_state_it_cannot_have_meant(service: Service) -> None:
    """RFC 6749 §3.1."""
    spa = FirstParty(service)
    told = error_at_client(spa.browser.get(spa.request() + "&state=other"))
    assert told["error"] == "invalid_request"
    assert "state" not in told


def test_the_answer_joins_the_query_of_the_address(service: Service) -> None:
    """RFC 6749 §3.1.2: what was registered stays."""
    other = FirstParty(service, "other", "https://other.example.test:8443/cb?tenant=1")
    answer = other.answer()
    assert set(answer) == {"tenant", "code", "state", "iss"}
    assert answer["tenant"] == "1"


def test_the_longest_state_comes_back_as_it_was(service: Service) -> None:
    """1,024 characters of the kind programs make; a longer one is refused."""
    spa = FirstParty(service)
    state = "Aa0-_." * 170 + "~~~~"
    assert len(state) == 1024
    assert spa.answer(state=state)["state"] == state
    assert error_at_client(spa.authorize(state=state + "x"))["error"] == "invalid_request"


def test_what_no_cookie_can_hold_is_a_page(start_service: StartService) -> None:
    """A long address and a state whose every character doubles when kept: refused, not broken."""
    address = SPA + "/" + "a" * 990
    service = start_service(clients={"spa": {"redirect_uris": [address]}})
    spa = FirstParty(service, redirect_uri=address)
    assert spa.authorize(state="x" * 1024).status_code == 303
    response = spa.authorize(state='"' * 1024)
    assert response.status_code == 400
    assert not response.headers.get_list("set-cookie")


def test_an_answer_without_state_has_none(service: Service) -> None:
    """PKCE binds code and client; state is the client's own affair."""
    assert set(FirstParty(service).answer(state=None)) == {"code", "iss"}


def test_who_says_no_at_the_provider_says_no_to_the_client(service: Service) -> None:
    """access_denied at the client's address; the attempt is over, no session, no code."""
    spa = FirstParty(service)
    location = spa.authorize().headers["location"]
    back = service.provider.cancel(location).removeprefix(BASE_URL)
    told = error_at_client(spa.browser.get(back))
    assert (told["error"], told["state"]) == ("access_denied", spa.state)
    assert spa.browser.cookies == {}
    assert rows(service) == (0, 0, 0)


@pytest.mark.parametrize("endpoint", ["token", "jwks"])
def test_a_provider_that_goes_down_is_told_to_the_client(service: Service, endpoint: Any) -> None:
    """temporarily_unavailable, at the callback as at the start."""
    spa = FirstParty(service)
    location = spa.authorize().headers["location"]
    back = service.approve(location)
    service.provider.fail(endpoint, status=503)
    assert error_at_client(spa.browser.get(back))["error"] == "temporarily_unavailable"


def test_a_provider_that_is_down_is_told_to_the_client(service: Service) -> None:
    """Nobody is sent anywhere else."""
    service.provider.fail("discovery", status=503)
    spa = FirstParty(service)
    told = error_at_client(spa.authorize())
    assert (told["error"], told["state"]) == ("temporarily_unavailable", spa.state)
    assert not spa.browser.attempts


def test_a_forged_answer_is_a_page(service: Service) -> None:
    """A wrong issuer, a bad ID token, an unknown state: the client gets neither code nor error."""
    spa = FirstParty(service)
    service.provider.behaviour.sign_with_unknown_key = True
    for back in (
        service.approve(spa.authorize().headers["location"]),
        service.approve(spa.authorize().headers["location"]) + "&iss=https://evil.example",
        "/auth/callback/dev?code=x&state=unknown",
    ):
        response = spa.browser.get(back)
        assert response.status_code == 400
        assert "location" not in response.headers


def test_a_used_answer_gives_no_second_code(service: Service) -> None:
    """The attempt works once, also for a client."""
    spa = FirstParty(service)
    back = service.approve(spa.authorize().headers["location"])
    kept = dict(spa.browser.cookies)
    assert spa.browser.get(back).status_code == 303
    spa.browser.cookies = kept
    assert spa.browser.get(back).status_code == 400
    assert select(service, "SELECT count(*) FROM ww_authorization_codes") == [1]


def test_an_address_that_is_taken_back_gets_no_answer(start_service: StartService) -> None:
    """Unregistered between the request and the answer: neither code nor error goes there."""
    before = start_service(clients=CLIENTS)
    after = start_service(clients={"spa": {"redirect_uris": ["https://spa.example.test/new"]}})
    for outcome in (before.provider.approve, lambda location, _: before.provider.cancel(location)):
        spa = FirstParty(before)
        back = outcome(spa.authorize().headers["location"], "alice").removeprefix(BASE_URL)
        spa.browser.client = after.client
        response = spa.browser.get(back)
        assert response.status_code == 400
        assert "location" not in response.headers
    native = FirstParty(before, "native", MOBILE)
    for pressed in ("Continue with Dev", "Cancel"):
        fields = button(native.authorize().text, pressed)
        native.browser.client = after.client
        assert native.browser.post("/auth/authorize", data=fields).status_code == 400
        native.browser.client = before.client


# --- pages on the way -------------------------------------------------------------------------


@pytest.fixture
def two_providers(start_service: StartService, provider_server: Any) -> Service:
    dev = provider_settings(provider_server)
    return start_service(clients=CLIENTS, providers={"dev": dev, "other": dev})


def test_with_several_providers_the_person_chooses(two_providers: Service) -> None:
    """The sign-in page, whose links carry the request sealed, leads to the same end."""
    spa = FirstParty(two_providers)
    page = spa.authorize(scope="orders:read")
    assert page.status_code == 200
    assert not spa.browser.cookies
    links = re.findall(r'href="(/auth/login/other\?request=[^"]+)"', page.text)
    assert spa.state not in page.text
    begun = spa.browser.get(html.unescape(links[0]))
    assert urlsplit(query_of(begun.headers["location"])["redirect_uri"]).path == "/auth/callback/other"
    code = spa.finish(begun.headers["location"])["code"]
    assert spa.exchange(code).json()["scope"] == "orders:read"


def test_a_named_provider_is_gone_to_at_once(two_providers: Service) -> None:
    """``provider=<id>`` skips the page."""
    begun = FirstParty(two_providers).authorize(provider="other")
    assert query_of(begun.headers["location"])["redirect_uri"] == f"{BASE_URL}/auth/callback/other"


def test_a_sealed_request_cannot_be_changed_or_kept(two_providers: Service) -> None:
    """One character more, less or other, another seal of ours, or ten minutes later: a page."""
    spa = FirstParty(two_providers)
    (link, *_) = re.findall(r'href="(/auth/login/dev\?request=[^"]+)"', spa.authorize().text)
    flipped = link[:-1] + ("A" if link[-1] != "A" else "B")
    elsewhere = two_providers.browser()
    two_providers.begin(elsewhere)
    (attempt,) = elsewhere.attempts.values()
    for bad in (
        flipped,
        link + "A",
        link[:-1],
        "/auth/login/dev?request=",
        f"/auth/login/dev?request={attempt}",
    ):
        assert spa.browser.get(bad).status_code == 400
    two_providers.clock.advance(599)
    assert spa.browser.get(link).status_code == 303
    two_providers.clock.advance(1)
    assert spa.browser.get(link).status_code == 400


@pytest.mark.parametrize("redirect_uri", [MOBILE, LOOPBACK, "http://127.0.0.1:49152/cb"])
def test_a_program_of_the_machine_is_confirmed_first(service: Service, redirect_uri: str) -> None:
    """RFC 8252 §8.6: the person sees which app asks, and nothing happens before they press."""
    app = FirstParty(service, "native", redirect_uri)
    page = app.authorize()
    assert page.status_code == 200
    assert not app.browser.cookies
    assert "native" in page.text
    assert "form-action" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    begun = app.browser.post("/auth/authorize", data=button(page.text, "Continue with Dev"))
    assert begun.status_code == 303
    tokens = app.exchange(app.finish(begun.headers["location"])["code"])
    assert tokens.status_code == 200


def test_a_person_may_cancel(service: Service) -> None:
    """access_denied, without the provider."""
    app = FirstParty(service, "native", MOBILE)
    page = app.authorize()
    told = error_at_client(
        app.browser.post("/auth/authorize", data=button(page.text, "Cancel")), redirect_uri=MOBILE
    )
    assert (told["error"], told["state"]) == ("access_denied", app.state)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
def test_nobody_else_presses_the_button(service: Service, site: str | None) -> None:
    """A page of another origin may know the sealed request, and still confirms nothing."""
    app = FirstParty(service, "native", MOBILE)
    fields = button(app.authorize().text, "Continue with Dev")
    response = app.browser.post("/auth/authorize", data=fields, site=site)
    assert response.status_code == 403
    assert not app.browser.cookies


def test_a_link_does_not_stand_for_the_button(service: Service) -> None:
    """The sealed request of a confirmation page is refused where links lead."""
    app = FirstParty(service, "native", MOBILE)
    fields = button(app.authorize().text, "Continue with Dev")
    link = "/auth/login/dev?" + urlencode({"request": fields["request"]})
    assert app.browser.get(link).status_code == 400
    assert not app.browser.cookies


@pytest.mark.parametrize(
    "body",
    [{}, {"request": "x", "provider": "dev"}, {"provider": "dev"}, {"request": "é"}, {"cancel": "yes"}],
)
def test_a_confirmation_of_nothing_is_a_page(service: Service, body: dict[str, str]) -> None:
    """Garbage where the sealed request should be."""
    assert service.browser().post("/auth/authorize", data=body).status_code == 400
    assert service.browser().post("/auth/authorize", json=body).status_code == 400


def test_an_own_page_is_not_confirmed(service: Service) -> None:
    """Swagger UI on our own origin is as far as any sign-in of ours goes."""
    docs = FirstParty(service, "docs", OWN_PAGE)
    assert docs.authorize().status_code == 303
    assert docs.exchange(docs.code()).status_code == 200


def test_the_chain_keeps_the_window_that_opened_it(service: Service) -> None:
    """A client may sign in in a window of its own: no page or redirect on the way cuts it off."""
    spa, app = FirstParty(service), FirstParty(service, "native", MOBILE)
    begun = spa.authorize()
    chain = [
        begun,
        app.authorize(),
        spa.browser.get("/auth/login"),
        spa.authorize(client_id="nobody"),
        spa.browser.get(service.approve(begun.headers["location"])),
    ]
    assert all("cross-origin-opener-policy" not in each.headers for each in chain)
    assert spa.browser.get("/auth/signed-out").headers["cross-origin-opener-policy"] == "same-origin"
