"""The database away beneath a whole service: an outage is told as one and signs nobody out."""

from __future__ import annotations

import base64
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from tests.servers.own_postgres import OwnPostgres, own_postgres
from tests.sessions.parts import SECRET_KEY

DEADLINE_SECONDS = 20
BACK_SECONDS = 20
Request = Callable[[], httpx2.Response]
Away = Callable[[], AbstractContextManager[None]]


@dataclass
class Visitors:
    """Signed-in people whose requests meet the outage, and one whose sign-in does."""

    service: Service
    by_cookie: Browser
    by_body: Browser
    leaving: Browser
    looking: Browser
    arriving: Browser
    callback: str

    @classmethod
    def of(cls, service: Service) -> Visitors:
        arriving = service.browser()
        return cls(
            service,
            by_cookie=service.signed_in("alice"),
            by_body=service.signed_in("bob"),
            leaving=service.signed_in("carol"),
            looking=service.signed_in("alice"),
            arriving=arriving,
            callback=service.approve(service.begin(arriving), "bob"),
        )

    def writes(self) -> dict[str, Request]:
        token = {"refresh_token": self.by_body.refresh}
        return {
            "refresh by cookie": lambda: self.by_cookie.post("/auth/refresh"),
            "refresh by body": lambda: self.service.browser().post("/auth/refresh", json=token, site=None),
            "logout": lambda: self.leaving.post("/auth/logout"),
            "logout by cookie": lambda: only_refresh(self.leaving).post("/auth/logout"),
            "callback": lambda: self.arriving.get(self.callback),
        }

    def reads(self) -> dict[str, Request]:
        return {
            "me": lambda: self.looking.get("/auth/me"),
            "live route": lambda: self.looking.get("/live"),
        }

    def assert_nobody_was_signed_out(self) -> None:
        """Everybody goes on with what they held, and the sign-in that met the outage is finished."""
        assert self.arriving.get(self.callback).status_code == 303
        for browser in (self.by_cookie, self.by_body, self.leaving, self.looking, self.arriving):
            assert browser.get("/auth/me").status_code == 200
            assert browser.post("/auth/refresh").status_code == 200
        assert self.leaving.post("/auth/logout").status_code == 204
        assert self.leaving.get("/private").status_code == 401


def only_refresh(browser: Browser) -> Browser:
    """The same browser after its access cookie has run out."""
    kept = {name: value for name, value in browser.cookies.items() if "ww_access" not in name}
    return Browser(browser.client, kept)


def together(requests: dict[str, Request]) -> dict[str, httpx2.Response]:
    """All at once, each within the deadline: nothing hangs."""
    with ThreadPoolExecutor(len(requests)) as threads:
        running = {name: threads.submit(request) for name, request in requests.items()}
        return {name: answer.result(DEADLINE_SECONDS) for name, answer in running.items()}


def assert_outage(answers: dict[str, httpx2.Response]) -> None:
    """503 with Retry-After, and no cookie is touched: a 401 would sign people out for an outage."""
    for name, answer in answers.items():
        assert answer.status_code == 503, (name, answer.text)
        assert int(answer.headers["retry-after"]) >= 1, name
        assert "set-cookie" not in answer.headers, name


def assert_bearers_go_on(visitors: Visitors) -> None:
    """Access tokens are accepted from memory for ``REVOCATION_STALE_SECONDS``, and then no longer."""
    service, browser = visitors.service, visitors.looking
    for seconds in (0, 4, 25):
        service.clock.advance(seconds)
        assert browser.get("/private").status_code == 200
    service.clock.advance(2)
    assert_outage({"private": browser.get("/private")})
    assert browser.get("/open").status_code == 200
    assert browser.get("/healthz").status_code == 200
    assert browser.get("/.well-known/jwks.json").status_code == 200
    assert browser.get("/readyz").status_code == 503


def wait_until_ready(service: Service) -> None:
    """The database is back: within a bounded number of looks the service is ready again."""
    give_up_at = time.monotonic() + BACK_SECONDS
    while service.client.get("/readyz").status_code != 200:
        assert time.monotonic() < give_up_at
        time.sleep(0.05)
    service.clock.advance(1)


# --- PostgreSQL ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[OwnPostgres]:
    with own_postgres() as running:
        yield running


