"""Whether what is connected to proves who it is, as far as addresses say."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from watchword.config.auth import Settings
from watchword.config.base_url import is_loopback_url
from watchword.config.setting_references import asks_vault

_VERIFIED: Final = ("verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class Connection:
    """One that the settings name. ``protected``: encrypted, and the other side shows a certificate that is
    checked, or it does not leave the machine."""

    to: str
    how: str
    protected: bool


def connections(settings: Settings) -> Iterator[Connection]:
    """In the order of the settings; with what the clients of PostgreSQL and Vault read of the environment."""
    yield _web("browsers and callers, to this service", settings.base_url)
    yield _database(settings.database_url)
    if settings.cache_url is not None:
        yield _cache(settings.cache_url)
    for provider_id, provider in settings.providers.items():
        yield _web(f"provider {provider_id}", provider.issuer)
    if asks_vault(settings):
        yield _web("Vault", os.environ.get("VAULT_ADDR", "").strip())


def _web(to: str, url: str) -> Connection:
    if url.startswith("https://"):
        return Connection(to, "https", True)
    here = is_loopback_url(url)
    return Connection(to, "plain http on this machine" if here else "plain http", here)


def _database(url: str) -> Connection:
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite"):
        return Connection("database", "a file of this machine", True)
    asked = parse_qs(parts.query)
    named = asked.get("host") or [parts.hostname or os.environ.get("PGHOST", "")]
    hosts = [host.strip() for given in named for host in given.split(",")]
    if all(_stays_here(host) for host in hosts):
        return Connection("database", "a socket or loopback of this machine", True)
    mode = asked.get("ssl", [""])[0]
    if mode in _VERIFIED:
        return Connection("database", f"TLS, sslmode={mode}", True)
    said = f"sslmode={mode}" if mode else "no sslmode in the address"
    return Connection("database", f"{said}: nothing checks that it is your database", False)


def _cache(url: str) -> Connection:
    parts = urlsplit(url)
    if parts.scheme == "valkeys":
        return Connection("cache", "TLS", True)
    here = _stays_here(parts.hostname or "")
    return Connection("cache", "loopback of this machine" if here else "without TLS", here)


def _stays_here(host: str) -> bool:
    """Also the default of an address without a host, which is a socket."""
    if host == "localhost" or host.startswith("/") or not host:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
