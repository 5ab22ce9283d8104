"""The service's secret keys: configured, or in development made once and kept beside the data."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from watchword.config.auth import Settings
from watchword.config.deployment import decode_secret_key
from watchword.config.own_folder import OWN_FOLDER, make_folder
from watchword.config.secrets import Secret
from watchword.errors import ConfigurationError

_SQLITE = "sqlite+aiosqlite:///"


def secret_keys(settings: Settings) -> Sequence[bytes]:
    """The current key and the previous ones, 32 bytes each.

    In development a key is made where none is configured, and kept in a file only its owner can
    read. Raises ConfigurationError when that file cannot be used.
    """
    previous = [decode_secret_key(secret) for secret in settings.secret_key_previous]
    if settings.secret_key is not None:
        return [decode_secret_key(settings.secret_key), *previous]
    return [_kept_key(development_key_path(settings.database_url)), *previous]


def development_key_path(database_url: str) -> Path:
    """Beside the SQLite file, so that whoever shares the data shares the key."""
    if database_url.startswith(_SQLITE):
        return Path(database_url.removeprefix(_SQLITE).partition("?")[0] + ".key")
    return Path(OWN_FOLDER) / "secret.key"


def _kept_key(path: Path) -> bytes:
    try:
        if not path.exists():
            _keep(path, base64.b64encode(secrets.token_bytes(32)).decode())
        return decode_secret_key(Secret(path.read_text(encoding="ascii"), "reference"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigurationError(
            [f"the development key file {path} cannot be used ({error}); set WATCHWORD_SECRET_KEY instead"]
        ) from None


def _keep(path: Path, text: str) -> None:
    """Write the key under another name and link it in: of several processes at once one wins."""
    make_folder(path.parent)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
