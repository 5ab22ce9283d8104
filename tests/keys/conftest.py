"""A deployment for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.keys.replicas import Deployment
from watchword.testing import FakeClock


@pytest.fixture
async def deployment(tmp_path: Path) -> AsyncIterator[Deployment]:
    """Nothing runs yet."""
    made = Deployment(tmp_path, FakeClock())
    yield made
    await made.stop()
