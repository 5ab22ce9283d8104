"""The sealed attempt: what opens it, and what is bound to it."""

from __future__ import annotations

import base64
import json
import os

import pytest

from watchword.auth.attempt import (
    Attempt,
    open_attempt,
    registration_digest,
    seal_attempt,
    start_attempt,
)
from watchword.auth.sealing import Sealer
from watchword.errors import AttemptExpired, AttemptMissing

NOW = 1_800_000_000


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(os.urandom(32))


def begun(return_to: str = "/") -> Attempt:
    digest = registration_digest(issuer="https://op.example", client_id="c", redirect_uri="https://a/b")
    return start_attempt(provider_id="dev", registration=digest, return_to=return_to, now_seconds=NOW)


@pytest.mark.parametrize(("age", "opens"), [(-61, False), (-60, True), (0, True), (599, True), (600, False)])
def test_an_attempt_opens_for_ten_minutes(sealer: Sealer, age: int, opens: bool) -> None:
    """One below, at and one above each edge; a clock may have stepped back by a minute."""
    attempt = begun()
    cookie = seal_attempt(attempt, sealer)
    if opens:
        assert open_attempt(cookie, attempt.handle, sealer, now_seconds=NOW + age) == attempt
    else:
        with pytest.raises(AttemptExpired):
            open_attempt(cookie, attempt.handle, sealer, now_seconds=NOW + age)


@pytest.mark.parametrize("members", [{}, {"provider_id": "dev", "extra": 1}])
def test_an_attempt_of_another_version_is_none(sealer: Sealer, members: dict[str, object]) -> None:
    """During a rolling upgrade a person starts again; nothing breaks."""
    handle = begun().handle
    sealed = sealer.seal("attempt", json.dumps(members).encode(), place=handle.encode())
    cookie = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    with pytest.raises(AttemptMissing, match="another version"):
        open_attempt(cookie, handle, sealer, now_seconds=NOW)


def test_a_previous_secret_still_opens_and_a_foreign_one_does_not() -> None:
    """A rotated ``SECRET_KEY`` interrupts nobody who is at the provider just now."""
    old, new = os.urandom(32), os.urandom(32)
    attempt = begun()
    cookie = seal_attempt(attempt, Sealer(old))
    assert open_attempt(cookie, attempt.handle, Sealer(new, [old]), now_seconds=NOW) == attempt
    with pytest.raises(AttemptMissing):
        open_attempt(cookie, attempt.handle, Sealer(new), now_seconds=NOW)


def test_a_cookie_is_small_however_long_the_registration_and_the_way_back(sealer: Sealer) -> None:
    """At the longest return path, still far from the 4,096 bytes that browsers keep."""
    assert len(seal_attempt(begun("/" + "x" * 1023), sealer)) < 2048
    long, short = (
        registration_digest(issuer="https://op.example" + path, client_id="c", redirect_uri="r")
        for path in ("/" + "x" * 2000, "")
    )
    assert (len(long), long != short) == (len(short), True)


def test_a_registration_is_all_of_its_parts() -> None:
    """No two different registrations share a digest by shifting text from one part to the next."""
    parts = [("ab", "c", "d"), ("a", "bc", "d"), ("a", "b", "cd"), ('a","b', "c", "d")]
    made = {registration_digest(issuer=i, client_id=c, redirect_uri=r) for i, c, r in parts}
    assert len(made) == len(parts)
