"""``/auth/token``: codes and refresh tokens of first-party clients, each used as it must not be."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import CLIENTS, LOOPBACK, MOBILE, SPA, FirstParty, claims_of, oauth_error
from tests.flows.refusals import change, rows, select

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def service(start_service: StartService) -> Service:
    return start_service(clients=CLIENTS)


@pytest.fixture
def spa(service: Service) -> FirstParty:
    return FirstParty(service)


def test_an_exchange_gives_tokens_of_this_client(spa: FirstParty) -> None:
    """RFC 6749 §5.1 and RFC 9068: the answer, and what is in the access token."""
    response = spa.exchange(spa.code(scope="orders:write orders:read"))
    assert response.status_code == 200
    assert (response.headers["cache-control"], response.headers["pragma"]) == ("no-store", "no-cache")
    assert not response.headers.get_list("set-cookie")
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "scope", "session_id"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert body["scope"] == "orders:read orders:write"
    claims = claims_of(body["access_token"])
    assert claims["client_id"] == "spa"
    assert claims["scope"] == body["scope"]
    assert claims["sid"] == body["session_id"]
    assert claims["iss"] == claims["aud"] == BASE_URL
    assert claims["roles"] == ["admin"]
    assert spa.call(body["access_token"]).json()["roles"] == ["admin"]


def test_no_scope_asked_for_is_no_scope_given(spa: FirstParty) -> None:
    """What a client may get it still has to ask for."""
    assert spa.tokens()["scope"] == ""


def test_the_session_opens_at_the_exchange(spa: FirstParty, service: Service) -> None:
    """Before, there is neither account nor session; its times begin then, its auth_time before."""
    code = spa.code()
    assert rows(service) == (0, 0, 0)
    signed_in_at = int(service.clock.time())
    service.clock.advance(30)
    claims = claims_of(spa.exchange(code).json()["access_token"])
    assert rows(service) == (1, 1, 1)
    assert claims["auth_time"] == signed_in_at
    assert claims["iat"] == signed_in_at + 30


def test_one_person_is_one_account_at_every_client(service: Service) -> None:
    """Browser, single-page and native app: three sessions of one user."""
    native = FirstParty(service, "native", MOBILE)
    begun = native.browser.post(
        "/auth/authorize", data={"request": sealed(native.authorize()), "provider": "dev"}
    )
    subjects = {
        claims_of(service.signed_in("alice").access)["sub"],
        claims_of(FirstParty(service).tokens()["access_token"])["sub"],
        claims_of(native.exchange(native.finish(begun.headers["location"])["code"]).json()["access_token"])[
            "sub"
        ],
    }
    assert len(subjects) == 1
    assert rows(service) == (1, 1, 3)


def sealed(page: httpx2.Response) -> str:
    return page.text.partition('name="request" value="')[2].partition('"')[0]


# --- codes ------------------------------------------------------------------------------------


def test_a_second_use_of_a_code_ends_the_session_it_gave(spa: FirstParty) -> None:
    """RFC 6749 §4.1.2: refused, and access and refresh token are dead at once."""
    code = spa.code()
    tokens = spa.exchange(code).json()
    assert spa.call(tokens["access_token"]).status_code == 200
    oauth_error(spa.exchange(code), 400, "invalid_grant")
    assert spa.call(tokens["access_token"]).status_code == 401
    oauth_error(spa.refresh(tokens["refresh_token"]), 400, "invalid_grant")


def test_a_second_use_long_after_still_ends_the_session(spa: FirstParty, service: Service) -> None:
    """The code has expired by then; that it leaked has not."""
    code = spa.code()
    tokens = spa.exchange(code).json()
    service.clock.advance(300)
    oauth_error(spa.exchange(code), 400, "invalid_grant")
    assert spa.call(tokens["access_token"]).status_code == 401


def test_another_client_cannot_end_a_session_with_a_used_code(spa: FirstParty) -> None:
    """The code was never its own."""
    code = spa.code()
    tokens = spa.exchange(code).json()
    oauth_error(spa.exchange(code, client_id="native", redirect_uri=MOBILE), 400, "invalid_grant")
    assert spa.call(tokens["access_token"]).status_code == 200


def test_redeemed_in_parallel_there_is_one_session_and_it_is_ended(service: Service, spa: FirstParty) -> None:
    """Ten at once: exactly one gets tokens, and the others' use of the code ends them; no 5xx."""
    code = spa.code()
    fields = {
        "grant_type": "authorization_code",
        "client_id": "spa",
        "redirect_uri": SPA,
        "code": code,
        "code_verifier": spa.verifier,
    }

    async def at_once() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app=service.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await asyncio.gather(*(client.post("/auth/token", data=fields) for _ in range(10)))

    answers: list[httpx2.Response] = service.call(at_once)
    assert sorted(each.status_code for each in answers) == [200] + 9 * [400]
    assert rows(service) == (1, 1, 1)
    assert select(service, "SELECT revoked_reason FROM ww_sessions") == ["replay"]
    (given,) = (each.json() for each in answers if each.status_code == 200)
    assert spa.call(given["access_token"]).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": "short"},
        {"code_verifier": "v" * 20 + "-._~" + "0" * 29},
        {"code_verifier": "é" * 43},
        {"redirect_uri": "https://spa.example.test/other"},
        {"redirect_uri": SPA + "/"},
        {"redirect_uri": "https://other.example.test:8443/cb?tenant=1"},
        {"client_id": "other"},
        {"client_id": "native"},
        {"code": "wtc_" + "A" * 43},
        {"code": "x"},
        {"code": "wtr_" + "A" * 43},
    ],
)
def test_what_does_not_fit_the_code_gets_nothing_and_uses_nothing_up(
    spa: FirstParty, service: Service, changes: dict[str, str]
) -> None:
    """PK-4: wrong verifier, address, client or code: no session; the rightful client goes on."""
    code = spa.code()
    response = spa.exchange(code, **changes)
    assert response.status_code == 400
    assert response.json()["error"] in ("invalid_grant", "invalid_request")
    assert rows(service) == (0, 0, 0)
    assert spa.exchange(code).status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 400), (61, 400)])
