"""The disk that the log goes to is full, and whatever else errors are told to."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from tests.flows.conftest import StartService

FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")


class FullLog(logging.StreamHandler[TextIO]):
    """Counts the lines it could not write."""

    lost = 0

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        self.lost += 1
        super().handleError(record)


@pytest.fixture
def full_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[FullLog]:
    """Every line of ours fails to be written, and so does the complaint about it."""
    logger = logging.getLogger("watchword")
    full = FULL.open("w")
    with monkeypatch.context() as patch:
        handler = FullLog(full)
        patch.setattr(logger, "handlers", [handler])
        patch.setattr(logger, "propagate", False)
        patch.setattr(sys, "stderr", full)
        before = logger.level
        logger.setLevel(logging.DEBUG)
        yield handler
        logger.setLevel(before)
    with suppress(OSError):
        full.close()


def test_ses_51_a_log_that_cannot_be_written_breaks_nothing(
    start_service: StartService, full_log: FullLog
) -> None:
    """Sign-in, refresh, refusal and logout answer as they do with a log."""
    service = start_service()
    browser = service.signed_in()
    assert browser.post("/auth/refresh").status_code == 200
    refused = service.browser().post("/auth/refresh", json={"refresh_token": "wtr_no"}, site=None)
    assert refused.status_code == 401
    assert browser.get("/private").status_code == 200
    assert browser.post("/auth/logout").status_code == 204
    assert browser.get("/private").status_code == 401
    assert full_log.lost
