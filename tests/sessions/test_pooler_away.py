"""PgBouncer restarted, and PostgreSQL restarted behind it, beneath a service in which people refresh."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import StartService
from tests.servers.own_postgres import OwnPostgres, own_postgres
from tests.servers.pgbouncer import PgBouncer, running_pgbouncer
from tests.sessions.parts import SECRET_KEY
from tests.sessions.test_database_away import Visitors, assert_outage, together, wait_until_ready

pytestmark = pytest.mark.postgres
REFRESHING = 4
MOST = 40
"""Refreshes of one session: fewer than its limit in a minute, which does not pass here."""
DEADLINE_SECONDS = 60
Away = Callable[["Pooled"], "OwnPostgres | PgBouncer"]


class Pooled:
    """A PostgreSQL with a PgBouncer in front, both of which a test may stop."""

    def __init__(self, server: OwnPostgres, pooler: PgBouncer) -> None:
        self.server = server
        self.pooler = pooler
        self.url = pooler.url_of(server.url)


@pytest.fixture(scope="module")
def pooled() -> Iterator[Pooled]:
    with own_postgres() as server, running_pgbouncer(server.folder) as pooler:
        yield Pooled(server, pooler)


def the_pooler(pooled: Pooled) -> PgBouncer:
    return pooled.pooler


def the_server(pooled: Pooled) -> OwnPostgres:
    return pooled.server


@pytest.mark.parametrize("what", [the_pooler, pytest.param(the_server, marks=pytest.mark.soak)])
def test_ses_44_a_restart_behind_or_of_a_pooler(
    start_service: StartService, pooled: Pooled, what: Away
) -> None:
    """While it is down everything that needs the database answers 503; when it is back so is everybody,
    and those who refreshed all the while with what they held were told nothing but 200 and 503."""
    key = base64.b64encode(SECRET_KEY).decode()
    service = start_service(database_url=pooled.url, secret_key=key)
    visitors = Visitors.of(service)
    browsers = [service.signed_in("bob") for _ in range(REFRESHING)]
    over, others = threading.Event(), threading.Barrier(REFRESHING + 1)
    with ThreadPoolExecutor(REFRESHING) as threads:
        asking = [threads.submit(refreshing, each, over, others) for each in browsers]
        try:
            others.wait(DEADLINE_SECONDS)
            what(pooled).stop()
            others.wait(DEADLINE_SECONDS)
            assert_outage(together(visitors.writes() | visitors.reads()))
        finally:
            others.abort()
            what(pooled).start()
            wait_until_ready(service)
            over.set()
        answers = sum((each.result(DEADLINE_SECONDS) for each in asking), Counter[int]())
    assert set(answers) == {200, 503}
    visitors.assert_nobody_was_signed_out()
    for browser in browsers:
        assert browser.post("/auth/refresh").status_code == 200
        assert browser.get("/private").status_code == 200


def refreshing(browser: Browser, over: threading.Event, others: threading.Barrier) -> Counter[int]:
    """Again and again with what it holds; waits for the others after the first answer and at the first
    refusal. How often each status was told."""
    told = Counter([browser.post("/auth/refresh").status_code])
    others.wait(DEADLINE_SECONDS)
    while told.total() < MOST and not over.wait(0.02):
        answer = browser.post("/auth/refresh")
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) >= 1
            if 503 not in told:
                others.wait(DEADLINE_SECONDS)
        told[answer.status_code] += 1
    return told
