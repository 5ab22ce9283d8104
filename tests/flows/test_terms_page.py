"""The page of the terms: how people are led to it and on, and what it takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.flows.browser import Browser, local_part
from tests.flows.commands import read_feed
from tests.flows.conftest import Service, StartService
from tests.flows.first_party import CLIENTS
from tests.flows.own_sessions import HTML, without_access
from tests.flows.refusals import change, select
from tests.flows.terms import PAGE, URL, accept, is_held_back, terms, terms_file

ON = "/v2/orders?sort=new&page=2#last"


@pytest.fixture
def gated(start_service: StartService, tmp_path: Path) -> Service:
    return start_service(**terms_file(tmp_path), clients=CLIENTS)


def fields(text: str) -> dict[str, str]:
    """What the form of the page sends."""
    return {
        name: value.replace("&amp;", "&").replace("&#39;", "'")
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text)
    }


def test_a_sign_in_leads_by_the_terms_and_on(gated: Service) -> None:
    """To where the person wanted; the next sign-in goes there at once."""
    browser = gated.browser()
    response = gated.sign_in(browser, return_to=quote(ON))
    assert response.headers["location"] == f"{PAGE}?return_to={quote(ON, safe='')}"
    page = browser.get(response.headers["location"], **HTML)
    assert page.status_code == 200
    done = browser.post(PAGE, data=fields(page.text), headers=HTML)
    assert (done.status_code, done.headers["location"]) == (303, ON)
    assert not is_held_back(browser.get("/private"))
    assert gated.sign_in(gated.browser(), return_to=quote(ON)).headers["location"] == ON


def test_somebody_reads_before_they_sign_in(gated: Service) -> None:
    """The text is for everybody; the button leads to the sign-in, back to the page, and on from there."""
    browser = gated.browser()
    text = browser.get(f"{PAGE}?return_to=%2Fv2%2Forders", **HTML).text
    assert "Be kind." in text
    assert "<form" not in text
    (sign_in,) = re.findall(r'href="(/auth/login[^"]*)"', text)
    button = re.findall(r'href="(/auth/login/dev[^"]*)"', browser.get(sign_in).text)[0].replace("&amp;", "&")
    back = browser.get(gated.approve(browser.get(button).headers["location"]))
    assert back.headers["location"] == f"{PAGE}?return_to=%2Fv2%2Forders"
    shown = browser.get(PAGE).json()
    assert shown["text"].startswith("# Terms")


def test_the_text_is_text(gated: Service) -> None:
    """Headings, lists and paragraphs are; a tag is shown as it was written."""
    text = gated.signed_in().get(PAGE, **HTML).text
    assert "<h2>Terms</h2>" in text
    assert "<li>to people</li>" in text
    assert "&lt;b&gt;animals&lt;/b&gt;" in text
    assert "<script" not in text
    assert re.findall(r'action="([^"]*)"', text) == ["/auth/terms", "/auth/logout"]


def test_a_link_is_followed_to_where_it_leads(start_service: StartService) -> None:
    """Where there is no text the page shows the address, and programs read it."""
    browser = start_service(**terms()).signed_in()
    assert f'href="{URL}"' in browser.get(PAGE, **HTML).text
    shown = browser.get(PAGE).json()
    assert (shown["url"], shown["text"], len(shown["digest"])) == (URL, None, 64)


def test_after_the_acceptance_the_page_says_when(gated: Service) -> None:
    """And leads on; there is nothing to press twice."""
    browser = gated.signed_in()
    accept(browser)
    text = browser.get(f"{PAGE}?return_to=%2Fv2%2Forders", **HTML).text
    assert "You accepted it on" in text
    assert '<a class="button" href="/v2/orders">' in text
    assert "<form" not in text


def test_declining_is_signing_out(gated: Service) -> None:
    """Nothing is recorded, and the session has ended."""
    browser = gated.signed_in()
    assert browser.post("/auth/logout", headers=HTML).status_code == 303
    assert not browser.signed_in
    assert select(gated, "SELECT version FROM ww_terms_acceptances") == []


@pytest.mark.parametrize("sent", [{"version": "2"}, {"version": "1", "digest": "00" * 32}])
def test_terms_that_changed_while_somebody_read(gated: Service, sent: dict[str, str]) -> None:
    """A person reads the current ones, with where they wanted to go; a program is told the version."""
    browser = gated.signed_in()
    response = browser.post(PAGE, data={**sent, "return_to": "/v2/orders"}, headers=HTML)
    assert response.status_code == 409
    assert "Nothing was accepted" in response.text
    assert "autofocus" in response.text
    assert fields(response.text)["return_to"] == "/v2/orders"
    told = browser.post(PAGE, json=sent)
    assert (told.status_code, told.json()["code"], told.json()["version"]) == (409, "terms_changed", "1")
    assert is_held_back(browser.get("/private"))
    done = browser.post(PAGE, data=fields(response.text), headers=HTML)
    assert done.headers["location"] == "/v2/orders"


@pytest.mark.parametrize(
    "bad", ["https://evil.example/", "//evil.example", "/auth/logout", "javascript:alert(1)", "/a\\b", "x"]
)
def test_nobody_is_sent_elsewhere(gated: Service, bad: str) -> None:
    """Neither by the address nor by the form."""
    browser = gated.signed_in()
    text = browser.get(f"{PAGE}?return_to={quote(bad, safe='')}", **HTML).text
    assert fields(text)["return_to"] == "/"
    assert accept(browser, return_to=bad).headers["location"] == "/"


def test_a_form_of_another_site_accepts_nothing(gated: Service) -> None:
    """The cookie needs its proof, also where only the refresh cookie is left."""
    browser = gated.signed_in()
    for kept in (browser, without_access(browser)):
        for site in ("cross-site", "same-site", None):
            refused = kept.post(PAGE, data={"version": "1"}, site=site)
            assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")
    assert select(gated, "SELECT version FROM ww_terms_acceptances") == []
    assert accept(without_access(browser)).status_code == 303
    assert not is_held_back(browser.get("/private"))


def test_nobody_is_led_to_the_sign_in(gated: Service) -> None:
    """A program reads 401; a bearer token that is refused is never a person."""
    browser = gated.browser()
    assert accept(browser).headers["location"] == "/auth/login?return_to=%2Fauth%2Fterms"
    assert browser.post(PAGE, json={"version": "1"}).status_code == 401
    headers = {"authorization": "Bearer garbage", **HTML}
    for method in ("GET", "POST"):
        assert browser.request(method, PAGE, headers=headers).status_code == 401
    ended = gated.signed_in()
    access = ended.access
    ended.post("/auth/logout")
    bearer = {"authorization": f"Bearer {access}"}
    assert gated.client.post(PAGE, json={"version": "1"}, headers=bearer).status_code == 401


def test_a_broken_request_says_what_is_wrong(gated: Service) -> None:
    """And records nothing."""
    browser = gated.signed_in()
    faults: list[tuple[dict[str, Any], int]] = [
        ({"data": {"accept": "yes"}}, 400),
        ({"json": {"version": 1}}, 400),
        ({"content": b"version=1"}, 400),
        ({"content": b"x" * 10_000}, 413),
    ]
    for options, status in faults:
        assert browser.post(PAGE, **options).status_code == status
        page = browser.post(PAGE, headers=HTML, **options)
        assert page.status_code == status
        assert page.headers["content-type"].startswith("text/html")
    assert select(gated, "SELECT version FROM ww_terms_acceptances") == []


def test_what_a_page_of_another_origin_may_ask(gated: Service) -> None:
    """A registered single-page app by bearer; it may read the answer, and no cookie counts."""
    origin = {"origin": "https://spa.example.test"}
    preflight = gated.client.options(PAGE, headers={**origin, "access-control-request-method": "POST"})
    assert preflight.headers["access-control-allow-origin"] == origin["origin"]
    assert "POST" in preflight.headers["access-control-allow-methods"]
    bearer = {"authorization": f"Bearer {gated.signed_in().access}", **origin}
    done = gated.client.post(PAGE, json={"version": "1"}, headers=bearer)
    assert done.status_code == 200
    assert done.headers["access-control-allow-origin"] == origin["origin"]


def test_answers_are_nobody_elses(gated: Service) -> None:
    """Not kept by caches, apart by what they depend on, under the policy of all pages."""
    browser = gated.signed_in()
    for headers in ({}, HTML):
        response = browser.get(PAGE, **headers)
        assert response.headers["cache-control"] == "no-store"
        assert {"Accept", "Cookie", "Authorization"} <= {
            each.strip() for each in response.headers["vary"].split(",")
        }
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


def test_an_account_that_ended_accepts_nothing(gated: Service) -> None:
    """Whose session has not been heard of yet."""
    browser = gated.signed_in()
    change(gated, "UPDATE ww_users SET status = 'disabled'")
    assert accept(browser).headers["location"].startswith("/auth/login")
    assert browser.post(PAGE, json={"version": "1"}).status_code == 401
    assert select(gated, "SELECT version FROM ww_terms_acceptances") == []


def test_a_database_that_is_away_is_503(gated: Service) -> None:
    """For who visits; whoever is nobody may read."""
    browser = gated.signed_in()
    read_feed(gated)
    change(gated, "ALTER TABLE ww_terms_acceptances RENAME TO away")
    for headers in ({}, HTML):
        assert browser.get(PAGE, **headers).status_code == 503
    assert Browser(gated.client).get(PAGE).json()["version"] == "1"
    response = gated.sign_in(gated.browser())
    assert local_part(response.headers["location"]) == f"{PAGE}?return_to=%2F", "the page will tell"


def test_the_account_page_links_the_terms_where_there_are_any(
    gated: Service, start_service: StartService
) -> None:
    """And the page of the terms the account, so that somebody who declines gets at their data."""
    assert f'href="{PAGE}"' in gated.signed_in().get("/auth/account", **HTML).text
    assert f'href="{PAGE}"' not in start_service().signed_in().get("/auth/account", **HTML).text
    assert 'href="/auth/account"' in gated.signed_in().get(PAGE, **HTML).text
