"""Whether an address says that the other side proves who it is."""

from __future__ import annotations

import pytest

from watchword.compliance.connections import connections
from watchword.config.auth import Settings


def protected(to: str, **settings: object) -> bool:
    (found,) = (each for each in connections(Settings(**settings)) if each.to == to)
    return found.protected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///some.db", True),
        ("postgresql://u:p@db.example.org/x", False),
        ("postgresql://u:p@db.example.org/x?sslmode=require", False),
        ("postgresql://u:p@db.example.org/x?sslmode=verify-ca", True),
        ("postgresql://u:p@db.example.org/x?sslmode=verify-full", True),
        ("postgresql://u:p@127.0.0.1/x", True),
        ("postgresql://u:p@[::1]:5433/x", True),
        ("postgresql://u:p@localhost/x", True),
        ("postgresql://u@/x?host=/run/postgresql", True),
        ("postgresql://u@/x?host=/run/postgresql,db.example.org", False),
        ("postgresql://u@/x?host=10.0.0.1,127.0.0.1", False),
    ],
)
def test_a_database_is_reached_safely(url: str, expected: bool) -> None:
    """``require`` encrypts, and checks nobody's certificate."""
    assert protected("database", database_url=url) is expected


@pytest.mark.parametrize(("host", "expected"), [("db.example.org", False), ("/run,::1", True), ("", True)])
def test_an_address_without_a_host_leads_to_the_one_of_the_environment(
    host: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the driver takes it; a host in the address counts before."""
    monkeypatch.setenv("PGHOST", host)
    assert protected("database", database_url="postgresql:///x") is expected
    assert protected("database", database_url="postgresql://localhost/x")


def test_a_vault_is_asked_over_https_or_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is asked at all."""
    kept = {"store": "vault", "path": "secret/keys"}
    for address, expected in {
        "https://vault.example.org": True,
        "http://127.0.0.1:8200": True,
        "http://vault.example.org": False,
    }.items():
        monkeypatch.setenv("VAULT_ADDR", address)
        assert protected("Vault", keys=kept) is expected
        assert [each.to for each in connections(Settings()) if each.to == "Vault"] == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("valkeys://:p@cache.example.org", True),
        ("rediss://cache.example.org", True),
        ("valkey://:p@cache.example.org", False),
        ("valkey://127.0.0.1", True),
        ("redis://localhost:6380/1", True),
    ],
)
def test_a_cache_is_reached_safely(url: str, expected: bool) -> None:
    """TLS, or it does not leave the machine."""
    assert protected("cache", cache_url=url) is expected


def test_browsers_and_providers_by_their_scheme() -> None:
    """Plain http is for this machine."""
    assert protected("browsers and callers, to this service", base_url="https://app.example.org")
    assert protected("browsers and callers, to this service", base_url="http://127.0.0.1:8000")
    work = {"issuer": "https://id.example.org", "client_id": "a", "client_auth": "none"}
    assert protected("provider work", providers={"work": work})
