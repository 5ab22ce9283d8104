"""Everything a service remembers, to be compared before and after."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from tests.flows.conftest import Service

_COUNTING = frozenset({"ww_version_usage"})
"""Tallies of calls, which are written whenever it suits."""


def everything_in(service: Service) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, by table."""
    file = service.auth.settings.database_url.partition(":///")[2]
    with closing(sqlite3.connect(file)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
            for name in names
            if name not in _COUNTING
        }
