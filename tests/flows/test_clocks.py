"""A provider whose clock is not ours: refused where it matters, and the operator reads why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.flows.conftest import replicas, serve_provider
from tests.flows.refusals import Refusals
from watchword.testing import FakeClock


def now() -> datetime:
    """By the clock of this machine, which the provider's web server puts into ``Date``."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.mark.parametrize(("ours", "side"), [(300, "behind"), (3600, "behind"), (-300, "ahead of")])
def test_net_17_tokens_out_of_time_name_the_measured_skew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, ours: int, side: str
) -> None:
    """By the ``Date`` of the answer that the token came in; the person sees none of it."""
    theirs = now()
    clock = FakeClock(theirs + timedelta(seconds=ours))
    with serve_provider(FakeClock(theirs)) as server, replicas(server, clock, tmp_path) as start:
        service = start()
        server.provider.behaviour.id_token_claims = lambda told: {**told, "exp": told["iat"] + 60}
        browser = service.browser()
        target = service.approve(service.begin(browser))
        page = Refusals(service, caplog).callback(
            browser,
            target,
            reason="id_token_rejected",
            detail=f"s {side} ours",
            calls=("/jwks", "/token"),
        )
        assert "clock" not in page.text


@pytest.mark.parametrize("ours", [30, -30])
def test_net_17_thirty_seconds_are_no_reason_to_refuse(tmp_path: Path, ours: int) -> None:
    """The leeway is there for that."""
    theirs = now()
    clock = FakeClock(theirs + timedelta(seconds=ours))
    with serve_provider(FakeClock(theirs)) as server, replicas(server, clock, tmp_path) as start:
        assert start().signed_in()
