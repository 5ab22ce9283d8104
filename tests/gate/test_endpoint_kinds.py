"""X-16: ``@require_auth`` on every kind of endpoint, with and without a lifespan, or a gate at all."""

from __future__ import annotations

import pytest

from tests.gate.kinds import KINDS, Build, Ran
from tests.gate.more_kinds import MORE_KINDS
from tests.gate.workshop import EITHER_WAY, Running, bearer, guarded, started


@pytest.mark.parametrize("build", KINDS + MORE_KINDS)
@pytest.mark.parametrize("running", EITHER_WAY)
def test_x_16_every_kind_refuses_strangers_and_runs_for_callers(build: Build, running: Running) -> None:
    """An endpoint of any kind never runs for a stranger or a bad token, and runs for a caller."""
    ran: Ran = []
    app = build(ran)
    guarded(app)
    with running(app) as client:
        stranger, wrong = client.get("/it"), client.get("/it", headers=bearer("expired"))
        assert (stranger.status_code, stranger.json()["code"]) == (401, "authentication_required")
        assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_token")
        assert ran == []
        answer = client.get("/it", headers=bearer("anna"))
    assert (answer.status_code, "done" in answer.text) == (200, True)
    assert ran == ["it"]


@pytest.mark.parametrize("build", KINDS + MORE_KINDS)
def test_x_16_without_a_gate_every_kind_answers_503_and_never_runs(build: Build) -> None:
    """A marked endpoint of an app in which nobody installed watchword is closed, not open."""
    ran: Ran = []
    with started(build(ran)) as client:
        answers = [client.get("/it"), client.get("/it", headers=bearer("admin"))]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert all("not_installed" in answer.text for answer in answers)
    assert ran == []
