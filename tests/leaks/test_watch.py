"""The watch bites: every form of secret that is planted in a log is found."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.conftest import leak_watch
from tests.leaks.patterns import secrets_in
from watchword.dev_provider.registration import CLIENT_SECRET
from watchword.errors import DatabaseUnavailable
from watchword.protocol import base64url
from watchword.protocol.refresh_token import PREFIX

TOKEN = PREFIX + base64url.encode(bytes(range(84)))
JWS = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
PLANTED = {
    "refresh token": TOKEN,
    "authorization code": "wtc_" + "a" * 43,
    "JWS or JWE": JWS,
    "parameter": f"GET /auth/callback/dev?code={'c' * 43}",
    "Authorization header": "authorization: Basic d2F0Y2h3b3JkLWRldjpzZWNyZXQ=",
    "cookie": "__Host-ww_access=0123456789abcdef",
    "private key": "{'kty': 'EC', 'd': 'AAAAAAAAAAAAAAAAAAAAAAAA'}",
    "password in an address": "postgresql+asyncpg://service:hunter2@db/app",
    "secret of the development provider": CLIENT_SECRET,
    "e-mail address": "alice@example.test",
}


@pytest.fixture
def planting() -> Iterator[None]:
    """What a test of the watch plants is none of the suite's leaks."""
    yield
    leak_watch.taken()


@pytest.mark.parametrize(("kind", "text"), PLANTED.items(), ids=list(PLANTED))
def test_ses_88_every_form_is_known(kind: str, text: str) -> None:
    """As it is, and in the middle of a line."""
    for planted in (text, f"refused: '{text}' (request 1)"):
        assert any(each.startswith(kind) for each in secrets_in(planted))


@pytest.mark.parametrize(
    "text",
    [
        "postgresql+asyncpg://service:***@db/app",
        "http://127.0.0.1:8000/auth/callback/dev",
        "refused with state_mismatch: no attempt of this browser goes with the state",
        "sha256:eyJ",
        "kid vT1zY4Zv2d0yTqM2gU5eU1m0Qe0cDkXx3Zg6Yb0a1bc is not in the key set",
    ],
)
def test_what_is_no_secret_is_let_through(text: str) -> None:
    """Names, states of refusals and starred-out passwords."""
    assert not secrets_in(text)


@pytest.mark.usefixtures("planting")
@pytest.mark.parametrize("name", ["watchword", "watchword.storage", "sqlalchemy.engine", "uvicorn.access"])
def test_ses_88_a_planted_leak_is_caught(name: str) -> None:
    """In the message, its arguments, its extras, and a cause far down a traceback."""
    log = logging.getLogger(name)
    before = log.level, log.propagate
    log.setLevel(logging.INFO)
    log.propagate = True  # a server that another test started without an access log has cut it off
    try:
        log.info("refreshed %s", TOKEN)
        log.info("refreshed", extra={"detail": TOKEN})
        try:
            try:
                raise ValueError(TOKEN)
            except ValueError as cause:
                raise DatabaseUnavailable("it is away") from cause
        except DatabaseUnavailable:
            log.exception("failed")
    finally:
        log.setLevel(before[0])
        log.propagate = before[1]
    assert len(leak_watch.taken()) >= 3


@pytest.mark.usefixtures("planting")
def test_watchwords_own_records_are_looked_at_below_the_level_that_is_set(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A refusal at INFO is searched, and no test sees more of it than it asked for."""
    log = logging.getLogger("watchword")
    log.debug("refused %s", TOKEN)
    assert leak_watch.taken()
    assert not caplog.records
    caplog.set_level(logging.INFO)
    log.info("refused")
    log.debug("refused")
    with caplog.at_level(logging.DEBUG, logger="watchword"):
        log.debug("refused")
    assert [each.levelname for each in caplog.records] == ["INFO", "DEBUG"]


@pytest.mark.usefixtures("planting")
def test_ses_88_a_leak_fails_the_test(request: pytest.FixtureRequest) -> None:
    """The hook around every test takes what was found and fails."""
    logging.getLogger("watchword").info("refreshed %s", TOKEN)
    around = request.config.pluginmanager.get_plugins()
    (conftest,) = [each for each in around if getattr(each, "leak_watch", None) is leak_watch]
    hook = conftest.pytest_runtest_call(request.node)
    next(hook)
    with pytest.raises(AssertionError, match=r"refresh token \(wtr_"):
        next(hook)
