"""SES-88 for what is printed when something breaks: settings, databases, providers, the command line."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.flows.raw_server import RawServer, answer, sends
from tests.leaks.gathering import everything_logged
from watchword import Settings
from watchword.cli.main import app
from watchword.errors import ConfigurationError, DatabaseUnavailable
from watchword.models.faults import database_faults
from watchword.storage.engines import DatabaseLimits, make_engine
from watchword.transport.provider_http import HttpxProviderHttp

CANARY = "canary5f1c0a7be2d94c63"
BAD_SETTINGS: dict[str, dict[str, Any]] = {
    "secret key": {"secret_key": CANARY},
    "previous secret keys": {"secret_key_previous": [CANARY, 7]},
    "password of the database": {"database_url": f"postgresql://service:{CANARY}@db:port/app"},
    "password of no database": {"database_url": f"mysql://service:{CANARY}@db/app"},
    "password of the cache": {"cache_url": f"valkey://:{CANARY}@cache:port/0"},
    "client secret beside a fault": {
        "providers": {"a": {"issuer": 7, "client_id": "x", "client_secret": CANARY, "scopes": {"a": CANARY}}}
    },
    "client secret of the wrong type": {"providers": {"a": {"client_secret": {"a": CANARY}}}},
    "machine's secret": {"clients": {"batch": {"secret": CANARY}}},
    "machine's key": {"clients": {"batch": {"key": {"kty": "oct", "k": CANARY, "d": CANARY}}}},
    "client key": {"providers": {"a": {"client_key": {"kty": "EC", "crv": "P-256", "d": CANARY}}}},
    "unknown setting": {"secret_keys": CANARY, "providers": {"a": {"client_secrets": CANARY}}},
    "JSON that is none": {"providers": f'{{"a": {{"client_secret": "{CANARY}"'},
}


@pytest.mark.parametrize("given", BAD_SETTINGS.values(), ids=list(BAD_SETTINGS))
def test_ses_88_no_refused_setting_is_repeated(given: dict[str, Any]) -> None:
    """Not in the error, its causes or their tracebacks."""
    with pytest.raises(ConfigurationError) as refused:
        Settings(**given)
    assert CANARY not in "".join(traceback.format_exception(refused.value))
    assert CANARY not in repr(refused.value.__dict__)


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(postgres_url, DatabaseLimits())
    yield made
    await made.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("statement", "given"),
    [
        ("INSERT INTO held VALUES (:a, 1)", {"a": CANARY}),
        ("INSERT INTO held VALUES (:a, NULL)", {"a": CANARY + "2"}),
        ("INSERT INTO held VALUES ('x', :b)", {"b": CANARY}),
        ("SELECT CAST(CAST(:c AS text) AS uuid)", {"c": CANARY}),
        ("SELECT CAST(CAST(:c AS text) AS json)", {"c": CANARY}),
    ],
)
async def test_ses_88_a_fault_of_the_database_quotes_no_row(
    engine: AsyncEngine, statement: str, given: dict[str, Any]
) -> None:
    """PostgreSQL says which row it was, drivers which value: no traceback of ours repeats it."""
    async with engine.connect() as connection:
        await connection.execute(text("CREATE TEMPORARY TABLE held (a text UNIQUE, b int NOT NULL)"))
        await connection.execute(text("INSERT INTO held VALUES (:a, 1)"), {"a": CANARY})
        with pytest.raises(DatabaseUnavailable) as refused, database_faults("keep a row"):
            await connection.execute(text(statement), given)
    told = "".join(traceback.format_exception(refused.value))
    assert "asyncpg" in told
    assert "keep a row" in told
    assert CANARY not in told


async def test_ses_88_no_header_of_a_provider_is_logged() -> None:
    """What it sets as a cookie stays between the two, and so does how we authenticate."""
    http = HttpxProviderHttp()
    raw = answer(b"{}", headers={"set-cookie": f"session={CANARY}"})
    with RawServer(sends(raw)) as server, everything_logged() as (lines, heard):
        got = await http.get(server.address, max_bytes=100, bearer=CANARY)
        await http.post_form(
            server.address, {"token": CANARY}, max_bytes=100, authorization=f"Basic {CANARY}"
        )
    await http.close()
    assert CANARY in got.headers["set-cookie"]
    assert "httpcore2" in heard
    assert any("receive_response_headers.complete" in line for line in lines)
    assert not [line for line in lines if CANARY in line]


def test_a_crash_of_the_command_line_prints_no_local_variables() -> None:
    """Typer's pretty tracebacks would show them."""
    assert app.pretty_exceptions_enable is False
