"""The ring in a file that only the service's own account can read (``KEYS__STORE=file``)."""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from watchword.auth.key_ports import StoredKey, StoredRing
from watchword.auth.ring_json import MAX_RING_BYTES, ring_from_json, ring_to_json
from watchword.errors import KeyStoreInvalid, KeyStoreUnavailable
from watchword.vault.private_folder import check_private, open_private_folder
from watchword.vault.threads import CALL_SECONDS, Threads

RING_FILE: Final = "ring.json"
LOCK_FILE: Final = "ring.lock"
_DRAFT: Final = "ring.json.draft."
_NEW_FILE: Final = os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_LOCK_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.01

T = TypeVar("T")


class FileKeyStore:
    """``KeyStore`` over one file in ``folder``, which is made where it is missing. Writers take turns by a
    lock, the file is replaced whole, and the digest of its content is the version."""

    def __init__(self, folder: str, *, call_seconds: float = CALL_SECONDS) -> None:
        self._folder = Path(os.path.abspath(folder))
        self.place = f"file:{self._folder}"
        self._threads = Threads(call_seconds)
        self._call_seconds = call_seconds

    async def load(self) -> StoredRing:
        text = await self._run(self._read)
        return StoredRing(_version(text), () if text is None else ring_from_json(text, place=self.place))

    async def replace(self, known: StoredRing, keys: Sequence[StoredKey]) -> bool:
        text = ring_to_json(keys, place=self.place).encode("ascii")
        return await self._run(lambda: self._replace(known.version, text))

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.run(work)
        except TimeoutError:
            raise KeyStoreUnavailable(
                f"{self.place} did not answer within {self._call_seconds:g} seconds; its file system hangs, "
                "or a writer keeps the lock"
            ) from None
        except OSError as error:
            raise KeyStoreUnavailable(f"{self.place} cannot be used: {error.strerror}") from None

    def _read(self) -> bytes | None:
        try:
            folder = open_private_folder(self._folder)
        except FileNotFoundError:
            return None
        try:
            return self._read_in(folder)
        finally:
            os.close(folder)

    def _read_in(self, folder: int) -> bytes | None:
        """The text, None where there is no file. By the folder's descriptor, so that it stays the one
        that was looked at."""
        path = self._folder / RING_FILE
        try:
            if not stat.S_ISREG(os.stat(RING_FILE, dir_fd=folder, follow_symlinks=False).st_mode):
                raise KeyStoreInvalid(f"{path} is no regular file; put the ring's file itself there")
            opened = os.open(RING_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
        except FileNotFoundError:
            return None
        with os.fdopen(opened, "rb") as file:
            check_private(file.fileno(), path, mode="600")
            return file.read(MAX_RING_BYTES + 1)

    def _replace(self, known_version: str, text: bytes) -> bool:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = open_private_folder(self._folder)
        try:
            with _turn(folder, self._folder / LOCK_FILE):
                if _version(self._read_in(folder)) != known_version:
                    return False
                _remove_drafts(folder)
                _write(folder, text)
                return True
        finally:
            os.close(folder)


def _version(text: bytes | None) -> str:
    return "" if text is None else sha256(text).hexdigest()


@contextmanager
def _turn(folder: int, path: Path) -> Iterator[None]:
    """One writer at a time, of all processes; the lock ends with the process that holds it. Raises
    TimeoutError."""
    import fcntl

    lock = os.open(LOCK_FILE, os.O_RDWR | _NEW_FILE, 0o600, dir_fd=folder)
    try:
        check_private(lock, path, mode="600")
        ends_at = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > ends_at:
                    raise TimeoutError from None
                time.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(lock)


def _write(folder: int, text: bytes) -> None:
    """Replace the file at one stroke; whatever happens before it leaves the old one."""
    draft = _DRAFT + secrets.token_hex(8)
    descriptor = os.open(draft, os.O_WRONLY | os.O_EXCL | _NEW_FILE, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, RING_FILE, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft, dir_fd=folder)
        raise
    os.fsync(folder)


def _remove_drafts(folder: int) -> None:
    """What writers left behind that ended before their stroke; nobody else writes now."""
    for name in os.listdir(folder):
        if name.startswith(_DRAFT):
            os.unlink(name, dir_fd=folder)
