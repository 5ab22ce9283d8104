"""The development key: made once, kept for its owner, the same for every process."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from watchword.config.auth import Settings
from watchword.config.secret_key import development_key_path, secret_keys
from watchword.errors import ConfigurationError


def test_a_configured_key_comes_first() -> None:
    """With previous ones behind it, in either base64 alphabet, padded or not."""
    current, older = bytes(range(32)), bytes(range(224, 256))
    settings = Settings(
        secret_key=base64.b64encode(current).decode(),
        secret_key_previous=[base64.urlsafe_b64encode(older).decode().rstrip("=")],
    )
    assert list(secret_keys(settings)) == [current, older]


def test_a_key_is_made_beside_the_data_and_kept(tmp_path: Path) -> None:
    """A second start finds the first one's key, and nobody else can read it."""
    settings = Settings(database_url=f"sqlite:///{tmp_path}/data/app.db")
    first, again = secret_keys(settings), secret_keys(settings)
    path = development_key_path(settings.database_url)
    assert first == again
    assert path == tmp_path / "data" / "app.db.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["app.db.key"]


def test_processes_that_start_together_have_one_key(tmp_path: Path) -> None:
    """Of many that make one, one wins and the others take it over."""
    settings = Settings(database_url=f"sqlite:///{tmp_path}/app.db")
    with ThreadPoolExecutor(16) as executor:
        keys = list(executor.map(lambda _: secret_keys(settings)[0], range(32)))
    assert len(set(keys)) == 1


def test_a_broken_key_file_is_an_error_not_a_new_key(tmp_path: Path) -> None:
    """A new key would make everything sealed before unreadable."""
    settings = Settings(database_url=f"sqlite:///{tmp_path}/app.db")
    development_key_path(settings.database_url).write_text("nonsense")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        secret_keys(settings)


def test_other_databases_keep_the_key_in_the_working_folder() -> None:
    """PostgreSQL has no folder to put it in."""
    assert development_key_path("postgresql+asyncpg://h/d") == Path(".watchword/secret.key")


def test_git_leaves_the_folder_of_development_alone(tmp_path: Path) -> None:
    """``git add .`` in a new project takes neither the key nor the database along."""
    secret_keys(Settings(database_url=f"sqlite:///{tmp_path}/.watchword/watchword.db"))
    assert (tmp_path / ".watchword" / ".gitignore").read_text() == "*\n"
