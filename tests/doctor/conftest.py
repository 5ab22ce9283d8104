"""A migrated database, a development provider that listens, and what the doctor finds there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.sqlite import migrated_sqlite
from watchword import Settings
from watchword.dev_provider import DevProvider, DevProviderServer
from watchword.doctor.examination import examine
from watchword.doctor.finding import Finding, Level
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings


@dataclass(frozen=True, slots=True)
class Found:
    """The findings of one examination."""

    findings: Sequence[Finding]

    def at(self, check: str, *, level: Level | None = None) -> list[Finding]:
        return [each for each in self.findings if each.check == check and level in (None, each.level)]

    def one(self, check: str, level: Level) -> Finding:
        """The one finding of a check, which must have this level."""
        (found,) = self.at(check)
        assert found.level == level, found
        return found

    @property
    def faults(self) -> set[str]:
        return {each.check for each in self.findings if each.level == "fault"}


@dataclass(frozen=True, slots=True)
class Patient:
    """One service and its provider, in good health until a test changes something."""

    url: str
    server: DevProviderServer
    clock: FakeClock

    @property
    def provider(self) -> DevProvider:
        return self.server.provider

    def settings(self, *, dev: dict[str, Any] | None = None, **changes: Any) -> Settings:
        given: dict[str, Any] = {
            "database_url": self.url,
            "providers": {"dev": {**provider_settings(self.server), **(dev or {})}},
        }
        return Settings(**{**given, **changes})

    async def examined(
        self, *, offline: bool = False, workers: int = 1, dev: dict[str, Any] | None = None, **changes: Any
    ) -> Found:
        settings = self.settings(dev=dev, **changes)
        return Found(await examine(settings, self.clock, workers=workers, offline=offline))


@pytest.fixture
def patient(watchword_provider: DevProviderServer, watchword_clock: FakeClock, tmp_path: Path) -> Patient:
    return Patient(migrated_sqlite(tmp_path / "service.db"), watchword_provider, watchword_clock)
