"""Promises of ``/metrics``: what operators see of providers, and what nobody may see there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from sqlalchemy import create_engine, text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from tests.flows.conftest import Service, StartService
from tests.flows.health import answer, fail
from tests.flows.metrics import read, samples, states, value
from watchword import Settings, Watchword, require_auth
from watchword.auth.degraded_sessions import COUNT_AGAIN_SECONDS
from watchword.dev_provider import DevProviderServer
from watchword.dev_provider.registration import CLIENT_SECRET
from watchword.testing import FakeClock
from watchword.testing.plugin import SignedIn
from watchword.testing.provider import provider_settings

ALL_CLOSED = dict.fromkeys(["discovery", "jwks", "token", "userinfo", "par"], "closed")
CALLS = "watchword_provider_calls_total"
TRANSITIONS = "watchword_provider_breaker_transitions_total"


def degrade(service: Service, *, provider: str | None = None) -> None:
    """As refreshes leave sessions whose provider did not answer; of ``provider``, if it is named."""
    engine = create_engine(service.auth.settings.database_url.replace("+aiosqlite", ""))
    with engine.begin() as connection:
        connection.execute(text("UPDATE ww_sessions SET degraded_at = last_seen_at"))
        if provider is not None:
            connection.execute(text("UPDATE ww_sessions SET provider_id = :id"), {"id": provider})
    engine.dispose()


def test_a_breaker_is_seen_opening_and_closing(service: Service) -> None:
    """One of the three states at a time, and every change counted, by the clock of the service."""
    service.signed_in()
    assert states(samples(service.client)) == ALL_CLOSED
    fail(service, "jwks")
    assert states(samples(service.client)) == {**ALL_CLOSED, "jwks": "open"}
    service.clock.advance(13)
    assert states(samples(service.client)) == {**ALL_CLOSED, "jwks": "half_open"}
    answer(service, "jwks", times=2)
    seen = samples(service.client)
    assert states(seen) == ALL_CLOSED
    counted = [
        value(seen, TRANSITIONS, provider="dev", endpoint="jwks", state=state)
        for state in ("open", "half_open", "closed")
    ]
    assert counted == [1, 1, 1]
    assert value(seen, TRANSITIONS, provider="dev", endpoint="token", state="open") == 0


def test_flt_06_a_token_endpoint_that_fails_is_seen_from_sign_ins(service: Service) -> None:
    """Five that reach it open the breaker; the sixth, which began before that, sends nothing."""
    service.provider.fail("token", status=503)
    browsers = [service.browser() for _ in range(6)]
    begun = [(browser, service.approve(service.begin(browser))) for browser in browsers]
    assert [browser.get(callback).status_code for browser, callback in begun] == [503] * 6
    seen = samples(service.client)
    assert states(seen) == {**ALL_CLOSED, "token": "open"}
    assert value(seen, CALLS, provider="dev", endpoint="token", outcome="failed") == 5
    assert value(seen, CALLS, provider="dev", endpoint="token", outcome="not_sent") == 1
    assert value(seen, CALLS, provider="dev", endpoint="discovery", outcome="answered") == 1


def test_ages_of_what_is_cached_grow_with_the_clock(service: Service) -> None:
    """There is none before anything was asked for."""
    names = ("watchword_provider_metadata_age_seconds", "watchword_provider_keys_age_seconds")
    service.provider.fail("*", status=503)
    nothing = samples(service.client)
    assert [value(nothing, name, provider="dev") for name in names] in ([None, None], [0, 0])
    service.provider.heal()
    service.signed_in()
    service.clock.advance(7)
    assert [value(samples(service.client), name, provider="dev") for name in names] == [7, 7]


def test_net_17_the_providers_clock_is_seen(service: Service) -> None:
    """By the date of its token response, which its web server takes from this machine's clock; there is
    no number before the first one."""
    name = "watchword_provider_clock_skew_seconds"
    assert value(samples(service.client), name, provider="dev") is None
    service.clock.advance(3600)
    service.signed_in()
    skew_seconds = value(samples(service.client), name, provider="dev")
    assert skew_seconds is not None
    assert -3600 <= skew_seconds < -3500


def test_degraded_sessions_are_counted(service: Service) -> None:
    """Of every configured provider, none included; the number is ten seconds old at most."""
    service.signed_in("alice")
    service.signed_in("bob")
    name = "watchword_degraded_sessions"
    assert value(samples(service.client), name, provider="dev") == 0
    degrade(service)
    service.clock.advance(COUNT_AGAIN_SECONDS)
    assert value(samples(service.client), name, provider="dev") == 2


def test_ses_89_labels_are_ids_of_the_settings_and_words_of_ours(service: Service) -> None:
    """Neither people, nor paths, nor what is in the database makes a series more."""
    before = samples(service.client).keys()
    for person in ("alice", "bob", "carol"):
        browser = service.signed_in(person)
        browser.get("/nothing/here?x=1")
        browser.get("/auth/login/unknown")
    degrade(service, provider="a-provider-of-before")
    service.clock.advance(COUNT_AGAIN_SECONDS)
    fail(service, "userinfo")
    after = samples(service.client).keys()
    assert {name for name, _ in after - before} <= {
        "watchword_provider_metadata_age_seconds",
        "watchword_provider_keys_age_seconds",
        "watchword_provider_clock_skew_seconds",
    }
    labels = [dict(labels) for _, labels in after]
    assert {each["provider"] for each in labels if "provider" in each} == {"dev"}
    words = {"provider", "endpoint", "state", "outcome", "limit", "table", "algorithm"}
    assert {name for each in labels for name in each} == words
    assert len(after) < 90


def test_ses_88_no_person_and_no_secret_is_in_it(service: Service) -> None:
    """Nor an address of the provider, nor what it said: the port may be seen by many."""
    browser = service.signed_in("alice")
    account = browser.get("/auth/me").json()
    service.provider.fail("token", status=503, body=b"canary-body")
    assert service.sign_in(service.browser()).status_code == 503
    fail(service)
    seen = service.client.get("/metrics").text
    secrets = {
        *browser.cookies.values(),
        *(account[name] for name in ("user_id", "session_id", "subject", "email", "name")),
        CLIENT_SECRET,
        service.provider.issuer,
        "@",
        "http",
        "canary",
        "?",
    }
    assert not [secret for secret in secrets if secret in seen]


def test_it_answers_in_the_form_that_is_asked_for(service: Service) -> None:
    """The text format for everybody, OpenMetrics for scrapers that name it; nobody keeps an answer."""
    service.signed_in()
    plain = service.client.get("/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"
    openmetrics = service.client.get("/metrics", headers={"accept": accept})
    assert openmetrics.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    families = list(openmetrics_families(openmetrics.text))  # type: ignore[no-untyped-call]
    assert {sample.name for family in families for sample in family.samples} == {
        name for name, _ in read(plain.text)
    }
    for response in (plain, openmetrics, service.client.head("/metrics")):
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "accept" in response.headers["vary"].lower()
    refused = service.client.post("/metrics")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text;version=x;escaping=\x7f",
        "application/openmetrics-text;version=1.0.0.0.0.0;version=2",
        "text/plain;version=99.99.99.99;escaping=allow-utf-8",
        "text/plain;version=nothing",
        ";;=;,,q=" * 400,
    ],
)
def test_no_accept_header_breaks_a_scrape(service: Service, accept: str) -> None:
    """And none of it comes back."""
    response = service.client.get("/metrics", headers={"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] in {
        "text/plain; version=0.0.4; charset=utf-8",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    }


def test_two_in_one_process_do_not_meet(
    start_service: StartService, provider_server: DevProviderServer
) -> None:
    """Each has numbers of its own, and none is in the registry of the process."""
    one = start_service()
    two = start_service(providers={"other": provider_settings(provider_server)})
    fail(one)
    assert states(samples(one.client)) == {**ALL_CLOSED, "token": "open"}
    assert states(samples(two.client), provider="other") == ALL_CLOSED
    assert states(samples(two.client)) == {}
    assert not [family.name for family in REGISTRY.collect() if family.name.startswith("watchword")]


def test_one_that_starts_again_begins_anew(service: Service) -> None:
    """The same object in a second lifespan, as a reloading server does: no name is taken already."""
    fail(service)
    service.client.__exit__()
    try:
        assert value(samples(service.client), "watchword_started") == 0
    finally:
        service.client.__enter__()
    seen = samples(service.client)
    assert value(seen, "watchword_started") == 1
    assert states(seen) == ALL_CLOSED


def test_a_database_that_is_away_is_told(service: Service) -> None:
    """What this process knows by itself is still there; what only the database knows is not."""
    fail(service)
    file = Path(service.auth.settings.database_url.partition("///")[2])

    async def cut_off() -> None:
        database: Any = (await service.auth.services()).database
        await database.engine.dispose()

    hidden = file.rename(file.with_suffix(".away"))
    service.call(cut_off)
    seen = samples(service.client)
    assert value(seen, "watchword_started") == 1
    assert value(seen, "watchword_database_up") == 0
    assert value(seen, "watchword_degraded_sessions", provider="dev") is None
    assert states(seen)["token"] == "open"
    hidden.rename(file)
    service.clock.advance(COUNT_AGAIN_SECONDS)
    seen = samples(service.client)
    assert value(seen, "watchword_database_up") == 1
    assert value(seen, "watchword_degraded_sessions", provider="dev") == 0


def test_before_the_start_it_says_so_and_starts_nothing(tmp_path: Path) -> None:
    """A process whose database was never migrated can be scraped for as long as that lasts."""
    app = Starlette()
    auth = Watchword(Settings(database_url=f"sqlite:///{tmp_path}/none.db"))
    auth.install(app)
    client = TestClient(app)
    for _ in range(2):
        assert dict(samples(client)) == {("watchword_started", frozenset()): 0}
    assert not list(tmp_path.iterdir())


def test_a_host_app_may_keep_it_to_itself(
    start_service: StartService, watchword_clock: FakeClock, signed_in: SignedIn
) -> None:
    """``operations=False`` leaves the address to it, and the answer fits on a route that is guarded."""
    settings = start_service().auth.settings
    app = FastAPI()
    auth = Watchword(settings, clock=watchword_clock)
    auth.install(app, operations=False)

    @app.get("/internal/metrics", include_in_schema=False)
    @require_auth(roles=["operator"])
    async def metrics(request: Request) -> Response:
        return await auth.metrics(request)

    with TestClient(app, base_url=settings.base_url) as client:
        assert client.get("/metrics").status_code == 404
        assert client.get("/internal/metrics").status_code == 401
    with signed_in(app, roles=["operator"]) as client:
        assert client.get("/metrics").status_code == 404
        response = client.get("/internal/metrics")
        assert response.status_code == 200
        assert value(read(response.text), "watchword_started") == 1
