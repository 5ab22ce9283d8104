"""Promises across processes: what one process of a service does holds for all the others."""

from __future__ import annotations

import json
from pathlib import Path

from tests.contract.processes import let_go_together, workers
from tests.contract.samples import NOW, opened, session_id
from watchword.storage import open_database

PROCESSES = 3
ROUNDS = 20
WORKER = Path(__file__).with_name("rotation_worker.py")


async def test_ses_01_each_generation_has_one_winner_among_processes(database_url: str) -> None:
    """Processes that present the same refresh token at once: one of them rotates it, each time."""
    database = open_database(database_url)
    await opened(database)
    await database.close()
    arguments = (database_url, str(session_id(1)), NOW.isoformat(), str(ROUNDS))
    with workers(PROCESSES, WORKER, *arguments) as processes:
        answers = let_go_together(processes)
    won = sorted(generation for answer in answers for generation in json.loads(answer))
    assert won == list(range(1, ROUNDS + 1))