def test_a_code_lives_a_minute(spa: FirstParty, service: Service, seconds: int, status: int) -> None:
    """One second before its end it is good, at the end and after it no more."""
    code = spa.code()
    service.clock.advance(seconds)
    response = spa.exchange(code)
    assert response.status_code == status
    if status == 400:
        oauth_error(response, 400, "invalid_grant")
        assert rows(service) == (0, 0, 0)


def test_the_port_of_a_loopback_address_belongs_to_the_request(service: Service) -> None:
    """RFC 8252 §7.3 frees the port of the request, RFC 6749 §4.1.3 binds the code to it."""
    address = "http://127.0.0.1:50001/cb"
    native = FirstParty(service, "native", address)
    begun = native.browser.post(
        "/auth/authorize", data={"request": sealed(native.authorize()), "provider": "dev"}
    )
    code = native.finish(begun.headers["location"])["code"]
    for other in (LOOPBACK, "http://127.0.0.1:50002/cb"):
        oauth_error(native.exchange(code, redirect_uri=other), 400, "invalid_grant")
    assert native.exchange(code).status_code == 200


def test_a_code_of_one_sign_in_does_not_fit_another(service: Service) -> None:
    """Code injection (RFC 9700 §4.5): the victim's code at the attacker's verifier is worth nothing."""
    victim, attacker = FirstParty(service), FirstParty(service, verifier="a" * 43)
    stolen, own = victim.code("alice"), attacker.code("bob")
    oauth_error(attacker.exchange(stolen), 400, "invalid_grant")
    assert attacker.exchange(own).status_code == 200


def test_a_disabled_person_gets_no_session(spa: FirstParty, service: Service) -> None:
    """invalid_grant by its standard name, at the exchange as at every refresh."""
    tokens = spa.tokens()
    code = spa.code()
    change(service, "UPDATE ww_users SET status = 'disabled'")
    oauth_error(spa.exchange(code), 400, "invalid_grant")
    oauth_error(spa.refresh(tokens["refresh_token"]), 400, "invalid_grant")
    assert rows(service).sessions == 1


def test_a_full_account_is_told_and_its_code_stays_good(start_service: StartService) -> None:
    """Policy ``reject``: invalid_grant in words a person understands; after a sign-out the very same
    code opens the session."""
    service = start_service(clients=CLIENTS, max_sessions_per_user=1, session_limit_policy="reject")
    spa = FirstParty(service)
    tokens = spa.tokens()
    code = spa.code()
    refused = spa.exchange(code)
    oauth_error(refused, 400, "invalid_grant")
    assert "sign out" in refused.json()["error_description"]
    spa.post("/auth/revoke", {"token": tokens["refresh_token"]})
    assert spa.exchange(code).status_code == 200


