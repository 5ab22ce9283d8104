"""SES-52 with the code of then: old and new replicas behind nginx, upgraded and rolled back under load.

The old version is the one before the newest migration, out of the history of the repository. Replicas are
replaced in place, as ``docker compose up --no-deps`` does it. With ``-s`` every phase is printed.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.contract.schemas import schema_of
from tests.deployment.files import site
from tests.servers.nginx import running_nginx
from tests.servers.older import ROOT, code_before, newest_of, running_replica
from tests.servers.ports import loopback_port
from tests.servers.postgres import PostgresServer
from tests.soak.timing import SOAK_SECONDS
from watchword.demo.http_client import Client, StepFailed
from watchword.demo.sign_in_by_form import sign_in
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.migrations import runner, scripts
from watchword.testing.provider import development_provider

pytestmark = [pytest.mark.soak, pytest.mark.postgres]
pytest_plugins = ["tests.servers.postgres"]

PEOPLE = ["Alice", "Bob", "Carol"] * 4
PER_SECOND = 50
NEW = ROOT / "src"


def refresh(person: Client) -> int:
    """The status, 0 where there was no answer."""
    same_origin = {"sec-fetch-site": "same-origin"}
    try:
        return person.request("POST", "/auth/refresh", headers=same_origin, with_cookies=True).status
    except StepFailed:
        return 0


@dataclass
class Load:
    """Refreshes of everybody, ``PER_SECOND`` together; ``answers`` by phase and status."""

    url: str
    people: list[Client]
    phase: str = "old code, old schema"
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def _go_on(self, person: Client, offset: float) -> None:
        every = len(self.people) / PER_SECOND
        begun, sent = time.monotonic() + offset * every, 0
        while not self.over.wait(max(0.0, begun + sent * every - time.monotonic())):
            same_origin = {"sec-fetch-site": "same-origin"}
            try:
                status = person.request(
                    "POST", "/auth/refresh", headers=same_origin, with_cookies=True
                ).status
            except StepFailed:
                status = 0
            self.answers[self.phase, status] += 1
            sent += 1

    @contextmanager
    def running(self) -> Iterator[None]:
        count = len(self.people)
        threads = [
            threading.Thread(target=self._go_on, args=(person, place / count))
            for place, person in enumerate(self.people)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def through(self, phase: str, seconds: float) -> None:
        """Go on like this for a while."""
        self.phase = phase
        time.sleep(seconds)


class Roll:
    """Two replicas, each of some code, replaced one after the other at the address it had."""

    def __init__(self, folder: Path, settings: dict[str, str], stack: ExitStack) -> None:
        self._folder, self._settings = folder, settings
        self.ports = [loopback_port(), loopback_port()]
        self._running = [stack.enter_context(ExitStack()) for _ in self.ports]

    def replace(self, place: int, code: Path) -> None:
        self._running[place].close()
        started = running_replica(code, self.ports[place], self._folder, **self._settings)
        self._running[place].enter_context(started)


def test_ses_52_old_and_new_code_behind_nginx_and_back_again(
    tmp_path: Path, empty_postgres_url: str, postgres_server: PostgresServer
) -> None:
    """The new schema under old code, one replica of each version, two new ones, one of each again, two old
    ones, the old schema: fifty refreshes a second, of which none fails, and the schema is as it was."""
    *_, before, newest = scripts.revisions()
    old, url, port = code_before(newest, tmp_path / "old"), empty_postgres_url, loopback_port()
    asyncio.run(runner.upgrade(url, before))
    assert newest_of(old, tmp_path) == before
    schema = schema_of(url, lambda: postgres_server)
    with development_provider() as provider, ExitStack() as stack:
        settings = {
            "BASE_URL": f"http://127.0.0.1:{port}",
            "SECRET_KEY": "OXkDnbxMrn5P0Bp2cGg5m1V9mqDVEMcd4bDWxCiyGSM=",
            "DATABASE_URL": url,
            "TRUSTED_PROXY_HOPS": "1",
            "PROVIDERS__DEV__ISSUER": provider.issuer,
            "PROVIDERS__DEV__CLIENT_ID": CLIENT_ID,
            "PROVIDERS__DEV__CLIENT_SECRET": CLIENT_SECRET,
        }
        roll = Roll(tmp_path, settings, stack)
        for place in (0, 1):
            roll.replace(place, old)
        (tmp_path / "nginx").mkdir()
        stack.enter_context(running_nginx(tmp_path / "nginx", site(port, roll.ports), port))
        people = [Client(settings["BASE_URL"], f"127.0.0.1:{port}") for _ in PEOPLE]
        assert {sign_in(each, person=name).status for each, name in zip(people, PEOPLE, strict=True)} == {303}
        load, pause = Load(settings["BASE_URL"], people), SOAK_SECONDS / 7
        with load.running():
            load.through("old code, old schema", pause)
            load.phase = "migrating"
            asyncio.run(runner.upgrade(url))
            load.through("old code, new schema", pause)
            steps = [
                ("one of each", 0, NEW),
                ("new code", 1, NEW),
                ("one of each, back", 0, old),
                ("old code", 1, old),
            ]
            for name, place, code in steps:
                load.phase = f"replacing: {name}"
                roll.replace(place, code)
                load.through(name, pause)
            load.phase = "migrating back"
            asyncio.run(runner.downgrade(url, before))
            load.through("old code, old schema again", pause)
    for (phase, status), count in load.answers.items():
        sys.stdout.write(f"{count:6} x {status} {phase}\n")
    assert {status for _, status in load.answers} == {200}
    assert schema_of(url, lambda: postgres_server) == schema
