"""Settings for the demo, which is refused in production."""

from __future__ import annotations

import os

from watchword.config.auth import Settings
from watchword.errors import ConfigurationError

_REFUSED = "WATCHWORD_ENVIRONMENT: the demo is refused in production; install watchword in a service of yours"


def read_settings() -> Settings:
    """``WATCHWORD_*`` for the demo. Raises ConfigurationError, in production always."""
    try:
        settings = Settings()
    except ConfigurationError as error:
        if os.environ.get("WATCHWORD_ENVIRONMENT") != "production":
            raise
        raise ConfigurationError([_REFUSED, *error.problems]) from None
    refuse_unfit(settings)
    return settings


def refuse_unfit(settings: Settings) -> None:
    """Raises ConfigurationError in production, where anyone could sign in as anyone, and outside
    development where no provider is configured."""
    if settings.environment == "production":
        raise ConfigurationError([_REFUSED])
    if settings.environment != "development" and not settings.providers:
        raise ConfigurationError(
            ["WATCHWORD_PROVIDERS: the demo brings its own provider in development only; configure one"]
        )