def test_a_session_of_a_client_counts_like_any_other(start_service: StartService) -> None:
    """Policy ``evict_oldest``: the exchange ends the oldest session, a browser's here."""
    service = start_service(clients=CLIENTS, max_sessions_per_user=1)
    browser = service.signed_in("alice")
    tokens = FirstParty(service).tokens("alice")
    assert FirstParty(service).call(tokens["access_token"]).status_code == 200
    assert browser.post("/auth/refresh").status_code == 401


def test_a_replica_redeems_what_another_gave(start_service: StartService) -> None:
    """The code is in the database, sealed under the shared secret."""
    first, second = start_service(clients=CLIENTS), start_service(clients=CLIENTS)
    code = FirstParty(first).code()
    assert FirstParty(second).exchange(code).status_code == 200
    oauth_error(FirstParty(first).exchange(code), 400, "invalid_grant")


# --- refresh tokens ---------------------------------------------------------------------------


def test_a_refresh_rotates(spa: FirstParty) -> None:
    """New tokens of the same session and scope; the old one answers the same inside the overlap."""
    first = spa.tokens(scope="orders:read")
    second = spa.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (second["session_id"], second["scope"]) == (first["session_id"], "orders:read")
    again = spa.refresh(first["refresh_token"])
    assert again.json()["refresh_token"] == second["refresh_token"]
    assert again.headers["cache-control"] == "no-store"


def test_a_replayed_refresh_token_ends_the_session(spa: FirstParty, service: Service) -> None:
    """RFC 9700 §4.14.2, as 400 here."""
    first = spa.tokens()
    second = spa.refresh(first["refresh_token"]).json()
    service.clock.advance(11)
    oauth_error(spa.refresh(first["refresh_token"]), 400, "invalid_grant")
    assert spa.call(second["access_token"]).status_code == 401


@pytest.mark.parametrize("client_id", ["other", "native"])
def test_ses_28_a_token_of_one_client_is_nothing_to_another(spa: FirstParty, client_id: str) -> None:
    """Refused at both endpoints, and the rightful client goes on as if nothing had been."""
    token = spa.tokens()["refresh_token"]
    oauth_error(spa.refresh(token, client_id=client_id), 400, "invalid_grant")
    by_refresh = spa.post("/auth/refresh", {"refresh_token": token, "client_id": client_id})
    oauth_error(by_refresh, 401, "invalid_grant")
    assert spa.refresh(token).status_code == 200


def test_ses_28_a_browsers_token_is_nothing_to_a_client(spa: FirstParty, service: Service) -> None:
    """The refresh cookie of our own pages is not redeemed at the token endpoint."""
    browser = service.signed_in()
    oauth_error(spa.refresh(browser.refresh), 400, "invalid_grant")
    oauth_error(spa.refresh(browser.refresh, client_id="browser"), 401, "invalid_client")
    assert browser.post("/auth/refresh").status_code == 200


def test_a_narrower_scope_is_for_the_access_token_only(spa: FirstParty) -> None:
    """RFC 6749 §6: the session keeps what it was granted, and nothing widens it."""
    tokens = spa.tokens(scope="orders:read orders:write")
    narrowed = spa.refresh(tokens["refresh_token"], scope="orders:read").json()
    assert narrowed["scope"] == claims_of(narrowed["access_token"])["scope"] == "orders:read"
    whole = spa.refresh(narrowed["refresh_token"]).json()
    assert whole["scope"] == "orders:read orders:write"


@pytest.mark.parametrize("scope", ["orders:read orders:write", "admin", "openid", "a  b", "é"])
def test_ses_28_a_wider_scope_is_never_granted(spa: FirstParty, scope: str) -> None:
    """invalid_scope before anything rotates: the token is as good as before."""
    token = spa.tokens(scope="orders:read")["refresh_token"]
    response = spa.refresh(token, scope=scope)
    assert response.status_code == 400
    assert response.json()["error"] in ("invalid_scope", "invalid_request")
    by_refresh = spa.post("/auth/refresh", {"refresh_token": token, "scope": scope})
    assert by_refresh.status_code == 400
    answer = spa.refresh(token).json()
    assert answer["scope"] == "orders:read"
    assert claims_of(answer["access_token"])["jti"].startswith("2.")


def test_ses_28_another_audience_is_refused(spa: FirstParty) -> None:
    """RFC 8707 §2."""
    tokens = spa.tokens(resource=BASE_URL)
    oauth_error(spa.refresh(tokens["refresh_token"], resource="https://x.example"), 400, "invalid_target")
    assert spa.refresh(tokens["refresh_token"], resource=BASE_URL + "/").status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://spa.example.test.evil.example"])
