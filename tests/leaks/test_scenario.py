"""SES-88: everything happens to a service while every logger writes at DEBUG, and nothing leaks anywhere."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.flows.conftest import Service, replicas, serve_provider
from tests.flows.machines import MACHINES
from tests.leaks.gathering import everything_logged
from tests.leaks.scenario import RECHECK_SECONDS, Life
from watchword.models import Base
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings

LOGGERS = ("watchword", "sqlalchemy", "aiosqlite", "asyncpg", "httpx2", "httpcore2", "stamina", "alembic")
PUBLIC_MEMBERS = {"kty", "kid", "use", "alg", "crv", "x", "y", "n", "e", "key_ops"}
ADDRESSES_MEANT = {
    *("GET /auth/me 200", "GET /auth/account 200", "GET /auth/account/export 200", "GET /live 200"),
    *("users list", "users list --json", "sessions list", "sessions list --json"),
}
"""Where a person, or an operator who asks about people, is shown an address."""
COLUMNS_MEANT = {"ww_users.email", "ww_identities.email", "ww_identities.verified_email"}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def life(
    request: pytest.FixtureRequest,
    watchword_clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Life]:
    secret_key = os.urandom(32)
    changes: dict[str, Any] = {
        "secret_key": base64.b64encode(secret_key).decode(),
        "clients": MACHINES,
        "provider_recheck_seconds": RECHECK_SECONDS,
    }
    if request.param == "postgresql":
        changes["database_url"] = request.getfixturevalue("postgres_url")
        changes["keys"] = {"algorithm": "Ed25519"}
    with (
        serve_provider(watchword_clock) as server,
        replicas(server, watchword_clock, tmp_path) as start,
    ):
        dev = {**provider_settings(server), "userinfo": "always"}
        service = start(providers={"dev": dev}, **changes)
        monkeypatch.setenv("WATCHWORD_DATABASE_URL", str(service.auth.settings.database_url))
        monkeypatch.setenv("WATCHWORD_SECRET_KEY", changes["secret_key"])
        for name, value in dev.items():
            monkeypatch.setenv(f"WATCHWORD_PROVIDERS__DEV__{name.upper()}", value)
        yield Life(service, secret_key)


def test_ses_88_nothing_leaks(life: Life) -> None:
    """Not into a log, a page, an answer, a metric, the output of a command, a traceback, or a column."""
    gathered = life.gathered
    with everything_logged(*LOGGERS) as (lines, heard):
        life.person()
        life.provider()
        life.clients()
        life.odd_places()
        life.keys()
        life.database_away()
        life.operator()
    assert {"watchword", "sqlalchemy", "httpx2", "httpcore2"} <= heard
    assert len(lines) > 1000
    assert len(gathered.secrets) > 200
    assert len(gathered.texts) > 100
    gathered.text("log", "\n".join(dict.fromkeys(lines)))
    columns = life.service.call(stored, life.service)
    for column, value in columns.items():
        gathered.text(column, value)
    assert not gathered.found()

    assert gathered.addresses() <= ADDRESSES_MEANT | COLUMNS_MEANT
    assert_public(life.service.client.get("/.well-known/jwks.json").json()["keys"])


async def stored(service: Service) -> dict[str, str]:
    """Every column of every table, with all that is in it: text as it is, bytes as they are and in hex."""
    engine: AsyncEngine = (await service.auth.services()).database.engine  # type: ignore[attr-defined]
    found: dict[str, str] = {}
    async with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = (await connection.execute(text(f"SELECT * FROM {table.name}"))).mappings().all()
            for name in table.columns.keys():  # noqa: SIM118
                found[f"{table.name}.{name}"] = "\n".join(_shown(row[name]) for row in rows)
    return found


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"{value.decode('latin-1')} {value.hex()} {base64.urlsafe_b64encode(value).decode()}"
    return str(value)


def assert_public(keys: list[dict[str, Any]]) -> None:
    """KEY-11: no member that is private in any kind of key, whatever the algorithm."""
    assert keys
    for key in keys:
        assert set(key) <= PUBLIC_MEMBERS
