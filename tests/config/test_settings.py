"""Where settings come from, and that every problem is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchword.config.auth import Settings
from watchword.errors import ConfigurationError

DEV = {
    "WATCHWORD_PROVIDERS__DEV__ISSUER": "http://127.0.0.1:9400",
    "WATCHWORD_PROVIDERS__DEV__CLIENT_ID": "app",
    "WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET": "s3cret-value",
}


def put(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def problems() -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        Settings()
    return list(caught.value.problems)


def test_the_defaults_are_the_contracts() -> None:
    """Nothing set, nothing missing in development."""
    settings = Settings()
    assert settings.environment == "development"
    assert settings.base_url == settings.token_audience == "http://127.0.0.1:8000"
    assert settings.database_url == "sqlite+aiosqlite:///.watchword/watchword.db"
    assert (settings.access_token_seconds, settings.refresh_overlap_seconds) == (900, 10)
    assert (settings.session_idle_seconds, settings.session_absolute_seconds) == (3600, 86400)
    assert settings.providers == {}


def test_nested_names_go_one_level_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """``__`` separates levels; a provider needs no more than three lines."""
    put(monkeypatch, DEV)
    provider = Settings().providers["dev"]
    assert (provider.issuer, provider.client_id) == ("http://127.0.0.1:9400", "app")
    assert provider.secret == "s3cret-value"
    assert Settings().redirect_uri("dev") == "http://127.0.0.1:8000/auth/callback/dev"


def test_later_sources_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Defaults, file, environment, constructor."""
    (tmp_path / "watchword.toml").write_text(
        "access_token_seconds = 100\nsession_idle_seconds = 200\nrefresh_overlap_seconds = 3\n"
    )
    monkeypatch.setenv("WATCHWORD_SESSION_IDLE_SECONDS", "300")
    monkeypatch.setenv("WATCHWORD_REFRESH_OVERLAP_SECONDS", "4")
    settings = Settings(refresh_overlap_seconds=5)
    assert settings.access_token_seconds == 100
    assert settings.session_idle_seconds == 300
    assert settings.refresh_overlap_seconds == 5


def test_file_and_environment_meet_in_one_provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file names the provider, the environment brings the secret."""
    (tmp_path / "watchword.toml").write_text(
        '[providers.dev]\nissuer = "http://127.0.0.1:9400"\nclient_id = "app"\nscopes = ["openid"]\n'
    )
    monkeypatch.setenv("WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET", "from-environment")
    provider = Settings().providers["dev"]
    assert provider.secret == "from-environment"
    assert provider.scopes == ("openid",)


def test_another_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``WATCHWORD_CONFIG`` names the file, and a missing one is said."""
    other = tmp_path / "other.toml"
    monkeypatch.setenv("WATCHWORD_CONFIG", str(other))
    assert problems() == [f"WATCHWORD_CONFIG: there is no file {other}"]
    other.write_text("access_token_seconds = 77")
    assert Settings().access_token_seconds == 77
    other.write_text("access_token_seconds = ")
    assert "is not TOML" in problems()[0]
    other.write_bytes(b"\xff\xfe")
    assert "cannot be read" in problems()[0]


