"""What production refuses and staging warns of, each with its cause."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.protocol.workshop import P256

from watchword.config.auth import Settings
from watchword.config.deployment import DEVELOPMENT_CLIENT_ID, deployment_warnings
from watchword.config.secrets import Secret
from watchword.demo.app import create_app
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET, MARK
from watchword.errors import ConfigurationError
from watchword.protocol.discovery import DEVELOPMENT_MARK

KEY, OLDER_KEY = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
TEXT_KEY = base64.b64encode(b"change-me-change-me-change-me-32").decode()
PEM = P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ZEROS = base64.b64encode(bytes(32)).decode()


def from_environment(value: str) -> Secret:
    return Secret(value, "environment")


def exposed(value: str) -> Secret:
    return Secret(value, "reference", "/run/secrets/it")


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


INSECURE = [
    ({"base_url": "http://api.example.com"}, "WATCHWORD_BASE_URL: must be https"),
    ({"secret_key": KEY}, "WATCHWORD_SECRET_KEY: is written in a file or in code"),
    ({"secret_key": from_environment(ZEROS)}, "WATCHWORD_SECRET_KEY: is a placeholder"),
    ({"secret_key": from_environment(TEXT_KEY)}, "WATCHWORD_SECRET_KEY: is a placeholder"),
    ({"secret_key": exposed(KEY)}, "WATCHWORD_SECRET_KEY: the file /run/secrets/it can be read by others"),
    ({"secret_key_previous": [OLDER_KEY]}, "WATCHWORD_SECRET_KEY_PREVIOUS: is written in a file or in code"),
    ({"access_token_seconds": 3601, "session_idle_seconds": 7200}, "ACCESS_TOKEN_SECONDS: must not be above"),
    ({"access_token_seconds": 901, "session_idle_seconds": 900}, "above WATCHWORD_SESSION_IDLE_SECONDS"),
    ({"session_idle_seconds": 90000}, "above WATCHWORD_SESSION_ABSOLUTE_SECONDS"),
    ({"providers": {"main": provider(issuer="http://127.0.0.1:9400")}}, "MAIN__ISSUER: must be https"),
    (
        {"providers": {"main": provider(client_id=CLIENT_ID)}},
        "MAIN__CLIENT_ID: is the development provider's",
    ),
    (
        {"providers": {"main": provider(client_secret=from_environment(CLIENT_SECRET))}},
        "MAIN__CLIENT_SECRET: is a placeholder",
    ),
    (
        {"providers": {"main": provider(client_secret=from_environment("short"))}},
        "MAIN__CLIENT_SECRET: is a placeholder",
    ),
    (
        {"providers": {"main": provider(client_secret="written-in-code-1")}},
        "MAIN__CLIENT_SECRET: is written in a file or in code",
    ),
    (
        {"providers": {"main": provider(client_secret=exposed("v8kd-93jf-aa81"))}},
        "MAIN__CLIENT_SECRET: the file /run/secrets/it can be read by others",
    ),
    (
        {"providers": {"main": provider(client_auth="private_key_jwt", client_secret=None, client_key=PEM)}},
        "MAIN__CLIENT_KEY: is written in a file or in code",
    ),
    (
        {"database_url": "postgresql://app:v8kd-93jf@db/app"},
        "WATCHWORD_DATABASE_URL: is written in a file or in code",
    ),
    (
        {"database_url": from_environment("postgresql://app:changeme@db/app")},
        "WATCHWORD_DATABASE_URL: holds a placeholder",
    ),
    (
        {"database_url": exposed("postgresql://app:v8kd-93jf@db/app")},
        "WATCHWORD_DATABASE_URL: the file /run/secrets/it can be read by others",
    ),
    ({"cache_url": "valkey://:v8kd-93jf@cache"}, "WATCHWORD_CACHE_URL: is written in a file or in code"),
]

insecure = pytest.mark.parametrize(("changes", "cause"), INSECURE, ids=[cause for _, cause in INSECURE])


def test_good_production_settings_are_accepted() -> None:
    """The base every refusal below changes in one place."""
    assert settings().secure


@pytest.mark.parametrize(
    "changes",
    [
        {"secret_key": Secret(KEY, "reference")},
        {"database_url": "postgresql://app@db/app"},
        {"database_url": from_environment("postgresql://app:v8kd-93jf@db/app")},
        {"cache_url": "valkey://cache"},
        {"cache_url": Secret("redis://:v8kd-93jf@cache", "reference")},
        {"access_token_seconds": 3600, "session_idle_seconds": 3600, "session_absolute_seconds": 3600},
    ],
)
def test_production_accepts_what_is_safe(changes: dict[str, Any]) -> None:
    """Environment variables and references may hold secrets, an address without one may be anywhere."""
    settings(**changes)


@insecure
def test_production_refuses(changes: dict[str, Any], cause: str) -> None:
    """One insecure setting is enough, and it is named."""
    with pytest.raises(ConfigurationError) as caught:
        settings(**changes)
    assert any(cause in problem for problem in caught.value.problems), caught.value.problems


@insecure
def test_staging_warns_where_production_refuses(changes: dict[str, Any], cause: str) -> None:
    """The same sentence, as a warning."""
    told = deployment_warnings(settings(environment="staging", **changes))
    assert any(cause in warning and warning.startswith("production would refuse ") for warning in told), told


@insecure
def test_development_starts_without_a_word(changes: dict[str, Any], cause: str) -> None:
    """Small and plain values are for trying things out, on this machine."""
    on_loopback = {"base_url": "http://localhost:8000"} if "base_url" in changes else {}
    assert deployment_warnings(settings(environment="development", **{**changes, **on_loopback})) == []


def test_staging_and_production_need_a_secret_key() -> None:
    """Only development makes one."""
    for environment in ("staging", "production"):
        with pytest.raises(ConfigurationError, match=f"WATCHWORD_SECRET_KEY: is required in {environment}"):
            settings(environment=environment, secret_key=None)


def test_a_key_of_another_length_is_refused_everywhere() -> None:
    """A key that is no key is not a question of security."""
    for environment in ("development", "staging", "production"):
        with pytest.raises(ConfigurationError, match="must be 32 bytes in base64, not 5"):
            settings(environment=environment, secret_key=from_environment("c2hvcnQ="))


def test_all_of_it_is_refused_together() -> None:
    """An operator fixes everything in one go."""
    with pytest.raises(ConfigurationError) as caught:
        settings(base_url="http://api.example.com", secret_key=None, access_token_seconds=5000)
    assert len(caught.value.problems) >= 3


def test_no_problem_and_no_warning_repeats_a_secret() -> None:
    """Not even the placeholder."""
    changes: dict[str, Any] = {
        "secret_key": TEXT_KEY,
        "database_url": "postgresql://app:changeme-canary@db/app",
        "cache_url": "valkey://:canary-too@cache",
        "providers": {"main": provider(client_secret="secret-canary")},
    }
    with pytest.raises(ConfigurationError) as caught:
        settings(**changes)
    told = [*caught.value.problems, *deployment_warnings(settings(environment="staging", **changes))]
    assert len(told) >= 8
    assert not [line for line in told if "canary" in line or TEXT_KEY in line]


def test_the_development_clients_id_is_the_one_that_is_refused() -> None:
    """Two packages that share no code agree on it."""
    assert DEVELOPMENT_CLIENT_ID == CLIENT_ID


def test_the_demo_is_refused_in_production() -> None:
    """Its people sign in without a password."""
    with pytest.raises(ConfigurationError, match="the demo is refused in production"):
        create_app(settings())


@pytest.mark.parametrize(
    ("mode", "ours", "refused"),
    [
        (0o600, True, False),
        (0o400, True, False),
        (0o640, True, True),
        (0o604, True, True),
        (0o644, True, True),
        (0o440, False, False),
        (0o444, False, True),
    ],
)
def test_key_files_that_others_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, ours: bool, refused: bool
) -> None:
    """A group may read a file only where that is how the service reads it, as with mounted secrets."""
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    path.chmod(mode)
    if not ours:
        monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)
    start: Callable[[], Settings] = lambda: settings(secret_key=f"file:{path}")  # noqa: E731
    if refused:
        with pytest.raises(ConfigurationError, match="can be read by others; chmod 600 it"):
            start()
    else:
        start()


def test_nobody_can_sign_in_without_a_provider() -> None:
    """It starts, since providers may come later, and says so."""
    (told,) = deployment_warnings(settings(providers={}))
    assert told.startswith("WATCHWORD_PROVIDERS: no provider is configured")


def test_several_workers_without_a_cache_are_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would count for itself; the setting that helps is named."""
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    (told,) = deployment_warnings(settings())
    assert told.startswith("WATCHWORD_CACHE_URL: is not set, so each of the 4 worker processes")
    assert deployment_warnings(settings(cache_url="valkey://cache")) == []


