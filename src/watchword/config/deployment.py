"""What must hold between settings, and what production and staging refuse (contract §3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import TYPE_CHECKING

from watchword.config.base_url import is_loopback_url
from watchword.config.secrets import Secret

if TYPE_CHECKING:
    from watchword.config.auth import Settings

_PLACEHOLDERS = ("changeme", "change-me", "placeholder", "example", "development-only", "secret", "password")
_HOUR = 3600


def deployment_problems(settings: Settings) -> list[str]:
    """Every reason why these settings must not start, each with its cause and fix."""
    problems = [*_between_settings(settings), *_secret_keys(settings)]
    if settings.environment != "development":
        problems += _outside_development(settings)
    if settings.environment == "production":
        problems += _in_production(settings)
    return problems


def decode_secret_key(secret: Secret) -> bytes:
    """The 32 bytes of a ``SECRET_KEY``, from either base64 alphabet. Raises ValueError."""
    text = secret.reveal().strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be 32 bytes in base64; make one with: openssl rand -base64 32") from None
    if len(key) != 32:
        raise ValueError(
            f"must be 32 bytes in base64, not {len(key)}; make one with: openssl rand -base64 32"
        )
    return key


def _between_settings(settings: Settings) -> Iterator[str]:
    if settings.session_idle_seconds > settings.session_absolute_seconds:
        yield "WATCHWORD_SESSION_IDLE_SECONDS: must not be above WATCHWORD_SESSION_ABSOLUTE_SECONDS"
    for provider_id, provider in settings.providers.items():
        plain = provider.issuer.startswith("http://")
        if plain and settings.environment == "development" and not is_loopback_url(provider.issuer):
            yield f"{_provider(provider_id)}ISSUER: plain http is accepted for loopback only; use https"
    if (
        settings.environment == "development"
        and not settings.secure
        and not is_loopback_url(settings.base_url)
    ):
        yield "WATCHWORD_BASE_URL: plain http is accepted for loopback only; use https"


def _secret_keys(settings: Settings) -> Iterator[str]:
    named = [("WATCHWORD_SECRET_KEY", settings.secret_key)]
    named += [("WATCHWORD_SECRET_KEY_PREVIOUS", key) for key in settings.secret_key_previous]
    for name, secret in named:
        if secret is None:
            continue
        try:
            key = decode_secret_key(secret)
        except ValueError as error:
            yield f"{name}: {error}"
        else:
            if len(set(key)) < 8 and settings.environment != "development":
                yield f"{name}: is a placeholder, not random; make one with: openssl rand -base64 32"


def _outside_development(settings: Settings) -> Iterator[str]:
    if settings.secret_key is None:
        yield (
            f"WATCHWORD_SECRET_KEY: is required in {settings.environment}; "
            "make one with: openssl rand -base64 32"
        )


def _in_production(settings: Settings) -> Iterator[str]:
    if not settings.secure:
        yield "WATCHWORD_BASE_URL: must be https in production"
    if settings.access_token_seconds > _HOUR:
        yield "WATCHWORD_ACCESS_TOKEN_SECONDS: must not be above 3600 in production"
    if settings.access_token_seconds > settings.session_idle_seconds:
        yield "WATCHWORD_ACCESS_TOKEN_SECONDS: must not be above WATCHWORD_SESSION_IDLE_SECONDS"
    for name, secret in _secrets(settings):
        if secret.origin == "literal":
            yield f"{name}: is written in a file or in code; use an environment variable, env: or file:"
        elif name.endswith("CLIENT_SECRET") and _is_placeholder(secret):
            yield f"{name}: is a placeholder; paste the secret the provider gave you"
    for provider_id, provider in settings.providers.items():
        if not provider.issuer.startswith("https://"):
            yield f"{_provider(provider_id)}ISSUER: must be https in production"


def _secrets(settings: Settings) -> Iterator[tuple[str, Secret]]:
    if settings.secret_key is not None:
        yield "WATCHWORD_SECRET_KEY", settings.secret_key
    for key in settings.secret_key_previous:
        yield "WATCHWORD_SECRET_KEY_PREVIOUS", key
    for provider_id, provider in settings.providers.items():
        if provider.client_secret is not None:
            yield f"{_provider(provider_id)}CLIENT_SECRET", provider.client_secret


def _is_placeholder(secret: Secret) -> bool:
    value = secret.reveal().strip().lower()
    return len(value) < 8 or any(value.startswith(word) for word in _PLACEHOLDERS)


def _provider(provider_id: str) -> str:
    return f"WATCHWORD_PROVIDERS__{provider_id.upper()}__"
