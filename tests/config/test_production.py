"""What production refuses, each with its cause."""

from __future__ import annotations

import base64
import secrets
from typing import Any

import pytest

from watchword.config.auth import Settings
from watchword.config.secrets import Secret
from watchword.errors import ConfigurationError

KEY = base64.b64encode(secrets.token_bytes(32)).decode()


def from_environment(value: str) -> Secret:
    return Secret(value, "environment")


def provider(**changes: Any) -> dict[str, Any]:
    return {
        "issuer": "https://idp.example.com",
        "client_id": "app",
        "client_secret": from_environment("v8kd-93jf-aa81"),
        **changes,
    }


def settings(**changes: Any) -> Settings:
    good = {
        "environment": "production",
        "base_url": "https://api.example.com",
        "secret_key": from_environment(KEY),
        "providers": {"main": provider()},
    }
    return Settings(**{**good, **changes})


def test_good_production_settings_are_accepted() -> None:
    """The base every refusal below changes in one place."""
    assert settings().secure


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"base_url": "http://api.example.com"}, "WATCHWORD_BASE_URL: must be https"),
        ({"secret_key": None}, "WATCHWORD_SECRET_KEY: is required in production"),
        ({"secret_key": KEY}, "WATCHWORD_SECRET_KEY: is written in a file or in code"),
        ({"secret_key": from_environment(base64.b64encode(bytes(32)).decode())}, "is a placeholder"),
        ({"access_token_seconds": 3601, "session_idle_seconds": 7200}, "above 3600"),
        ({"access_token_seconds": 901, "session_idle_seconds": 900}, "above WATCHWORD_SESSION_IDLE_SECONDS"),
        ({"session_idle_seconds": 90000}, "above WATCHWORD_SESSION_ABSOLUTE_SECONDS"),
        ({"providers": {"main": provider(issuer="http://127.0.0.1:9400")}}, "ISSUER: must be https"),
        ({"providers": {"main": provider(client_secret="written-in-code-1")}}, "CLIENT_SECRET: is written"),
        (
            {"providers": {"main": provider(client_secret=from_environment("development-only-secret"))}},
            "CLIENT_SECRET: is a placeholder",
        ),
    ],
)
def test_production_refuses(changes: dict[str, Any], cause: str) -> None:
    """One insecure setting is enough, and it is named."""
    with pytest.raises(ConfigurationError) as caught:
        settings(**changes)
    assert any(cause in problem for problem in caught.value.problems), caught.value.problems


def test_all_of_it_is_refused_together() -> None:
    """An operator fixes everything in one go."""
    with pytest.raises(ConfigurationError) as caught:
        settings(base_url="http://api.example.com", secret_key=None, access_token_seconds=5000)
    assert len(caught.value.problems) >= 3


def test_staging_needs_a_secret_key_but_allows_plain_http() -> None:
    """Staging warns where production refuses, except for the key."""
    assert settings(environment="staging", base_url="http://staging.internal").environment == "staging"
    with pytest.raises(ConfigurationError, match="required in staging"):
        settings(environment="staging", secret_key=None)
