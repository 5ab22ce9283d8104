"""FLT: re-checks that are due meet every kind of outage, and nobody is signed out by one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flows.outage import Outage, outages
from tests.flows.refusals import select
from tests.flows.test_outage_matrix import FAULTS, Fault
from watchword.testing import FakeClock

RECHECK_SECONDS = 60
NOTHING_WAS_DONE = (
    "flt-01 refused",
    "flt-02 black hole",
    "flt-03 hangs",
    "flt-06 answers 503",
    "flt-07 429",
    "flt-10 no such name",
    "flt-11 expired",
    "flt-12 portal",
    "flt-12 portal by redirect",
)
"""Where an answer is lost on its way back, the provider has replaced its refresh token already."""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Outage]]:
    """A service whose provider is asked by http, and one by https; both ask every minute."""
    folders = {https: tmp_path_factory.mktemp("rechecks") for https in (False, True)}
    often = {"provider_recheck_seconds": RECHECK_SECONDS}
    with outages(FakeClock(), folders[False]) as plain, outages(FakeClock(), folders[True]) as secret:
        yield {False: plain(settings=often), True: secret(https=True, settings=often)}


def degraded(outage: Outage) -> int:
    marks = select(outage.service, "SELECT degraded_at FROM ww_sessions")
    return sum(mark is not None for mark in marks)


@pytest.mark.parametrize("fault", [FAULTS[name] for name in NOTHING_WAS_DONE], ids=NOTHING_WAS_DONE)
def test_flt_nobody_is_signed_out_by_an_outage(
    services: dict[bool, Outage], fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """The provider is asked once and the session goes on, degraded; with its first answer after the
    fault it is as before."""
    outage = services[fault.https]
    outage.start_over(caplog)
    person = outage.service.signed_in("alice")
    outage.advance(RECHECK_SECONDS)
    before = outage.http.asked

    fault.begin(outage)
    outage.http.connect_anew(in_a_hurry=fault.hangs)
    for _ in range(3):
        outage.is_unnoticed_by(person)
    assert outage.http.asked == before + 1
    assert degraded(outage) == 1

    outage.heal()
    outage.advance(RECHECK_SECONDS + 12)
    asked = outage.server.provider.count("token")
    outage.is_unnoticed_by(person)
    assert outage.server.provider.count("token") == asked + 1
    assert degraded(outage) == 0
