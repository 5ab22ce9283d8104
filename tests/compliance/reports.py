"""Reports of settings, and looks at them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from watchword.compliance.deployment import read_deployment
from watchword.compliance.gathering import report
from watchword.compliance.report import Checkpoint, Item, Report, Table
from watchword.config.auth import Settings
from watchword.testing import FakeClock

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
ISSUER = "https://id.example.org"


def provider(**changes: Any) -> dict[str, Any]:
    return {"issuer": ISSUER, "client_id": "app", "client_secret": "env:CLIENT_SECRET", **changes}


async def reported(now: datetime = NOW, *, pages: Path | None = None, **settings: Any) -> Report:
    """Of these settings, beside those of the environment; ``pages`` is a folder of templates."""
    return report(await read_deployment(Settings(**settings), FakeClock(now), templates=pages))


def checkpoint(told: Report, name: str) -> Checkpoint:
    (found,) = (each for each in told.checkpoints if each.id == name)
    return found


def item(told: Report, name: str) -> Item:
    (found,) = (each for each in checkpoint(told, name.partition(".")[0]).items if each.id == name)
    return found


def state(told: Report, name: str) -> str:
    return item(told, name).state


def table(told: Report, name: str) -> Table:
    (found,) = (each for part in told.checkpoints for each in part.tables if each.id == name)
    return found