@contextmanager
def stopped(server: OwnPostgres) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def frozen(server: OwnPostgres) -> Iterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@pytest.mark.postgres
@pytest.mark.parametrize("away", [stopped, frozen])
def test_ses_44_45_a_database_server_that_stops_or_hangs(
    start_service: StartService,
    server: OwnPostgres,
    away: Callable[[OwnPostgres], AbstractContextManager[None]],
) -> None:
    """While it is away everything that needs it answers 503, everything else goes on; when it is
    back so is everybody."""
    service = start_service(database_url=server.url, secret_key=base64.b64encode(SECRET_KEY).decode())
    assert service.client.get("/readyz").status_code == 200
    visitors = Visitors.of(service)
    with away(server):
        assert_outage(together(visitors.writes() | visitors.reads()))
        assert_bearers_go_on(visitors)
    wait_until_ready(service)
    assert visitors.looking.get("/private").status_code == 200
    visitors.assert_nobody_was_signed_out()


@pytest.mark.postgres
def test_ses_46_a_database_server_that_takes_no_writes(
    start_service: StartService, server: OwnPostgres
) -> None:
    """After a failover to a standby: who writes is told to come back, and keeps every cookie; who reads
    notices nothing, however long it lasts; then everybody goes on."""
    service = start_service(database_url=server.url, secret_key=base64.b64encode(SECRET_KEY).decode())
    visitors = Visitors.of(service)
    server.take_writes(writes=False)
    try:
        until_refused(visitors.by_cookie)
        assert_outage(together(visitors.writes()))
        for name, answer in together(visitors.reads()).items():
            assert answer.status_code == 200, name
        service.clock.advance(40)
        assert visitors.looking.get("/private").status_code == 200
        assert service.client.get("/readyz").status_code == 200
    finally:
        server.take_writes(writes=True)
    wait_until_written(visitors.by_cookie)
    visitors.assert_nobody_was_signed_out()


def until_refused(browser: Browser) -> None:
    """A server hears of its new settings a moment after it was told."""
    give_up_at = time.monotonic() + BACK_SECONDS
    while browser.post("/auth/refresh").status_code == 200:
        assert time.monotonic() < give_up_at


def wait_until_written(browser: Browser) -> None:
    give_up_at = time.monotonic() + BACK_SECONDS
    while (answer := browser.post("/auth/refresh")).status_code != 200:
        assert answer.status_code == 503
        assert time.monotonic() < give_up_at


# --- SQLite -------------------------------------------------------------------------------------


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def no_room_to_write(file: Path) -> Iterator[None]:
    """What a full disk is to SQLite: this process may not write beyond the first byte of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def scribbled_over(file: Path) -> Iterator[None]:
    forget_pages(file)
    before = file.read_bytes()
    overwrite(file, b"this is no database " * (len(before) // 20))
    try:
        yield
    finally:
        overwrite(file, before)
        forget_pages(file)


def forget_pages(file: Path) -> None:
    """A change by someone else, moved into the file at once: every open connection has to read its
    pages again, and finds none of them in the write-ahead log."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        (version,) = other.execute("PRAGMA user_version").fetchone()
        other.execute(f"PRAGMA user_version = {version + 1}")
        blocked, *_ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not blocked


def overwrite(file: Path, content: bytes) -> None:
    """In place: whoever has the file open sees it."""
    with file.open("r+b") as writing:
        writing.write(content)


def test_a_sqlite_file_that_is_none(start_service: StartService, tmp_path: Path) -> None:
    """What cannot be read is an outage too, and not an empty database in which nobody is signed in."""
    service = start_service()
    visitors = Visitors.of(service)
    with scribbled_over(tmp_path / "service.db"):
        assert_outage(together(visitors.writes() | visitors.reads()))
        service.clock.advance(2)
        assert visitors.looking.get("/private").status_code == 200
    visitors.assert_nobody_was_signed_out()


@pytest.mark.parametrize("away", [locked, no_room_to_write])
def test_ses_51_a_sqlite_file_that_cannot_be_written(
    start_service: StartService, tmp_path: Path, away: Callable[[Path], AbstractContextManager[None]]
) -> None:
    """A full disk and a lock held elsewhere: writers are told to come back, readers notice nothing."""
    service = start_service()
    visitors = Visitors.of(service)
    with away(tmp_path / "service.db"):
        assert_outage(together(visitors.writes()))
        for name, answer in together(visitors.reads()).items():
            assert answer.status_code == 200, name
        service.clock.advance(40)
        assert visitors.looking.get("/private").status_code == 200
    visitors.assert_nobody_was_signed_out()
