"""Promises of the addresses of database and cache."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from watchword.config.addresses import Address
from watchword.config.auth import Settings
from watchword.config.cache_url import normalise_cache_url
from watchword.errors import ConfigurationError


@pytest.mark.parametrize(
    ("given_url", "normal"),
    [
        ("valkey://cache", "valkey://cache:6379/0"),
        ("redis://cache:6380/2", "valkey://cache:6380/2"),
        ("valkey://user:p%40ss@cache/", "valkey://user:p%40ss@cache:6379/0"),
        ("redis://:hunter2@[::1]:7000", "valkey://:hunter2@[::1]:7000/0"),
        ("rediss://cache", "valkeys://cache:6379/0"),
        ("VALKEYS://Cache", "valkeys://cache:6379/0"),
    ],
)
def test_every_usual_spelling_of_a_cache_is_read(given_url: str, normal: str) -> None:
    """Redis and Valkey, with and without TLS; a normal address stays as it is."""
    assert normalise_cache_url(given_url) == normal
    assert normalise_cache_url(normal) == normal


@pytest.mark.parametrize(
    "url",
    [
        "cache:6379",
        "memcached://cache",
        "valkey://",
        "valkey://:hunter2@",
        "valkey://:hunter2@cache:0",
        "valkey://:hunter2@cache:99999",
        "valkey://:hunter2@a:1,b:2",
        "valkey://:hunter2@cache/first",
        "valkey://:hunter2@cache/0?socket_timeout=100",
        "valkey://:hunter2@cache/0#x",
        "valkey://:hunter2@[::1",
        "valkey://:hunter2@ca che",
        "valkey://:hunter2@cäche",
        "valkey://:hunter2@cache/" + "1" * 5000,
    ],
)
def test_everything_else_is_one_clear_problem_without_the_password(url: str) -> None:
    """What cannot work is named before anything starts."""
    with pytest.raises(ConfigurationError) as caught:
        Settings(cache_url=url)
    (problem,) = caught.value.problems
    assert problem.startswith("WATCHWORD_CACHE_URL: the cache address ")
    assert "hunter2" not in problem


@hypothesis_settings(derandomize=True, deadline=None)
@given(st.text() | st.sampled_from(["valkey://", "redis://u:p@"]).flatmap(lambda s: st.text().map(s.__add__)))
def test_no_text_makes_another_error(url: str) -> None:
    """Any text is either normalised, once and for all, or a ConfigurationError."""
    try:
        normal = normalise_cache_url(url)
    except ConfigurationError:
        return
    assert normalise_cache_url(normal) == normal


def test_a_password_is_for_drivers_only() -> None:
    """Neither repr() nor a dump of the settings shows one."""
    settings = Settings(
        database_url="postgresql://app:hunter2@db/app", cache_url="redis://:hunter2@cache:6379/0"
    )
    assert settings.database_url == "postgresql+asyncpg://app:hunter2@db/app"
    assert settings.cache_url == "valkey://:hunter2@cache:6379/0"
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "hunter2" not in shown
    assert "postgresql+asyncpg://app:***@db/app" in shown


def test_an_address_may_be_a_reference(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Platforms hand out addresses under names of their own, or as files."""
    monkeypatch.setenv("DATABASE_URL", "postgres://app:hunter2@db/app")
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", "env:DATABASE_URL")
    (tmp_path / "cache").write_text("redis://:hunter2@cache\n")
    monkeypatch.setenv("WATCHWORD_CACHE_URL", f"file:{tmp_path / 'cache'}")
    settings = Settings()
    assert settings.database_url == "postgresql+asyncpg://app:hunter2@db/app"
    assert settings.cache_url == "valkey://:hunter2@cache:6379/0"
    assert isinstance(settings.cache_url, Address)
    assert settings.cache_url.source.origin == "reference"