def test_every_problem_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Types, unknown names, missing parts and contradictions in one error."""
    put(
        monkeypatch,
        {
            "WATCHWORD_ENVIRONMENT": "production",
            "WATCHWORD_ACCES_TOKEN_SECONDS": "900",
            "WATCHWORD_BASE_URL": "https://api.test/path",
            "WATCHWORD_CLOCK_LEEWAY_SECONDS": "61",
            "WATCHWORD_SESSION_IDLE_SECONDS": "999999",
            "WATCHWORD_SECRET_KEY": "short",
            "WATCHWORD_PROVIDERS__DEV__ISSUER": "https://idp.test",
            "WATCHWORD_PROVIDERS__DEV__CLIENT_IT": "app",
        },
    )
    told = "\n".join(problems())
    for expected in (
        "WATCHWORD_ACCES_TOKEN_SECONDS: there is no such setting",
        "did you mean WATCHWORD_ACCESS_TOKEN_SECONDS?",
        "WATCHWORD_BASE_URL: is an origin",
        "WATCHWORD_CLOCK_LEEWAY_SECONDS: ",
        "WATCHWORD_SESSION_IDLE_SECONDS: must not be above",
        "WATCHWORD_SECRET_KEY: must be 32 bytes",
        "WATCHWORD_PROVIDERS__DEV__CLIENT_ID: is required",
        "did you mean WATCHWORD_PROVIDERS__DEV__CLIENT_ID?",
    ):
        assert expected in told, f"{expected!r} is missing in:\n{told}"


def test_a_problem_never_repeats_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the message nor repr() of good settings shows one."""
    put(monkeypatch, {**DEV, "WATCHWORD_SECRET_KEY": "canary-canary-canary"})
    assert "canary" not in "\n".join(problems())
    monkeypatch.delenv("WATCHWORD_SECRET_KEY")
    settings = Settings()
    assert "s3cret-value" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_name_that_is_value_and_branch_is_a_clash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is silently dropped."""
    put(monkeypatch, {"WATCHWORD_KEYS": "x", "WATCHWORD_KEYS__ALGORITHM": "ES256"})
    assert "both a value and the start" in problems()[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WATCHWORD_BASE_URL", "ftp://x"),
        ("WATCHWORD_BASE_URL", "https://user@host"),
        ("WATCHWORD_BASE_URL", "https://host:99999"),
        ("WATCHWORD_BASE_URL", "http://api.example.com"),
        ("WATCHWORD_BASE_URL", "https://exa mple.com"),
        ("WATCHWORD_BASE_URL", ""),
        ("WATCHWORD_DATABASE_URL", "mysql://host/db"),
        ("WATCHWORD_DATABASE_URL", "sqlite://"),
        ("WATCHWORD_ENVIRONMENT", "prod"),
        ("WATCHWORD_ACCESS_TOKEN_SECONDS", "0"),
        ("WATCHWORD_ACCESS_TOKEN_SECONDS", "1.5"),
        ("WATCHWORD_ACCESS_TOKEN_SECONDS", "15m"),
        ("WATCHWORD_REFRESH_OVERLAP_SECONDS", "-1"),
        ("WATCHWORD_PROVIDER_RECHECK_SECONDS", "-1"),
        ("WATCHWORD_PROVIDER_GRACE_SECONDS", "-1"),
        ("WATCHWORD_PROVIDER_GRACE_SECONDS", "3601"),
        ("WATCHWORD_DEFAULT_RETURN_TO", "https://evil.test/"),
        ("WATCHWORD_DEFAULT_RETURN_TO", "//evil.test"),
        ("WATCHWORD_PROVIDERS__DEV__ISSUER", "http://idp.example.com"),
        ("WATCHWORD_PROVIDERS__DEV__ISSUER", "https://idp.test/?x=1"),
        ("WATCHWORD_PROVIDERS__DEV__SCOPES", "profile email"),
        ("WATCHWORD_PROVIDERS__DEV__AUTHORIZE_PARAMS", '{"state": "mine"}'),
        ("WATCHWORD_PROVIDERS__DEV__AUTHORIZE_PARAMS", "{not json"),
        ("WATCHWORD_PROVIDERS__DEV__CLIENT_AUTH", "none"),
        ("WATCHWORD_PROVIDERS__DEV__ROLE_CLAIMS", "[[]]"),
        ("WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET", "env:NOT_SET_ANYWHERE"),
        ("WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET", "file:/nowhere/at/all"),
        ("WATCHWORD_PROVIDERS", "{"),
        ("WATCHWORD_NO_SUCH", "x"),
        ("WATCHWORD_", "x"),
    ],
)
def test_bad_values_are_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Each is one clear problem under its own name, never an exception of a library."""
    put(monkeypatch, DEV if "__DEV__" in name else {})
    monkeypatch.setenv(name, value)
    told = problems()
    assert any(
        problem.startswith(name.rpartition("__")[0] if "__DEV__" in name else name) for problem in told
    ), told


def test_lists_maps_and_paths_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claim names may hold dots and slashes; a path is a list of keys."""
    put(monkeypatch, DEV)
    monkeypatch.setenv(
        "WATCHWORD_PROVIDERS__DEV__ROLE_CLAIMS", '["https://ns/roles", ["realm_access", "roles"]]'
    )
    monkeypatch.setenv("WATCHWORD_PROVIDERS__DEV__ROLE_MAP", '{"boss": "admin"}')
    provider = Settings().providers["dev"]
    assert provider.role_claims == (("https://ns/roles",), ("realm_access", "roles"))
    assert provider.role_map == {"boss": "admin"}


def test_all_providers_in_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A map is JSON, and a secret inside still counts as coming from the environment."""
    monkeypatch.setenv(
        "WATCHWORD_PROVIDERS",
        '{"dev": {"issuer": "https://idp.test", "client_id": "a", "client_secret": "from-json"}}',
    )
    secret = Settings().providers["dev"].client_secret
    assert secret is not None
    assert (secret.reveal(), secret.origin) == ("from-json", "environment")


@pytest.mark.parametrize("provider_id", ["Dev", "a b", "x" * 33, "../x"])
def test_provider_ids_are_plain(provider_id: str) -> None:
    """An id is part of a path and of a variable's name."""
    given = {provider_id: {"issuer": "https://idp.test", "client_id": "a", "client_secret": "b"}}
    with pytest.raises(ConfigurationError, match="lower case"):
        Settings(providers=given)


def test_references_are_resolved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``env:`` and ``file:`` anywhere a secret goes."""
    put(monkeypatch, DEV)
    monkeypatch.setenv("ELSEWHERE", "by-variable")
    monkeypatch.setenv("WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET", "env:ELSEWHERE")
    assert Settings().providers["dev"].secret == "by-variable"
    (tmp_path / "secret").write_text("by-file\n")
    monkeypatch.setenv("WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET", f"file:{tmp_path / 'secret'}")
    assert Settings().providers["dev"].secret == "by-file"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://API.Example.com/", "https://api.example.com"),
        ("https://api.test:443", "https://api.test"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_base_url_is_kept_as_browsers_write_it(given: str, kept: str) -> None:
    """So that comparing it with an Origin header is comparing texts."""
    assert Settings(base_url=given).base_url == kept
