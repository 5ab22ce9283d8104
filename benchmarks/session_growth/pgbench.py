"""``pgbench`` running the statement of the rotation, as fast as a C program can ask for it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from benchmarks.session_growth.blocks import Block
from benchmarks.session_growth.cluster import CannotMeasure, Cluster
from benchmarks.session_growth.population import CLIENT_ID, DIGEST, IDLE, SEALED, session_id
from watchword.storage.rotation_postgresql import ROTATE

_NAMES: Final = ("id", "digest", "client", "digest", "sealed", "now", "idle")
"""The parameters of the statement, in order; the digest replaces itself."""
_TRANSACTIONS: Final = re.compile(r"number of transactions actually processed: (\d+)")
_RATE: Final = re.compile(r"tps = ([0-9.]+)")
_IDS: Final = "bench_ids"


class Pgbench:
    """One process and thread, prepared statements, a connection for each client. Every client rotates
    sessions of its own, which it looks up once, before its first rotation."""

    def __init__(self, cluster: Cluster, database: str, groups: Sequence[Sequence[int]]) -> None:
        self._cluster = cluster
        self._clients, self._each = len(groups), len(groups[0])
        ids = ", ".join(f"'{session_id(number)}'::uuid" for group in groups for number in group)
        cluster.sql(f"CREATE TABLE {_IDS} AS SELECT ARRAY[{ids}] AS ids", database=database)
        self._script = cluster.folder / f"{database}.pgbench"
        self._script.write_text(script(self._each), encoding="utf-8")
        self._script.chmod(0o644)
        now = datetime.now(UTC)
        given = {
            "started": "0",
            "digest": f"\\x{DIGEST.hex()}",
            "client": CLIENT_ID,
            "sealed": f"\\x{SEALED.hex()}",
            "now": now.isoformat(),
            "idle": (now + IDLE).isoformat(),
        }
        self._options = [part for name, value in given.items() for part in ("-D", f"{name}={value}")]
        self._database = database

    def run(self, seconds: float) -> Block:
        """Whole seconds, at least one. Raises CannotMeasure."""
        options = ["-n", "-M", "prepared", "-j", "1", "-c", str(self._clients), "-T", str(math.ceil(seconds))]
        script = ["-f", str(self._script)]
        told = self._cluster.run("pgbench", [*options, *self._options, *script, self._database])
        done, rate = _TRANSACTIONS.search(told), _RATE.search(told)
        if done is None or rate is None or int(done[1]) == 0:
            raise CannotMeasure(f"pgbench said: {told[-500:]}")
        return Block(int(done[1]) * self._each, int(done[1]) / float(rate[1]))


def script(each: int) -> str:
    """Rotates so many sessions, one after another."""
    columns = ", ".join(f"ids[:client_id * {each} + {place + 1}] AS id{place}" for place in range(each))
    lines = ["\\if :started = 0", f"SELECT {columns} FROM {_IDS} \\gset", "\\set started 1", "\\endif"]
    statement = " ".join(ROTATE.split())
    for place in range(each):
        lines.append(_named(statement, (f"{_NAMES[0]}{place}", *_NAMES[1:])) + ";")
    return "\n".join(lines) + "\n"


def _named(statement: str, names: Sequence[str]) -> str:
    """pgbench's names for the statement's numbered parameters."""
    return re.sub(r"\$(\d)", lambda found: f":{names[int(found[1]) - 1]}", statement)
