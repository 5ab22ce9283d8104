"""What must hold between settings, and what production refuses and staging warns of (contract §3)."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from watchword.config.addresses import Address
from watchword.config.base_url import is_loopback_url
from watchword.config.client_credentials import ClientSecret
from watchword.config.client_key import ClientKey
from watchword.config.keys import key_insecurities
from watchword.config.secrets import Secret
from watchword.config.setting_references import asks_vault

if TYPE_CHECKING:
    from watchword.config.auth import Settings

_PLACEHOLDERS: Final = (
    "changeme",
    "change-me",
    "placeholder",
    "example",
    "development-only",
    "secret",
    "password",
)
_MAKE_ONE: Final = "make one with: openssl rand -base64 32"
_KEY_BYTES: Final = 32
EVERYBODY: Final = frozenset({"*", "0.0.0.0/0", "::/0"})
"""In ``FORWARDED_ALLOW_IPS`` of uvicorn and gunicorn."""
_HOUR: Final = 3600
DEVELOPMENT_CLIENT_ID: Final = "watchword-dev"
"""The client every development provider knows."""


def deployment_problems(settings: Settings) -> list[str]:
    """Every reason why these settings must not start, each with its cause and fix."""
    problems = [*_in_development(settings), *_secret_keys(settings)]
    if settings.environment != "development" and settings.secret_key is None:
        problems.append(f"WATCHWORD_SECRET_KEY: is required in {settings.environment}; {_MAKE_ONE}")
    if settings.environment == "production":
        problems += insecurities(settings)
    return problems


def deployment_warnings(settings: Settings, *, workers: int | None = None) -> list[str]:
    """What an operator should know although the service starts; ``workers`` processes will serve, or
    as many as ``WEB_CONCURRENCY`` says."""
    warnings = []
    if settings.environment == "staging":
        warnings += [f"production would refuse {problem}" for problem in insecurities(settings)]
    if not settings.providers:
        warnings.append(
            "WATCHWORD_PROVIDERS: no provider is configured, so nobody can sign in; set "
            "WATCHWORD_PROVIDERS__<ID>__ISSUER, __CLIENT_ID and __CLIENT_SECRET, or try "
            "watchword dev-provider and copy what it prints"
        )
    workers = worker_count() if workers is None else workers
    if workers > 1 and settings.cache_url is None:
        warnings.append(
            f"WATCHWORD_CACHE_URL: is not set, so each of the {workers} worker processes counts rate limits "
            f"by itself and {workers} times as much may pass; set it to share them"
        )
    if settings.secret_key is not None and _same_key_again(settings):
        warnings.append(
            "WATCHWORD_SECRET_KEY_PREVIOUS: holds the key that WATCHWORD_SECRET_KEY holds; list there "
            "the one that was in use before, or nothing"
        )
    if EVERYBODY & {entry.strip() for entry in os.environ.get("FORWARDED_ALLOW_IPS", "").split(",")}:
        warnings.append(
            "FORWARDED_ALLOW_IPS: lets the server believe every X-Forwarded-For, so callers choose the "
            "address that rate limits count; name your proxies in it, or start the server with "
            "--no-proxy-headers and set WATCHWORD_TRUSTED_PROXY_HOPS"
        )
    return warnings


def worker_count() -> int:
    """How many processes serve, as servers are told by ``WEB_CONCURRENCY``; 1 where it says nothing."""
    given = os.environ.get("WEB_CONCURRENCY", "").strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 1


def decode_secret_key(secret: Secret) -> bytes:
    """The 32 bytes of a ``SECRET_KEY``, from either base64 alphabet. Raises ValueError."""
    text = secret.reveal().strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be 32 bytes in base64; {_MAKE_ONE}") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"must be 32 bytes in base64, not {len(key)}; {_MAKE_ONE}")
    return key


def insecurities(settings: Settings) -> Iterator[str]:
    """What production refuses and staging warns of."""
    if not settings.secure:
        yield "WATCHWORD_BASE_URL: must be https in production"
    yield from _insecure_lives(settings)
    yield from _insecure_secrets(settings)
    yield from key_insecurities(settings.keys)
    address = os.environ.get("VAULT_ADDR", "").strip()
    if asks_vault(settings) and urlsplit(address).scheme == "http" and not is_loopback_url(address):
        yield "VAULT_ADDR: must be https in production; a token would travel in the clear"
    for provider_id, provider in settings.providers.items():
        name = f"WATCHWORD_PROVIDERS__{provider_id.upper()}__"
        if not provider.issuer.startswith("https://"):
            yield f"{name}ISSUER: must be https in production"
        if provider.metadata_url is not None and not provider.metadata_url.startswith("https://"):
            yield f"{name}METADATA_URL: must be https in production"
        if provider.client_id == DEVELOPMENT_CLIENT_ID:
            yield f"{name}CLIENT_ID: is the development provider's, which lets anyone sign in as anyone"


def _in_development(settings: Settings) -> Iterator[str]:
    loopback = settings.secure or is_loopback_url(settings.base_url)
    if settings.environment == "development" and not loopback:
        yield "WATCHWORD_BASE_URL: plain http is accepted for loopback only; use https"


def _secret_keys(settings: Settings) -> Iterator[str]:
    for name, secret in _named_secret_keys(settings):
        try:
            decode_secret_key(secret)
        except ValueError as error:
            yield f"{name}: {error}"


def _insecure_lives(settings: Settings) -> Iterator[str]:
    if settings.access_token_seconds > _HOUR:
        yield "WATCHWORD_ACCESS_TOKEN_SECONDS: must not be above 3600 in production"
    if settings.access_token_seconds > settings.session_idle_seconds:
        yield "WATCHWORD_ACCESS_TOKEN_SECONDS: must not be above WATCHWORD_SESSION_IDLE_SECONDS"
    if settings.keys.rotate_after_seconds < _HOUR:
        yield (
            "WATCHWORD_KEYS__ROTATE_AFTER_SECONDS: must be at least 3600 in production, "
            "so that readers of the key set can follow"
        )
    if settings.session_idle_seconds > settings.session_absolute_seconds:
        yield "WATCHWORD_SESSION_IDLE_SECONDS: must not be above WATCHWORD_SESSION_ABSOLUTE_SECONDS"


def _insecure_secrets(settings: Settings) -> Iterator[str]:
    for name, secret in named_secrets(settings):
        if secret.origin == "literal":
            yield f"{name}: is written in a file or in code; use an environment variable, env: or file:"
        if secret.exposed_file is not None:
            yield f"{name}: the file {secret.exposed_file} can be read by others; chmod 600 it"
    for name, secret in _named_secret_keys(settings):
        if _is_placeholder_key(secret):
            yield f"{name}: is a placeholder, not random; {_MAKE_ONE}"
    for name, secret in _client_secrets(settings):
        if len(secret.reveal().strip()) < 8 or _is_placeholder(secret.reveal()):
            yield f"{name}: is a placeholder; paste the secret the provider gave you"
    for name, address in _addresses(settings):
        if address.password is not None and _is_placeholder(unquote(address.password)):
            yield f"{name}: holds a placeholder for a password"


def named_secrets(settings: Settings) -> list[tuple[str, Secret | ClientSecret | ClientKey]]:
    """Every secret that is set, by the setting; each says where it was written, and prints nothing else."""
    return [
        *_named_secret_keys(settings),
        *_client_secrets(settings),
        *_client_keys(settings),
        *_secrets_of_clients(settings),
        *_address_secrets(settings),
    ]


def _named_secret_keys(settings: Settings) -> Iterator[tuple[str, Secret]]:
    if settings.secret_key is not None:
        yield "WATCHWORD_SECRET_KEY", settings.secret_key
    for key in settings.secret_key_previous:
        yield "WATCHWORD_SECRET_KEY_PREVIOUS", key


def _same_key_again(settings: Settings) -> bool:
    keys = [decode_secret_key(secret) for _, secret in _named_secret_keys(settings)]
    return keys[0] in keys[1:]


def _client_secrets(settings: Settings) -> Iterator[tuple[str, Secret]]:
    for provider_id, provider in settings.providers.items():
        if provider.client_secret is not None:
            yield f"WATCHWORD_PROVIDERS__{provider_id.upper()}__CLIENT_SECRET", provider.client_secret


def _client_keys(settings: Settings) -> Iterator[tuple[str, ClientKey]]:
    for provider_id, provider in settings.providers.items():
        if provider.client_key is not None:
            yield f"WATCHWORD_PROVIDERS__{provider_id.upper()}__CLIENT_KEY", provider.client_key


def _secrets_of_clients(settings: Settings) -> Iterator[tuple[str, ClientSecret]]:
    """Whether they are placeholders was asked in every environment, before they were hashed."""
    for client_id, client in settings.clients.items():
        for secret in client.secret:
            yield f"WATCHWORD_CLIENTS__{client_id.upper()}__SECRET", secret


def _addresses(settings: Settings) -> Iterator[tuple[str, Address]]:
    named = {"WATCHWORD_DATABASE_URL": settings.database_url, "WATCHWORD_CACHE_URL": settings.cache_url}
    for name, given in named.items():
        if isinstance(given, Address):
            yield name, given


def _address_secrets(settings: Settings) -> Iterator[tuple[str, Secret]]:
    """An address without a password is no secret."""
    for name, address in _addresses(settings):
        if address.password is not None:
            yield name, address.source


def _is_placeholder(text: str) -> bool:
    return text.strip().lower().startswith(_PLACEHOLDERS)


def _is_placeholder_key(secret: Secret) -> bool:
    """Repeated bytes, or words where chance should be."""
    try:
        key = decode_secret_key(secret)
    except ValueError:
        return False
    words = key.lower()
    return len(set(key)) < 8 or any(word.encode() in words for word in _PLACEHOLDERS)
