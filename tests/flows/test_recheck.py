"""Somebody who is signed in while their provider is asked again, is down, or has changed its mind."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from tests.flows.commands import me, read_feed, told
from tests.flows.conftest import replicas, serve_provider
from tests.flows.rechecks import (
    ACCESS_SECONDS,
    GRACE_SECONDS,
    LONG_LIVED,
    RECHECK_SECONDS,
    Pair,
    at_once,
    by_body,
    comes_back_later,
    roles,
)
from watchword.testing import FakeClock


@pytest.fixture(scope="module")
def own_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    clock = FakeClock()
    with serve_provider(clock) as server, replicas(server, clock, tmp_path_factory.mktemp("pair")) as start:
        yield Pair(start(**LONG_LIVED), start(**LONG_LIVED))


@pytest.fixture
def pair(own_pair: Pair) -> Pair:
    return own_pair.start_over()


def test_parallel_refreshes_ask_the_provider_once(pair: Pair) -> None:
    """Twenty at once; who is sent away comes back after a second, to the same successor."""
    token = pair.due().refresh
    answers = at_once(pair.here, token, 20)
    assert pair.asked == 1
    waiting = [each for each in answers if each.status_code != 200]
    for each in waiting:
        comes_back_later(each, seconds=1)
    pair.here.clock.advance(1)
    answers = [each for each in answers if each.status_code == 200] + [
        by_body(service, token) for service in (pair.here, pair.there) for _ in waiting[:3]
    ]
    assert len({each.json()["refresh_token"] for each in answers}) == 1
    assert pair.asked == 1


def test_nobody_notices_an_outage_inside_the_grace(pair: Pair) -> None:
    """The API, our own pages and refreshes go on; one second before the end of the grace, at it, and
    after it, then the provider answers."""
    browser = pair.due()
    pair.go_down()
    assert browser.post("/auth/refresh").status_code == 200
    assert roles(browser) == ["admin"]
    pair.here.clock.advance(GRACE_SECONDS - 1)
    assert browser.post("/auth/refresh").status_code == 200
    for seconds in (1, 1, 3600):
        pair.here.clock.advance(seconds)
        comes_back_later(browser.post("/auth/refresh"))
        comes_back_later(by_body(pair.there, browser.refresh))
        assert browser.get("/auth/account").status_code == 200
    pair.come_back()
    assert browser.post("/auth/refresh").status_code == 200
    events = [event for event, _ in pair.trail()]
    assert events == ["session_degraded", "session_recovered"]


@pytest.mark.parametrize("state", ["due", "degraded", "over", "back"])
def test_flt_25_who_is_disabled_during_an_outage_is_refused(pair: Pair, state: str) -> None:
    """Due or degraded, past the grace, or with a provider that would say yes again: on every replica,
    access tokens too, and nobody is asked about them any more."""
    browser = pair.here.signed_in("bob")
    user_id = UUID(me(browser)["user_id"])
    pair.here.clock.advance(RECHECK_SECONDS)
    pair.go_down()
    if state != "due":
        assert browser.post("/auth/refresh").status_code == 200
    accounts = pair.here.call(pair.here.auth.services).accounts
    pair.here.call(accounts.disable, user_id)
    try:
        pair.forget_questions()
        pair.here.clock.advance(GRACE_SECONDS if state == "over" else 60)
        if state == "back":
            pair.come_back()
        there = pair.at_there(browser)
        assert there.get("/private").status_code == 401
        assert there.post("/auth/refresh").status_code == 401
        assert browser.post("/auth/refresh").status_code == 401
        assert pair.asked == 0
    finally:
        pair.here.call(accounts.enable, user_id)


def test_roles_of_the_provider_reach_the_token_at_the_re_check(pair: Pair) -> None:
    """Taken and given; not before, and from then on older access tokens are refused everywhere."""
    browser = pair.here.signed_in("bob")
    pair.here.clock.advance(RECHECK_SECONDS - ACCESS_SECONDS + 1)
    browser.post("/auth/refresh")
    pair.here.provider.change_person("bob", roles=("auditor",))
    assert roles(browser) == ["editor"]
    before = pair.at_there(browser)
    pair.here.clock.advance(ACCESS_SECONDS - 1)
    assert browser.post("/auth/refresh").status_code == 200
    assert roles(browser) == ["auditor"]
    read_feed(pair.there)
    assert before.get("/private").status_code == 401
    assert roles(pair.at_there(browser)) == ["auditor"]


def test_no_roles_are_new_while_a_session_is_degraded(pair: Pair) -> None:
    """However they changed at the provider meanwhile; with its first answer they are."""
    browser = pair.due("carol")
    pair.here.provider.change_person("carol", roles=("admin",))
    pair.go_down()
    for _ in range(3):
        assert browser.post("/auth/refresh").status_code == 200
        assert roles(browser) == []
        pair.here.clock.advance(60)
    pair.come_back()
    assert browser.post("/auth/refresh").status_code == 200
    assert roles(browser) == ["admin"]


def test_a_sign_in_that_the_provider_withdrew_ends(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """With its access tokens, on the other replica too; the browser loses its cookies, the trail has the
    reason, and the person signs in again."""
    browser = pair.here.signed_in("bob")
    pair.here.clock.advance(RECHECK_SECONDS - 60)
    browser.post("/auth/refresh")
    there = pair.at_there(browser)
    assert roles(there) == ["editor"]
    pair.here.clock.advance(60)
    pair.here.provider.revoke("bob")
    with caplog.at_level(logging.INFO, "watchword"):
        refused = browser.post("/auth/refresh")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_grant")
    assert refused.json()["error_description"].endswith("Please sign in again.")
    assert "refused with sign_in_withdrawn" in caplog.text
    assert not browser.signed_in
    read_feed(pair.there)
    assert there.get("/private").status_code == 401
    ended = {"reason": "provider_refused", "cause": "invalid_grant"}
    assert pair.trail() == [("session_ended", ended)]
    assert pair.here.signed_in("bob").get("/private").status_code == 200


def test_another_signature_ends_and_a_key_that_cannot_be_fetched_does_not(pair: Pair) -> None:
    """The first is a forgery, the second an outage; the refresh token that came with it is kept."""
    forged, unknown = pair.due("bob"), pair.here.signed_in("carol")
    pair.here.provider.behaviour.sign_with_unknown_key = True
    assert forged.post("/auth/refresh").status_code == 401
    assert pair.trail()[-1][1] == {"reason": "provider_refused", "cause": "bad_signature"}
    pair.here.provider.behaviour.reset()
    pair.here.clock.advance(RECHECK_SECONDS)
    pair.here.provider.rotate_keys()
    pair.here.provider.fail("jwks")
    assert unknown.post("/auth/refresh").status_code == 200
    assert pair.trail()[-1][0] == "session_degraded"
    pair.come_back()
    pair.here.clock.advance(60)
    assert unknown.post("/auth/refresh").status_code == 200
    assert pair.trail()[-1][0] == "session_recovered"


def test_a_lost_answer_is_told_as_such_and_not_as_theft(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """The provider rotated and its answer got lost: the session goes on in its grace; refused then,
    the person is asked to sign in again, and the operator reads why."""
    browser = pair.due()
    pair.here.provider.drop("token", after_work=True, times=1)
    assert browser.post("/auth/refresh").status_code == 200
    pair.here.clock.advance(30)
    with caplog.at_level(logging.INFO, "watchword"):
        refused = browser.post("/auth/refresh")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_grant")
    assert "refused with sign_in_unconfirmed" in caplog.text
    assert "may have been lost: sign in again" in caplog.text
    ended = ("session_ended", {"reason": "provider_refused", "cause": "answer_lost"})
    assert [event for event, _ in pair.trail()] == ["session_degraded", "session_ended"]
    assert pair.trail()[-1] == ended


def test_a_logout_while_the_provider_is_asked_is_the_last_word(pair: Pair) -> None:
    """At the other replica; nothing comes out of the refresh, and nothing is kept of the answer."""
    browser = pair.due()
    there = pair.at_there(browser)
    pair.here.provider.delay("token", 1.5)
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(by_body, pair.here, browser.refresh)
        pair.wait_until_asked()
        assert there.post("/auth/logout").status_code == 204
        assert refreshing.result().status_code == 401
    assert browser.post("/auth/refresh").status_code == 401
    assert pair.trail() == [("session_ended", {"reason": "logout"})]


def test_an_older_refresh_token_is_theft_whatever_the_provider_does(pair: Pair) -> None:
    """A due session asks nobody for it."""
    browser = pair.here.signed_in()
    old = browser.refresh
    browser.post("/auth/refresh")
    pair.here.clock.advance(RECHECK_SECONDS)
    pair.forget_questions()
    pair.go_down()
    assert by_body(pair.here, old).status_code == 401
    assert browser.post("/auth/refresh").status_code == 401
    assert pair.asked == 0
    assert pair.trail()[-1] == ("session_ended", {"reason": "replay"})


def test_operators_see_which_sessions_are_degraded(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """``sessions list --json`` says it; the person's own list does not speak of it."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", pair.here.auth.settings.database_url)
    browser = pair.due("bob")
    pair.go_down()
    browser.post("/auth/refresh")
    session_id = me(browser)["session_id"]
    marked = {each["id"]: each["degraded"] for each in told("sessions", "list")["sessions"]}
    assert marked[session_id] is True
    assert "degraded" not in browser.get("/auth/sessions").text
    pair.come_back()
    pair.here.clock.advance(60)
    browser.post("/auth/refresh")
    marked = {each["id"]: each["degraded"] for each in told("sessions", "list")["sessions"]}
    assert marked[session_id] is False
