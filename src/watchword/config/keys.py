"""``WATCHWORD_KEYS__…``: what goes with which store of the signing keys."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from watchword.config.auth import KeySettings

KeyStoreName = Literal["database", "file", "aws-secrets-manager", "vault"]

_PATH, _SECRET_ID = "WATCHWORD_KEYS__PATH", "WATCHWORD_KEYS__SECRET_ID"
_NEEDED: Final = {
    "database": "",
    "file": _PATH,
    "aws-secrets-manager": _SECRET_ID,
    "vault": _PATH,
}
_EXAMPLES: Final = {
    "file": "the folder to keep the ring in, such as /var/lib/watchword/keys",
    "aws-secrets-manager": "the secret's name or ARN, such as prod/watchword/keys",
    "vault": "MOUNT/PATH in Vault, such as secret/watchword/keys",
}
_AWS_NAME: Final = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,512}")
_VAULT_PATH: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9_.@-]+(?:/[A-Za-z0-9_.@-]+)+")


def key_problems(keys: KeySettings) -> Iterator[str]:
    """What cannot work between the store and where in it the ring is to be."""
    given = {_PATH: keys.path, _SECRET_ID: keys.secret_id}
    needed = _NEEDED[keys.store]
    if needed and given[needed] is None:
        yield f"{needed}: is required with the key store {keys.store!r}: {_EXAMPLES[keys.store]}"
    for name, value in given.items():
        if value is not None and name != needed:
            yield (
                f"{name}: has no meaning with the key store {keys.store!r}; set WATCHWORD_KEYS__STORE to "
                f"{_stores_of(name)}, or leave it out"
            )
    yield from _malformed(keys)


def key_insecurities(keys: KeySettings) -> Iterator[str]:
    """What production refuses and staging warns of."""
    if keys.store == "file" and keys.path is not None:
        yield from _readable_by_others(Path(keys.path))


def _malformed(keys: KeySettings) -> Iterator[str]:
    if keys.store == "aws-secrets-manager" and keys.secret_id is not None:
        if not _AWS_NAME.fullmatch(keys.secret_id):
            yield f"{_SECRET_ID}: is no name or ARN of AWS Secrets Manager (letters, digits and /_+=.@-)"
    elif keys.store == "vault" and keys.path is not None and not _VAULT_PATH.fullmatch(keys.path):
        yield f"{_PATH}: must be {_EXAMPLES['vault']}"
    elif keys.store == "file" and keys.path is not None and not keys.path.isprintable():
        yield f"{_PATH}: must be {_EXAMPLES['file']}"


def _stores_of(name: str) -> str:
    return " or ".join(repr(store) for store, needed in _NEEDED.items() if needed == name)


def _readable_by_others(folder: Path) -> Iterator[str]:
    """The folder and the files in it, where it is there already; the store looks again when it opens."""
    try:
        paths = [folder, *folder.glob("ring.*")]
        exposed = [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]
    except OSError:
        return
    for path in exposed:
        mode = "700" if path == folder else "600"
        yield f"{_PATH}: {path} can be read or written by others; chmod {mode} it"
