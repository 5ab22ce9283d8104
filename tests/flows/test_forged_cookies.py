"""SES-78: cookies with one byte changed, cut short, exchanged, or made under another key."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from itertools import islice
from uuid import UUID

import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from tests.flows.first_party import claims_of
from tests.flows.refusals import select
from watchword.auth.attempt import open_attempt, seal_attempt, start_attempt
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.sealing import Sealer
from watchword.errors import AttemptMissing, RefreshRefused, SecretKeyMismatch
from watchword.protocol import base64url

OLD, NEW = os.urandom(32), os.urandom(32)
NOW = 1_800_000_000


def with_one_changed(text: str) -> Iterator[str]:
    """The text with each of its characters replaced by another of its alphabet."""
    for at, char in enumerate(text):
        yield text[:at] + ("A" if char != "A" else "Q") + text[at + 1 :]


def cut(text: str) -> Iterator[str]:
    for chars in range(1, 44):
        yield text[:-chars]


def test_ses_78_a_changed_refresh_cookie_is_refused_and_ends_nothing(shared: Service) -> None:
    """Every character of it, and every cut up to the whole tag: 401, and it is no replay either, which
    would let anybody end a session whose id is known."""
    browser = shared.signed_in()
    name = next(name for name in browser.cookies if name.endswith("ww_refresh"))
    for forged in [*with_one_changed(browser.refresh), *cut(browser.refresh), browser.refresh + "A"]:
        assert Browser(shared.client, {name: forged}).post("/auth/refresh").status_code == 401, forged
    assert browser.post("/auth/refresh").status_code == 200


def test_ses_78_a_changed_access_cookie_is_refused(shared: Service) -> None:
    """Every third character; which ones differs from token to token."""
    browser = shared.signed_in()
    name = next(name for name in browser.cookies if name.endswith("ww_access"))
    forgeries = [*islice(with_one_changed(browser.access), 0, None, 3), *cut(browser.access)]
    for forged in forgeries:
        assert Browser(shared.client, {name: forged}).get("/private").status_code == 401, forged
    assert browser.get("/private").status_code == 200


def test_ses_78_a_changed_attempt_cookie_is_no_attempt() -> None:
    """Every character, every cut of the tag, and another attempt's cookie under this one's name."""
    sealer = Sealer(NEW)
    attempt, other = (
        start_attempt(provider_id="dev", registration="r", return_to="/", now_seconds=NOW) for _ in range(2)
    )
    cookie = seal_attempt(attempt, sealer)
    assert open_attempt(cookie, attempt.handle, sealer, now_seconds=NOW) == attempt
    raw = base64url.decode(cookie)
    flipped = (bytes([*raw[:at], raw[at] ^ 1, *raw[at + 1 :]]) for at in range(len(raw)))
    shortened = (raw[:-count] for count in range(1, 17))
    forgeries = [
        *with_one_changed(cookie),
        *map(base64url.encode, flipped),
        *map(base64url.encode, shortened),
    ]
    for forged in [*forgeries, seal_attempt(other, sealer)]:
        with pytest.raises(AttemptMissing):
            open_attempt(forged, attempt.handle, sealer, now_seconds=NOW)


def test_ses_78_exchanged_cookies_join_no_two_people(shared: Service) -> None:
    """One person's access cookie with another's refresh cookie: each says who it is of, and a refresh
    leaves both cookies of one session."""
    alice, bob = shared.signed_in("alice"), shared.signed_in("bob")
    access, refresh = (
        next(name for name in alice.cookies if name.endswith(end)) for end in ("ww_access", "ww_refresh")
    )
    mixed = Browser(shared.client, {access: alice.access, refresh: bob.refresh})
    assert mixed.get("/auth/me").json()["email"] == "alice@example.test"
    assert mixed.post("/auth/refresh").status_code == 200
    assert claims_of(mixed.access)["sub"] == claims_of(bob.access)["sub"]
    assert mixed.get("/auth/me").json()["email"] == "bob@example.test"
    assert alice.get("/private").status_code == 200


def test_ses_78_an_old_key_opens_only_while_it_is_named() -> None:
    """As previous key it still reads what it tagged and sealed; taken off the list it is a stranger's."""
    attempt = start_attempt(provider_id="dev", registration="r", return_to="/", now_seconds=NOW)
    cookie = seal_attempt(attempt, Sealer(OLD))
    token = RefreshTokens(Sealer(OLD)).mint(UUID(int=1), 1)
    both, new = Sealer(NEW, [OLD]), Sealer(NEW)
    assert open_attempt(cookie, attempt.handle, both, now_seconds=NOW) == attempt
    assert RefreshTokens(both).read(token.text) == token
    with pytest.raises(AttemptMissing):
        open_attempt(cookie, attempt.handle, new, now_seconds=NOW)
    with pytest.raises(RefreshRefused):
        RefreshTokens(new).read(token.text)


def test_ses_78_sessions_outlive_a_change_of_the_secret_and_no_further(start_service: StartService) -> None:
    """A replica that names the old key as previous goes on with its cookies; one that does not, will not
    even start."""
    old, new = (b64encode(key).decode() for key in (OLD, NEW))
    before = start_service(secret_key=old)
    browser = before.signed_in()
    after = start_service(secret_key=new, secret_key_previous=old)
    moved = Browser(after.client, dict(browser.cookies))
    assert moved.get("/private").status_code == 200
    assert moved.post("/auth/refresh").status_code == 200
    assert select(after, "SELECT count(*) FROM ww_sessions WHERE revoked_at IS NULL") == [1]
    with pytest.raises(SecretKeyMismatch):
        start_service(secret_key=new)