def test_ses_28_a_page_of_another_origin_is_refused(spa: FirstParty, origin: str) -> None:
    """A stolen token is worth nothing to a page of somebody else's; without an origin it is a program."""
    code = spa.code()
    fields: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "client_id": "spa",
        "redirect_uri": SPA,
        "code": code,
        "code_verifier": spa.verifier,
    }
    oauth_error(spa.post("/auth/token", fields, origin=origin), 400, "invalid_request")
    token = spa.exchange(code).json()["refresh_token"]
    refresh: dict[str, str | None] = {
        "grant_type": "refresh_token",
        "client_id": "spa",
        "refresh_token": token,
    }
    for path in ("/auth/token", "/auth/refresh"):
        oauth_error(spa.post(path, refresh, origin=origin), 400, "invalid_request")
    other = "https://other.example.test:8443"
    oauth_error(spa.post("/auth/token", refresh, origin=other), 400, "invalid_request")
    own = spa.post("/auth/token", refresh, origin="https://spa.example.test")
    assert own.status_code == 200
    ours = spa.post("/auth/refresh", {"refresh_token": own.json()["refresh_token"]}, origin=BASE_URL)
    assert ours.status_code == 200


def test_a_client_that_is_no_longer_registered_gets_nothing(start_service: StartService) -> None:
    """Taken out of the configuration, it is unknown."""
    before = FirstParty(start_service(clients=CLIENTS))
    token = before.tokens()["refresh_token"]
    after = FirstParty(start_service(clients={"other": CLIENTS["other"]}))
    oauth_error(after.refresh(token), 401, "invalid_client")


# --- requests of any shape --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "unauthorized_client"),
        ({"client_id": None}, 400, "invalid_request"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_secret": "x"}, 401, "invalid_client"),
        ({"code": None}, 400, "invalid_request"),
        ({"code": ""}, 400, "invalid_request"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({"code_verifier": None}, 400, "invalid_request"),
    ],
)
def test_faults_have_their_standard_names(
    spa: FirstParty, changes: dict[str, Any], status: int, error: str
) -> None:
    """RFC 6749 §5.2."""
    response = spa.exchange("wtc_" + "A" * 43, **changes)
    oauth_error(response, status, error)
    assert ("www-authenticate" in response.headers) == (status == 401)


def test_who_authenticates_by_header_is_told_by_the_scheme(spa: FirstParty) -> None:
    """RFC 6749 §5.2: 401 with the scheme the client used."""
    response = spa.post("/auth/token", {"grant_type": "refresh_token"}, authorization="Basic c3BhOg==")
    oauth_error(response, 401, "invalid_client")
    assert response.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"", ""),
        (b"{}", "application/json"),
        (b'{"grant_type":"refresh_token"}', "application/json"),
        (b"grant_type=refresh_token", "text/plain"),
        (b"grant_type=refresh_token&grant_type=refresh_token", FORM),
        (b"grant_type=refresh_token&client_id=spa&refresh_token=%00", FORM),
        (b"grant_type=%ff", FORM),
        (b"\xff\xfe\x00", FORM),
        (b"&&&", FORM),
        (b"=", FORM),
        (b"a=b;c=d", FORM),
    ],
)
def test_bodies_of_any_shape_are_refused_by_name(service: Service, body: bytes, content_type: str) -> None:
    """Never a 5xx, never an answer of another kind."""
    for path in ("/auth/token", "/auth/revoke"):
        headers = {"content-type": content_type} if content_type else {}
        response = service.browser().request("POST", path, content=body, headers=headers)
        oauth_error(response, 400, "invalid_request")


def test_a_body_over_16_kb_is_413(service: Service) -> None:
    """Refused before it is read to the end."""
    body = urlencode({"grant_type": "refresh_token", "x": "x" * 17_000}).encode()
    for path in ("/auth/token", "/auth/revoke"):
        response = service.browser().request("POST", path, content=body, headers={"content-type": FORM})
        oauth_error(response, 413, "invalid_request")


def test_only_post_is_answered(service: Service) -> None:
    """Codes and tokens do not belong in an address."""
    for path in ("/auth/token?grant_type=refresh_token", "/auth/revoke?token=x"):
        assert service.browser().get(path).status_code == 405


def test_cookies_are_neither_read_nor_set(spa: FirstParty, service: Service) -> None:
    """A signed-in browser's cookies make no difference."""
    browser = service.signed_in("bob")
    fields = {"grant_type": "refresh_token", "client_id": "spa"}
    response = browser.request("POST", "/auth/token", data=fields)
    oauth_error(response, 400, "invalid_request")
    assert not browser.set_cookies
