"""Linking by verified e-mail address: where an operator asked for it, and never by less."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.flows.browser import Browser, local_part
from tests.flows.changes import drop, put
from tests.flows.conftest import Service, replicas, serve_provider
from tests.flows.refusals import change, rows, select
from watchword.dev_provider import DevProvider
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings

BELIEVED = {
    "userinfo": "never",
    "link_verified_email": True,
    "email_domains": ["good.example", "corp.example"],
}
_numbers = itertools.count()


class Person:
    """Somebody new, with a subject at each provider and one address."""

    def __init__(self, service: Service, providers: dict[str, DevProvider]) -> None:
        self.service = service
        self._providers = providers
        self.number = next(_numbers)
        self.email = f"person-{self.number}@good.example"

    def sign_in(self, provider: str, browser: Browser | None = None, **claims: Any) -> httpx2.Response:
        """Sign in with an ID token that says so; a claim ``...`` is left out."""
        said = {"sub": f"{provider}-{self.number}", "email": self.email, "email_verified": True, **claims}
        kept = {name: value for name, value in said.items() if value is not ...}
        missing = drop(*(said.keys() - kept.keys()))
        at = self._providers[provider]
        at.behaviour.id_token_claims = lambda given: put(**kept)(missing(given))
        browser = browser or self.service.browser()
        location = browser.get(f"/auth/login/{provider}").headers["location"]
        return browser.get(local_part(at.approve(location, "carol")))

    def account(self, provider: str, **claims: Any) -> str:
        """Whose account that is."""
        browser = self.service.browser()
        response = self.sign_in(provider, browser, **claims)
        assert response.status_code == 303, response.text
        return str(browser.get("/auth/me").json()["user_id"])


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, dict[str, DevProvider]]]:
    clock = FakeClock()
    folder = tmp_path_factory.mktemp("email")
    with (
        serve_provider(clock) as first,
        serve_provider(clock) as second,
        replicas(first, clock, folder) as start,
    ):
        dev, other = provider_settings(first), provider_settings(second)
        service = start(providers={"dev": {**dev, **BELIEVED}, "other": {**other, **BELIEVED}})
        yield service, {"dev": first.provider, "other": second.provider}


@pytest.fixture
def person(parts: tuple[Service, dict[str, DevProvider]]) -> Person:
    return Person(*parts)


def test_one_verified_address_is_one_account(person: Person) -> None:
    """Believed on both sides: the second provider signs in to the account of the first, on record as
    such, and from then on by issuer and subject alone."""
    account = person.account("dev")
    assert person.account("other", email=person.email.replace("good.example", "GOOD.example")) == account
    assert person.account("other", email="else@good.example", email_verified=False) == account
    how = "SELECT details FROM ww_audit_events WHERE event = 'identity_linked' ORDER BY rowid DESC LIMIT 1"
    assert '"verified_email"' in select(person.service, how)[0]


UNVERIFIED: list[Any] = [..., None, False, "true", "True", 1, 1.0, [True], {}]


@pytest.mark.parametrize("said", UNVERIFIED, ids=repr)
def test_lk_1_lk_2_an_address_that_is_not_verified_links_nothing(person: Person, said: Any) -> None:
    """On neither side: only JSON true is a verification, and the account must have had one, too."""
    account = person.account("dev", email_verified=said)
    assert person.account("other") != account
    other = Person(person.service, person._providers)
    account = other.account("dev")
    assert other.account("other", email_verified=said) != account


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{p}@elsewhere.example", "{p}@elsewhere.example"),
        ("{p}@sub.good.example", "{p}@sub.good.example"),
        ("{p}@good.example", "{p}@corp.example"),
        ("{p}@good.example", "{P}@good.example"),
        ("{p}@good.example", "{p}+x@good.example"),
        ("{p}@good.example", "{p}@good.example."),
        ("{p}@good.example", "{p}@evil.example@good.example"),
        ("{p}@good.example", '"{p}"@good.example'),
        ("{p}@good.example", "{p}(x)@good.example"),
        ("{p}\N{KELVIN SIGN}@good.example", "{p}k@good.example"),
        ("{p}k@good.example", "{p}\N{KELVIN SIGN}@good.example"),
        ("{p}a@good.example", "{p}\N{CYRILLIC SMALL LETTER A}@good.example"),
        ("{p}@good.example", "{p}@g\N{CYRILLIC SMALL LETTER O}od.example"),
    ],
)
def test_another_address_is_another_person(person: Person, first: str, second: str) -> None:
    """Domains that are not listed, other mailboxes, and all that only looks alike."""
    names = {"p": f"odd-{person.number}", "P": f"ODD-{person.number}"}
    account = person.account("dev", email=first.format(**names))
    assert person.account("other", email=second.format(**names)) != account


def test_two_accounts_with_the_address_link_neither(person: Person) -> None:
    """Nobody guesses which of them is meant. A provider that gives an address to another subject says
    that it is another person, so that these are two."""
    accounts = {person.account("dev"), person.account("dev", sub=f"successor-{person.number}")}
    assert len(accounts) == 2
    assert person.account("other") not in accounts


def test_lk_4_an_address_that_moved_on_links_no_more(person: Person) -> None:
    """The account is known by issuer and subject; who gets its former address is somebody else."""
    account = person.account("dev")
    assert person.account("dev", email=f"new-{person.number}@good.example") == account
    assert person.account("other") != account


def test_lk_5_a_disabled_account_is_refused_and_none_is_made(person: Person) -> None:
    """The way around by another provider ends at the same sentence."""
    account = person.account("dev").replace("-", "")
    change(person.service, f"UPDATE ww_users SET status = 'disabled' WHERE id = '{account}'")
    before = rows(person.service)
    refused = person.sign_in("other")
    assert (refused.status_code, "This account cannot sign in" in refused.text) == (403, True)
    assert rows(person.service) == before


def test_lk_6_a_linked_sign_in_brings_only_its_configured_roles(person: Person) -> None:
    """The account has the roles of both; nothing else that a token says counts."""
    person.account("dev", roles=["editor"])
    browser = person.service.browser()
    person.sign_in("other", browser, roles=["auditor"], groups=["admin"], is_admin=True)
    assert browser.get("/auth/me").json()["roles"] == ["auditor", "editor"]
