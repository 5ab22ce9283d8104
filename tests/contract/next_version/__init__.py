"""The migrations of a version after this one: ours, and those of this folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from watchword.migrations import scripts
from watchword.migrations.connecting import migrating_connection

LATER = "999_later"
_OURS = Path(scripts.__file__).parent / "versions"


async def upgrade(url: str) -> None:
    """As ``watchword db upgrade`` of the next version."""
    await _migrate(url, lambda config: command.upgrade(config, "head"))


async def downgrade(url: str) -> None:
    """As ``watchword db downgrade`` of the next version, back to the newest revision of this one."""
    await _migrate(url, lambda config: command.downgrade(config, scripts.head()))


async def _migrate(url: str, run: Callable[[Config], None]) -> None:
    def on(connection: Connection) -> None:
        config = scripts.config(connection=connection)
        config.set_main_option("version_locations", os.pathsep.join([str(_OURS), str(Path(__file__).parent)]))
        run(config)

    async with migrating_connection(url, writing=True) as connection:
        await connection.run_sync(on)
