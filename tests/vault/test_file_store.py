"""Promises of the ring in a file: who may read it, and that it is whole whatever happens."""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contract.key_stores import key, ring
from tests.servers.forked import FORKS
from watchword.auth.key_ports import StoredRing
from watchword.errors import KeyStoreInvalid, KeyStoreUnavailable
from watchword.vault.file_store import LOCK_FILE, RING_FILE, FileKeyStore

EMPTY = StoredRing("", ())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def modes(folder: Path) -> dict[str, int]:
    """Of the folder and of everything in it, by name."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}


def made(folder: Path, mode: int) -> None:
    folder.mkdir()
    folder.chmod(mode)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


async def test_only_the_account_of_the_service_can_read_what_is_written(folder: Path) -> None:
    """The folder is made for its owner alone, the file and the lock too, whatever the umask is."""
    before = os.umask(0)
    try:
        assert await FileKeyStore(str(folder)).replace(EMPTY, ring())
    finally:
        os.umask(before)
    assert modes(folder) == {"keys": 0o700, RING_FILE: 0o600, LOCK_FILE: 0o600}


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o666])
async def test_a_file_that_others_can_touch_is_refused(folder: Path, mode: int) -> None:
    """For reading and for writing, with the command that mends it; nothing is changed."""
    store = FileKeyStore(str(folder))
    assert await store.replace(EMPTY, ring())
    seen = await store.load()
    path = folder / RING_FILE
    path.chmod(mode)
    for ask in (store.load(), store.replace(seen, ring(10))):
        with pytest.raises(KeyStoreInvalid, match=f"chmod 600 '{path}'"):
            await ask
    path.chmod(0o600)
    assert await store.load() == seen


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o770])
async def test_a_folder_that_others_can_enter_is_refused(folder: Path, mode: int) -> None:
    """An empty one too, before anything is put there."""
    made(folder, mode)
    store = FileKeyStore(str(folder))
    for ask in (store.load(), store.replace(EMPTY, ring())):
        with pytest.raises(KeyStoreInvalid, match=f"chmod 700 '{folder}'"):
            await ask
    assert list(modes(folder)) == ["keys"]


async def test_what_belongs_to_another_account_is_refused(folder: Path) -> None:
    """Though the modes are right: its owner can change them."""
    made(folder, 0o700)
    if os.geteuid() == 0:
        os.chown(folder, 12_345, -1)
    foreign = folder if os.geteuid() == 0 else "/etc"
    with pytest.raises(KeyStoreInvalid, match=r"belongs to the account with the id \d+.*chown"):
        await FileKeyStore(str(foreign)).load()


@pytest.mark.parametrize(
    "make",
    [lambda path: path.symlink_to("/etc/hostname"), lambda path: path.mkdir(), lambda path: os.mkfifo(path)],
    ids=["link", "folder", "pipe"],
)
async def test_anything_but_a_regular_file_is_refused(folder: Path, make: Callable[[Path], None]) -> None:
    """A link leads who knows where, and a pipe would hang the service."""
    made(folder, 0o700)
    make(folder / RING_FILE)
    with pytest.raises(KeyStoreInvalid, match="no regular file"):
        await FileKeyStore(str(folder)).load()


async def test_a_folder_behind_a_link_of_somebody_else_is_refused(folder: Path, tmp_path: Path) -> None:
    """They could point it elsewhere; a link of our own is one's own affair. (Only root gives links away.)"""
    assert await FileKeyStore(str(folder)).replace(EMPTY, ring())
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert (await FileKeyStore(str(link)).load()).keys == ring()
    if os.geteuid() != 0:
        return
    os.chown(link, 12_345, -1, follow_symlinks=False)
    with pytest.raises(KeyStoreInvalid, match="symbolic link that another account controls"):
        await FileKeyStore(str(link)).load()


async def test_a_writer_that_died_before_its_stroke_leaves_the_old_ring(folder: Path) -> None:
    """Half a draft is never read, and the next writer takes it away."""
    store = FileKeyStore(str(folder))
    assert await store.replace(EMPTY, ring(age_seconds=60))
    (folder / "ring.json.draft.0123").write_bytes(b'{"format":1,"ke')
    seen = await store.load()
    assert seen.keys == ring(age_seconds=60)
    assert await store.replace(seen, ring(10))
    assert sorted(modes(folder)) == ["keys", RING_FILE, LOCK_FILE]


async def test_a_lock_that_is_never_let_go_ends_in_a_clear_error(folder: Path) -> None:
    """Writing waits for a bounded time only; reading waits for nobody."""
    store = FileKeyStore(str(folder), call_seconds=0.1)
    assert await FileKeyStore(str(folder)).replace(EMPTY, ring())
    with locked(folder / LOCK_FILE):
        seen = await FileKeyStore(str(folder)).load()
        with pytest.raises(KeyStoreUnavailable, match=r"within 0\.1 seconds"):
            await store.replace(seen, ring(10))


def _add_keys(folder: str, first: int) -> None:
    async def add() -> None:
        store = FileKeyStore(folder)
        for number in range(first, first + 5):
            while True:
                seen = await store.load()
                if await store.replace(seen, (*seen.keys, key(number, "retired"))):
                    break

    asyncio.run(add())


async def test_two_processes_at_once_lose_nothing(folder: Path) -> None:
    """Each adds its keys one by one; all of both are there in the end."""
    assert await FileKeyStore(str(folder)).replace(EMPTY, ring())
    writers = [FORKS.Process(target=_add_keys, args=(str(folder), first)) for first in (50, 60)]
    for writer in writers:
        writer.start()
    for writer in writers:
        await asyncio.to_thread(writer.join, 30)
    assert [writer.exitcode for writer in writers] == [0, 0]
    kids = {each.kid for each in (await FileKeyStore(str(folder)).load()).keys}
    assert kids >= {key(first + n, "retired").kid for first in (50, 60) for n in range(5)}
