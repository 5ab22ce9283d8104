"""What a replica knows of endings costs its requests nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.flows.browser import Browser
from tests.flows.commands import read_feed
from tests.flows.conftest import Service, StartService

REQUESTS = 50


@contextmanager
def statements(service: Service) -> Iterator[list[str]]:
    """What the service reads and writes, but for its look at the feed once a second."""
    asked: list[str] = []
    services = service.call(service.auth.services)
    engine = services.database.engine.sync_engine

    def note(connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        if "ww_" in statement and "ww_revocations" not in statement:
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_ses_60_no_request_asks_the_database(start_service: StartService) -> None:
    """By cookie or bearer token, let in or refused, by either replica; only a live read does."""
    here, there = start_service(), start_service()
    browser, other = here.signed_in(), here.signed_in("bob")
    bearer = {"authorization": f"Bearer {browser.access}"}
    elsewhere = Browser(there.client, dict(browser.cookies))
    assert other.post("/auth/logout").status_code == 204
    read_feed(there)
    out = Browser(there.client, dict(other.cookies))
    with statements(there) as asked:
        for _ in range(REQUESTS):
            assert elsewhere.get("/private").status_code == 200
            assert there.client.get("/private", headers=bearer).status_code == 200
            assert out.get("/private").status_code == 401
        assert asked == []
        assert elsewhere.get("/auth/me").status_code == 200
        assert asked != []