@pytest.mark.parametrize("workers", ["", "1", "0", "many", "-3", "²", "9" * 10_000])
def test_a_worker_count_that_says_nothing_is_one(monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    """What another program put into the environment never stops us."""
    monkeypatch.setenv("WEB_CONCURRENCY", workers)
    assert deployment_warnings(settings()) == []


@pytest.mark.parametrize("hosts", ["*", " * ", "10.0.0.1, 0.0.0.0/0", "::/0"])
def test_ses_81_a_server_that_believes_everybody_is_told_of(
    monkeypatch: pytest.MonkeyPatch, hosts: str
) -> None:
    """It rewrites the peer before we see it; what to do instead is named."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", hosts)
    (told,) = deployment_warnings(settings())
    assert told.startswith("FORWARDED_ALLOW_IPS: lets the server believe every X-Forwarded-For")
    assert "WATCHWORD_TRUSTED_PROXY_HOPS" in told


@pytest.mark.parametrize("hosts", ["", "127.0.0.1", "10.0.0.0/8,::1"])
def test_ses_81_a_server_that_believes_its_proxies_is_not(
    monkeypatch: pytest.MonkeyPatch, hosts: str
) -> None:
    """That is what the variable is for."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", hosts)
    assert deployment_warnings(settings()) == []


@pytest.mark.parametrize("hops", [-1, 11, "many", 1.5, "0.0.0.0/0"])
def test_ses_81_proxies_are_counted_and_never_everybody(hops: object) -> None:
    """There is no value that believes a whole chain."""
    with pytest.raises(ConfigurationError, match="WATCHWORD_TRUSTED_PROXY_HOPS"):
        settings(trusted_proxy_hops=hops)


def test_a_development_provider_says_what_it_is() -> None:
    """By the member that metadata is refused for in production."""
    assert DEVELOPMENT_MARK == MARK


def test_a_secret_key_that_is_its_own_predecessor_is_warned_of() -> None:
    """It works, and shows that somebody forgot to list the old one."""
    listed = from_environment(KEY)
    (warning,) = deployment_warnings(settings(secret_key_previous=[from_environment(OLDER_KEY), listed]))
    assert warning.startswith("WATCHWORD_SECRET_KEY_PREVIOUS: holds the key that WATCHWORD_SECRET_KEY holds")
    assert KEY not in warning
    assert deployment_warnings(settings(secret_key_previous=[from_environment(OLDER_KEY)])) == []
