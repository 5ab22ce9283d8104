"""ASVS 16.3: each refusal is one line in the log, with the code that the caller was told."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from tests.flows.first_party import CLIENTS, SPA, FirstParty
from tests.house.reference.http_facts import FACTS
from watchword.api.problems import log_refusal
from watchword.auth.log_events import LOG_EVENTS
from watchword.errors import WatchwordError, error_classes

Refused = Callable[[Service], httpx2.Response]
TRACE = "trace-1"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that is logged."""
    caplog.set_level(logging.DEBUG, "watchword")
    return caplog


def of_refusals(log: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [each for each in log.records if hasattr(each, "code")]


def bearer(token: str) -> Refused:
    return lambda service: service.browser().get(
        "/private", authorization=f"Bearer {token}", x_request_id=TRACE
    )


def api(method: str, target: str, **options: Any) -> Refused:
    """A caller without a cookie."""
    return lambda service: service.browser().request(
        method, target, headers={"x-request-id": TRACE}, **options
    )


def forbidden(service: Service) -> httpx2.Response:
    return service.signed_in("carol").get("/admin", x_request_id=TRACE)


def cross_site(service: Service) -> httpx2.Response:
    browser = service.signed_in()
    return browser.post("/private", site="cross-site", headers={"x_request_id": TRACE})


def logout_by_another_site(service: Service) -> httpx2.Response:
    browser = service.signed_in()
    return browser.post("/auth/logout", site="cross-site", headers={"x_request_id": TRACE})


def after_logout(service: Service) -> httpx2.Response:
    browser = service.signed_in()
    token = browser.access
    browser.post("/auth/logout")
    return service.browser().get("/private", authorization=f"Bearer {token}", x_request_id=TRACE)


def live_after_logout(service: Service) -> httpx2.Response:
    browser = service.signed_in()
    token = browser.access
    browser.post("/auth/logout")
    return service.browser().get("/live", authorization=f"Bearer {token}", x_request_id=TRACE)


def expired(service: Service) -> httpx2.Response:
    token = service.signed_in().access
    service.clock.advance(3600)
    return service.browser().get("/private", authorization=f"Bearer {token}", x_request_id=TRACE)


def replayed(service: Service) -> httpx2.Response:
    browser = service.signed_in()
    first = browser.refresh
    for _ in range(2):
        assert browser.post("/auth/refresh").status_code == 200
    return service.browser().post(
        "/auth/refresh", json={"refresh_token": first}, site=None, headers={"x_request_id": TRACE}
    )


def denied_at_the_provider(service: Service) -> httpx2.Response:
    browser = service.browser()
    location = service.begin(browser)
    state = location.partition("state=")[2].partition("&")[0]
    return browser.get(f"/auth/callback/dev?error=access_denied&state={state}", x_request_id=TRACE)


def used_twice(service: Service) -> httpx2.Response:
    browser = service.browser()
    target = service.approve(service.begin(browser))
    kept = dict(browser.cookies)
    assert browser.get(target).status_code == 303
    return Browser(service.client, kept).get(target, x_request_id=TRACE)


def disabled(service: Service) -> httpx2.Response:
    browser = service.signed_in("bob")
    user_id = browser.get("/auth/me").json()["user_id"]

    async def disable() -> None:
        await (await service.auth.services()).accounts.disable(UUID(user_id))

    service.call(disable)
    again = service.browser()
    return again.get(service.approve(service.begin(again), "bob"), x_request_id=TRACE)


REFUSED: dict[str, Refused] = {
    "no credential": api("GET", "/private"),
    "no token": bearer("nonsense"),
    "a token of nobody": bearer("eyJhbGciOiJub25lIn0.e30."),
    "expired": expired,
    "after logout": after_logout,
    "live after logout": live_after_logout,
    "a role too few": forbidden,
    "another site": cross_site,
    "logout by another site": logout_by_another_site,
    "a replayed refresh token": replayed,
    "no refresh token": api("POST", "/auth/refresh"),
    "a refresh token of nobody": api("POST", "/auth/refresh", json={"refresh_token": "wtr_no"}),
    "no grant": api("POST", "/auth/token", data={"grant_type": "password"}),
    "introspection by nobody": api("POST", "/auth/introspect", data={"token": "x"}),
    "revocation without a token": api("POST", "/auth/revoke", data={}),
    "no attempt": api("GET", "/auth/callback/dev?code=x&state=y"),
    "an unknown provider": api("GET", "/auth/login/nobody"),
    "the provider said no": denied_at_the_provider,
    "a callback twice": used_twice,
    "an account that is disabled": disabled,
    "a client nobody knows": api("GET", "/auth/authorize?client_id=nobody&response_type=code"),
    "no address of ours": api("GET", "/auth/nowhere"),
    "another method": api("POST", "/auth/me"),
    "a logout token of nobody": api("POST", "/auth/backchannel-logout/dev", data={"logout_token": "x.y.z"}),
    "forward-auth without a credential": api("GET", "/auth/verify"),
    "terms that are not asked for": api("POST", "/auth/terms", json={"version": "1"}),
    "erasure by nobody": api("POST", "/auth/account/erase", json={"confirm": "yes"}),
    "export by nobody": api("GET", "/auth/account/export"),
}


NOWHERE = "no address of ours"
"""The one case without a route."""


@pytest.mark.parametrize("case", REFUSED)
def test_each_refusal_is_one_line_with_its_code(
    shared: Service, case: str, log: pytest.LogCaptureFixture
) -> None:
    """Whoever is refused, where and why: one line, no more, that has the status and request id of the
    answer, a code of the tree, the route's template, and no secret."""
    answer = REFUSED[case](shared)
    assert answer.status_code >= 400, answer.text
    (line,) = of_refusals(log)
    told = vars(line)
    assert told["event"] == "request_refused"
    assert told["code"] in {each.code for each in error_classes()}
    assert told["request_id"] == TRACE
    if answer.headers["content-type"] == "application/problem+json":
        assert told["code"] == answer.json()["code"]
        assert told["status"] == answer.status_code
    assert {name for name in LOG_EVENTS["request_refused"].fields if name not in told} == set()
    assert (told["route"] is None) == (case == NOWHERE)
    template = re.sub(r"\{\w+\}", "[^/{]+", told["route"] or ".+")
    assert re.fullmatch(template, answer.request.url.path)
    assert "dev" not in (told["route"] or "")
    assert line.getMessage().isprintable()


def test_who_was_refused_is_told_where_it_is_known(shared: Service, log: pytest.LogCaptureFixture) -> None:
    """By their ids, and the route by its template."""
    browser = shared.signed_in("carol")
    me = browser.get("/auth/me").json()
    browser.get("/admin")
    (line,) = of_refusals(log)
    told = vars(line)
    assert (told["code"], told["route"]) == ("insufficient_scope", "/admin")
    assert (told["user_id"], told["session_id"]) == (me["user_id"], me["session_id"])


def test_one_over_the_limit_is_one_line(start_service: StartService, log: pytest.LogCaptureFixture) -> None:
    """And what was let through is none."""
    service = start_service(rate_limits={"login": "1/minute"})
    assert service.browser().get("/auth/login").status_code == 200
    assert of_refusals(log) == []
    assert service.browser().get("/auth/login").status_code == 429
    (line,) = of_refusals(log)
    assert (vars(line)["code"], vars(line)["route"]) == ("rate_limited", "/auth/login")


def test_what_a_client_is_told_of_its_request_is_one_line(
    start_service: StartService, log: pytest.LogCaptureFixture
) -> None:
    """Though its answer is a redirect: whoever runs the service may have registered the client wrongly."""
    spa = FirstParty(start_service(clients=CLIENTS))
    for asked in ({"scope": "orders:burn"}, {"provider": "nobody"}):
        answer = spa.authorize(**asked)
        assert answer.status_code in FACTS["GET /auth/authorize"].answers
        assert answer.headers["location"].startswith(f"{SPA}?error=")
    scope, provider = (vars(each) for each in of_refusals(log))
    assert (scope["code"], scope["route"]) == ("invalid_request", "/auth/authorize")
    assert "invalid_scope" in scope["detail"]
    assert "nobody" not in provider["message"]


def test_what_is_accepted_is_no_line(shared: Service, log: pytest.LogCaptureFixture) -> None:
    """The log is as quiet as the service is well."""
    browser = shared.signed_in()
    for _ in range(3):
        assert browser.get("/private").status_code == 200
    assert browser.post("/auth/refresh").status_code == 200
    assert browser.post("/auth/logout").status_code == 204
    assert [each.getMessage() for each in log.records if each.name == "watchword"] == []


@pytest.mark.parametrize(
    "error_class", [each for each in error_classes() if each.__module__.startswith("watchword.errors.")]
)
def test_every_error_there_is_has_its_line(
    error_class: type[WatchwordError], log: pytest.LogCaptureFixture
) -> None:
    """By its code, at a level that says whose fault it is."""
    error = error_class.__new__(error_class)
    WatchwordError.__init__(error, "why")
    log_refusal(error, request_id=TRACE, route="/x")
    (line,) = of_refusals(log)
    told = vars(line)
    ours = error_class.status >= 500
    assert told["event"] == ("request_failed" if ours else "request_refused")
    assert line.levelno == (logging.WARNING if ours else logging.INFO)
    assert (told["code"], told["status"], told["detail"]) == (error_class.code, error_class.status, "why")


class Broken(logging.Handler):
    """A host's handler that fails, and says so."""

    emitted = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.emitted += 1
        raise OSError("no space left on device")


def test_ses_51_a_handler_that_raises_breaks_nothing(shared: Service) -> None:
    """Nor does a filter: the refusal is a refusal, and what worked works."""
    logger, handler = logging.getLogger("watchword"), Broken()
    before, handlers = logger.level, logger.handlers[:]
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        assert bearer("nonsense")(shared).status_code == 401
        assert replayed(shared).status_code == 401
        assert shared.signed_in().get("/private").status_code == 200
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
    assert logger.handlers == handlers
    assert handler.emitted == 2
