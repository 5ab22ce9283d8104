"""What is kept of the address that somebody comes from: no more than ``WATCHWORD_PRIVACY__IP`` says."""

from __future__ import annotations

import logging

import pytest

from tests.flows.conftest import StartService
from tests.flows.refusals import select
from tests.flows.snapshots import everything_in

ADDRESSES = {
    "203.0.113.77": "203.0.113.0",
    "2001:db8:77:1:2:3:4:5": "2001:db8:77::",
    "::ffff:203.0.113.77": "203.0.113.0",
    "2002:cb00:714d::77": "203.0.113.0",
}
FORMS = ("203.0.113.77", "2001:db8:77:1", "cb00:714d", "::77")


@pytest.mark.parametrize("mode", ["truncated", "hashed", "none"])
def test_asvs_14_2_4_no_whole_address_is_kept_or_logged(
    start_service: StartService, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In no table and no line of a log, whether as IPv4, as IPv6 or as one inside the other."""
    caplog.set_level(logging.DEBUG, logger="watchword")
    service = start_service(privacy={"ip": mode}, trusted_proxy_hops=1, rate_limits={"login": "100/minute"})
    for address in ADDRESSES:
        browser = service.browser()
        location = browser.get("/auth/login/dev", x_forwarded_for=address).headers["location"]
        done = browser.get(service.approve(location), x_forwarded_for=address)
        assert done.status_code == 303
        assert browser.get("/auth/callback/dev?state=x", x_forwarded_for=address).status_code == 400
    kept = select(service, "SELECT ip FROM ww_sessions ORDER BY rowid")
    trail = select(service, "SELECT ip FROM ww_audit_events WHERE event = 'sign_in' ORDER BY rowid")
    assert kept == trail
    if mode == "truncated":
        assert kept == list(ADDRESSES.values())
    elif mode == "none":
        assert kept == [None] * len(ADDRESSES)
    else:
        assert {len(each) for each in kept} == {32}
        assert kept[0] == kept[2]
    for form in FORMS:
        assert form not in str(everything_in(service))
        assert form not in caplog.text
