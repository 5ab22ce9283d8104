"""A migrated SQLite file for each test that needs one: migrated once a process, then copied."""

from __future__ import annotations

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from watchword.migrations.runner import upgrade


def migrated_sqlite(file: Path) -> str:
    """Put a database at the newest migration there, for its owner only; returns its URL."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(_template())
    return f"sqlite:///{file}"


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory(prefix="ww-sqlite-") as folder, ThreadPoolExecutor(1) as thread:
        file = Path(folder) / "template.db"
        thread.submit(asyncio.run, upgrade(f"sqlite:///{file}")).result()
        return file.read_bytes()
