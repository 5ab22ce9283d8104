"""Promises of the database's address."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.config.database_url import normalise_database_url, sqlite_path
from watchword.errors import ConfigurationError


@pytest.mark.parametrize(
    ("given_url", "normal"),
    [
        ("postgresql://u:p@db:5432/app", "postgresql+asyncpg://u:p@db:5432/app"),
        ("postgres://u@db/app", "postgresql+asyncpg://u@db/app"),
        ("POSTGRES://u@db/app", "postgresql+asyncpg://u@db/app"),
        ("postgresql+asyncpg://db/app", "postgresql+asyncpg://db/app"),
        ("postgresql://u@/app?host=/run/postgresql", "postgresql+asyncpg://u@/app?host=/run/postgresql"),
        ("postgresql://u:p%40ss@db/app?sslmode=require", "postgresql+asyncpg://u:p%40ss@db/app?ssl=require"),
        (
            "postgresql://u@db/app?prepared_statement_cache_size=0",
            "postgresql+asyncpg://u@db/app?prepared_statement_cache_size=0",
        ),
        ("postgresql://[::1]:5432/app", "postgresql+asyncpg://[::1]:5432/app"),
        ("sqlite:///app.db", "sqlite+aiosqlite:///app.db"),
        ("sqlite:////var/lib/app.db", "sqlite+aiosqlite:////var/lib/app.db"),
        ("sqlite+aiosqlite:///.watchword/watchword.db", "sqlite+aiosqlite:///.watchword/watchword.db"),
    ],
)
def test_every_usual_spelling_gets_its_driver(given_url: str, normal: str) -> None:
    """What hosting services hand out works as it is, and a normalised address stays as it is."""
    assert normalise_database_url(given_url) == normal
    assert normalise_database_url(normal) == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "watchword.db",
        "mysql://u:hunter2@db/app",
        "postgresql+psycopg://u:hunter2@db/app",
        "sqlite+pysqlite:///app.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://app.db",
        "sqlite:///file:app.db?uri=true",
        "sqlite:///app.db?timeout=5",
        "postgresql://u:hunter2@db:port/app",
        "postgresql://u:hunter2@db:0/app",
        "postgresql://u:hunter2@db:99999/app",
        "postgresql://u:hunter2@[::1/app",
        "postgresql://u:hunter2@db/app?channel_binding=require",
        "postgresql://u:hunter2@db/app?ssl=require&sslmode=disable",
        "postgresql://u:hunter2@db/app?prepared_statement_cache_size=100",
        "postgresql://u:hunter2@db/app?statement_cache_size=0",
        "postgresql://u:hunter2@db/app?ssl",
        "postgresql://u:hunter2@db/app?ssl=yes",
        "postgresql://u:hunter2@db/app#here",
        "postgresql://u:hunter2@db/a\0pp",
        "postgresql://u:hunter2@db/a pp",
        "sqlite:///" + "a" * 5000,
        "sqlite:///a%00b",
    ],
)
def test_everything_else_is_one_clear_problem_without_the_password(url: str) -> None:
    """An address that cannot work is named before anything starts; its password stays out of the log."""
    with pytest.raises(ConfigurationError) as caught:
        normalise_database_url(url)
    assert len(caught.value.problems) == 1
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///.watchword/watchword.db", ".watchword/watchword.db"),
        ("sqlite:////var/lib/a%20b%3F.db", "/var/lib/a b?.db"),
        ("postgresql://db/app", None),
    ],
)
def test_the_path_of_a_sqlite_address_is_decoded(url: str, path: str | None) -> None:
    """What a path may hold and an address may not is percent-encoded there."""
    assert sqlite_path(normalise_database_url(url)) == path


@settings(derandomize=True, deadline=None)
@given(
    st.text()
    | st.sampled_from(["postgresql", "sqlite"]).flatmap(lambda s: st.text().map((s + "://").__add__))
)
def test_no_text_makes_another_error(url: str) -> None:
    """Any text is either normalised, once and for all, or a ConfigurationError."""
    try:
        normal = normalise_database_url(url)
    except ConfigurationError:
        return
    assert normalise_database_url(normal) == normal
