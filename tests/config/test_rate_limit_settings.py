"""Promises of ``WATCHWORD_RATE_LIMITS__…``."""

from __future__ import annotations

import pytest

from watchword.config.auth import Settings
from watchword.config.rate_limits import RateLimit, RateLimitSettings, read_rate_limit
from watchword.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("20/minute", RateLimit(20, 60)),
        ("5/second", RateLimit(5, 1)),
        ("100/hour", RateLimit(100, 3600)),
        (" 7/Minute ", RateLimit(7, 60)),
        ("off", None),
        ("OFF", None),
    ],
)
def test_a_limit_is_a_number_and_a_unit(text: str, limit: RateLimit | None) -> None:
    """Or ``off``."""
    assert read_rate_limit(text) == limit


@pytest.mark.parametrize("limit", [RateLimit(20, 60), RateLimit(5, 1), RateLimit(100, 3600)])
def test_a_limit_reads_as_it_is_written(limit: RateLimit) -> None:
    """Its text is the form of the setting."""
    assert read_rate_limit(str(limit)) == limit


@pytest.mark.parametrize(
    "text",
    ["", "20", "20 per minute", "0/minute", "-1/minute", "20/day", "1.5/second", "9999999/hour", "٢/hour"],
)
def test_anything_else_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """With the form it should have."""
    monkeypatch.setenv("WATCHWORD_RATE_LIMITS__LOGIN", text)
    with pytest.raises(ConfigurationError) as caught:
        Settings()
    (problem,) = caught.value.problems
    assert problem.startswith("WATCHWORD_RATE_LIMITS__LOGIN: ")
    assert "20/minute" in problem


def test_development_has_only_the_limits_that_are_set() -> None:
    """Nobody is stopped while trying things out."""
    settings = Settings(rate_limits={"refresh": "5/minute"})
    assert settings.rate_limit("login") is None
    assert settings.rate_limit("refresh") == RateLimit(5, 60)


def test_elsewhere_the_contracts_defaults_hold() -> None:
    """Until they are changed or switched off by name."""
    key = "OXkDnbxMrn5P0Bp2cGg5m1V9mqDVEMcd4bDWxCiyGSM="
    settings = Settings(environment="staging", secret_key=key, rate_limits={"callback": "off"})
    assert settings.rate_limit("login") == RateLimit(30, 60)
    assert settings.rate_limit("callback") is None
    assert settings.rate_limit("refresh") == RateLimit(600, 60)
    assert settings.rate_limit("token") == RateLimit(120, 60)


def test_limits_are_shown_as_they_are_written() -> None:
    """A dump of the settings can be read back."""
    limits = RateLimitSettings(login=None, refresh=RateLimit(5, 1))
    shown = limits.model_dump()
    assert (shown["login"], shown["refresh"]) == ("off", "5/second")
    assert RateLimitSettings(**shown) == limits
