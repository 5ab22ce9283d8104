"""A database password that is changed while connections are made with it (FLT-23)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from urllib.parse import quote

import pytest

from tests.flows.kept_secrets import KeptSecrets, reference
from tests.servers.pgbouncer import running_pgbouncer
from tests.servers.postgres import WITH_PASSWORD, PostgresServer
from watchword.auth.database_login import database_login, login_reader
from watchword.auth.secret_reader import SecretReader
from watchword.auth.watched_secret import Source, WatchedSecret
from watchword.config.references import SecretValue
from watchword.errors import DatabaseUnavailable
from watchword.storage import SqlDatabase, open_database
from watchword.testing import FakeClock

pytestmark = pytest.mark.postgres

OLD, NEW = "the old/one:@%", "the-new-one"
SETTING = "WATCHWORD_DATABASE_URL"
Change = Callable[[str], None]


@pytest.fixture
def change_password(postgres_server: PostgresServer) -> Iterator[Change]:
    """What the database accepts, first OLD."""
    postgres_server.run_sql(f"CREATE ROLE {WITH_PASSWORD} LOGIN SUPERUSER PASSWORD '{OLD}'")
    yield lambda password: _alter(postgres_server, password)
    postgres_server.run_sql(f"DROP ROLE {WITH_PASSWORD}")


def _alter(server: PostgresServer, password: str) -> None:
    server.run_sql(f"ALTER ROLE {WITH_PASSWORD} PASSWORD '{password}'")


def address(postgres_url: str, password: str) -> str:
    return postgres_url.replace("postgres@", f"{WITH_PASSWORD}:{quote(password, safe='')}@")


@pytest.fixture
def kept(postgres_url: str) -> KeptSecrets:
    return KeptSecrets(url=address(postgres_url, OLD))


@pytest.fixture
async def rotated(
    postgres_url: str, kept: KeptSecrets, change_password: Change
) -> AsyncIterator[SqlDatabase]:
    """A database whose address is kept elsewhere."""
    url = address(postgres_url, OLD)
    source = Source(reference("url"), login_reader(url), SecretReader(kept.resolver()))
    logins = WatchedSecret(SETTING, database_login(url), FakeClock(), source=source)
    opened = open_database(url, logins=logins)
    yield opened
    await opened.close()


async def connect_anew(database: SqlDatabase) -> None:
    await database.engine.dispose()
    await database.ping()


async def test_flt_23_new_connections_use_the_new_password(
    rotated: SqlDatabase, kept: KeptSecrets, change_password: Change, postgres_url: str
) -> None:
    """The one in hand goes on; the next one is refused with the old password, which is read again then."""
    await rotated.ping()
    change_password(NEW)
    kept.replace("url", address(postgres_url, NEW))
    await rotated.ping()
    assert kept.readings == 0
    for _ in range(2):
        await connect_anew(rotated)
    assert kept.readings == 1


async def test_flt_23_the_store_may_be_ahead_of_the_database(
    rotated: SqlDatabase,
    kept: KeptSecrets,
    change_password: Change,
    postgres_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whichever of the two is changed first, somebody can connect."""
    change_password(NEW)
    kept.replace("url", address(postgres_url, NEW))
    await connect_anew(rotated)
    change_password(OLD)
    with caplog.at_level(logging.WARNING, "watchword"):
        await connect_anew(rotated)
    assert caplog.messages == [
        f"{SETTING}: the database takes the previous password and not the current one: it was not changed "
        "there yet, or is wrong here"
    ]


async def test_flt_23_a_password_that_is_wrong_everywhere_is_an_outage(
    rotated: SqlDatabase, kept: KeptSecrets, change_password: Change, caplog: pytest.LogCaptureFixture
) -> None:
    """It is read again once in half a minute, however many want to connect, and never told."""
    change_password(NEW)
    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable) as told:
                await connect_anew(rotated)
    assert kept.readings == 1
    said = caplog.text + repr(told.value.detail)
    assert not [value for value in (OLD, quote(OLD, safe="")) if value in said]


async def test_flt_23_a_pooler_refuses_in_its_own_way(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    """PgBouncer, which checks passwords itself, calls a wrong one a broken protocol."""
    with running_pgbouncer(postgres_server.folder, passwords={WITH_PASSWORD: NEW}) as pooler:
        way, to = pooler.url_of(postgres_url), f"{WITH_PASSWORD}:%s@"
        old, new = (way.replace("postgres@", to % password) for password in ("wrong", NEW))
        kept = KeptSecrets(url=new)
        source = Source(reference("url"), login_reader(old), SecretReader(kept.resolver()))
        logins = WatchedSecret(SETTING, database_login(old), FakeClock(), source=source)
        opened = open_database(old, logins=logins)
        await opened.ping()
        assert kept.readings == 1
        await opened.close()


OTHERWISE = "it now names another database, which counts from the next start"
CHANGED: dict[str, tuple[Callable[[str], str], str]] = {
    "another database": (lambda url: url.replace("?", "-of-tomorrow?"), OTHERWISE),
    "another kind": (lambda url: "sqlite:///service.db", OTHERWISE),
    "no address": (lambda url: "words", "it leads to no address of a database that is supported"),
}


@pytest.mark.parametrize(("change", "cause"), CHANGED.values(), ids=CHANGED)
async def test_flt_23_another_database_counts_from_the_next_start(
    rotated: SqlDatabase,
    kept: KeptSecrets,
    change_password: Change,
    postgres_url: str,
    caplog: pytest.LogCaptureFixture,
    change: Callable[[str], str],
    cause: str,
) -> None:
    """No process changes its database while it runs; the operator reads that it was meant to."""
    change_password(NEW)
    kept.values["url"] = SecretValue(change(address(postgres_url, NEW)))
    with caplog.at_level(logging.WARNING, "watchword"), pytest.raises(DatabaseUnavailable):
        await connect_anew(rotated)
    assert caplog.messages[0].startswith(f"{SETTING} cannot be read again, so its last value goes on: ")
    assert cause in caplog.messages[0]
    assert NEW not in caplog.text
