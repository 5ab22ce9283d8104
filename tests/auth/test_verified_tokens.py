"""The cache by itself: what it finds, what it lets go of, and how much it holds."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from tests.auth import keyrings
from tests.auth.feeds import caller
from tests.auth.keyrings import STORED
from watchword.auth.verified_tokens import VerifiedTokens
from watchword.protocol.access_token import check_access_token
from watchword.protocol.jwk import KeySet, VerificationKey, key_from_jwk
from watchword.protocol.jws import VerifiedJws, parse
from watchword.protocol.principal import Principal

FIRST, SECOND, THIRD = (key_from_jwk(each.public_jwk) for each in STORED)
RING = KeySet((FIRST, SECOND))
NOW = 1_800_000_000
SECONDS = range(NOW - 60, NOW + 600)


def keep(
    cache: VerifiedTokens,
    *tokens: str,
    principal: Principal | None = None,
    key: VerificationKey = FIRST,
    keys: KeySet = RING,
    seconds: range = SECONDS,
) -> None:
    for token in tokens:
        cache.keep(token, principal or caller(subject=token), key=key, keys=keys, seconds=seconds)


def found(cache: VerifiedTokens, *tokens: str, now: int = NOW, keys: KeySet = RING) -> list[str]:
    return [token for token in tokens if cache.find(token, now_seconds=now, keys=keys) is not None]


def test_only_the_whole_text_finds_a_token() -> None:
    """Neither a beginning nor an end nor one character another; the caller is the one that was kept."""
    cache = VerifiedTokens()
    text, who = "header.payload.signature" * 100, caller()
    keep(cache, text, principal=who)
    assert cache.find(text, now_seconds=NOW, keys=RING) is who
    other_ends = [text[:-1] + "f", "H" + text[1:], text[:1200] + "x" + text[1201:]]
    assert found(cache, text[:-1], text[1:], text + "e", text.upper(), "", *other_ends) == []


@pytest.mark.parametrize(
    ("second", "counts"),
    [(SECONDS.start - 1, False), (SECONDS.start, True), (SECONDS.stop - 1, True), (SECONDS.stop, False)],
)
def test_a_token_counts_in_its_own_seconds_only(second: int, counts: bool) -> None:
    """Before them as little as after them, for clocks that are set back; and again when they are back."""
    cache = VerifiedTokens()
    keep(cache, "a")
    assert found(cache, "a", now=second) == ["a"] * counts
    assert found(cache, "a") == ["a"]


@pytest.mark.parametrize("bound", [1, 7, 50])
def test_the_least_recently_used_makes_room(bound: int) -> None:
    """Never more than the bound; whoever was looked for or verified again a moment ago stays."""
    cache = VerifiedTokens(max_tokens=bound)
    for number in range(bound * 5):
        keep(cache, f"token-{number}")
        assert len(cache) <= bound
    rest = [f"token-{number}" for number in range(bound * 4, bound * 5)]
    assert found(cache, *(f"token-{number}" for number in range(bound * 5))) == rest
    found(cache, rest[0])
    keep(cache, "newer", *(["newest"] if bound > 2 else []))
    assert found(cache, rest[0]) == rest[:1] * (bound > 1)
    assert len(cache) == bound


def test_what_is_not_in_time_was_not_used() -> None:
    """Looking for a token whose time is over does not keep it in memory."""
    cache = VerifiedTokens(max_tokens=2)
    keep(cache, "old", seconds=range(NOW - 60, NOW))
    keep(cache, "good")
    assert found(cache, "old") == []
    keep(cache, "new")
    assert len(cache) == 2
    assert found(cache, "old", now=NOW - 1) == []


def test_nothing_is_kept_where_there_is_no_room() -> None:
    """Not even one token; and a token larger than everything does not drive out the others."""
    none = VerifiedTokens(max_tokens=0)
    keep(none, "a", "b")
    assert (len(none), found(none, "a", "b")) == (0, [])
    small = VerifiedTokens(max_bytes=20_000)
    keep(small, "a", "b", "x" * 16_384)
    assert found(small, "a", "b", "x" * 16_384) == ["a", "b"]


def test_a_token_that_is_verified_twice_counts_once() -> None:
    """Two requests may have missed it at the same moment; the later reading is the one that counts."""
    cache = VerifiedTokens(max_bytes=3 * (500 + 8 * 10))
    for _ in range(20):
        keep(cache, "0123456789", "9876543210")
    keep(cache, "0123456789", principal=caller(subject="read again"))
    held = cache.find("0123456789", now_seconds=NOW, keys=RING)
    assert held is not None
    assert (len(cache), held.subject) == (2, "read again")
    cache.evict(caller().issuer, "0123456789")
    assert found(cache, "0123456789") == ["0123456789"]
    cache.evict(caller().issuer, "read again")
    assert found(cache, "0123456789", "9876543210") == ["9876543210"]


def test_an_account_is_forgotten_by_issuer_and_subject() -> None:
    """All of its tokens and nobody else's; a session likewise; who is not there is no error."""
    cache = VerifiedTokens()
    anna = caller(subject="anna", issuer="https://one.example")
    keep(cache, "a1", "a2", principal=anna)
    keep(cache, "a3", principal=replace(anna, session_id=None))
    keep(cache, "elsewhere", principal=replace(anna, issuer="https://two.example", session_id="other"))
    keep(cache, "ben", principal=replace(anna, subject="ben", session_id="bens"))
    everything = ("a1", "a2", "a3", "elsewhere", "ben")
    cache.evict("https://one.example", "nobody")
    cache.evict_session("unknown")
    assert found(cache, *everything) == list(everything)
    cache.evict_session("bens")
    assert found(cache, *everything) == ["a1", "a2", "a3", "elsewhere"]
    cache.evict("https://one.example", "anna")
    assert found(cache, *everything) == ["elsewhere"]
    cache.evict("https://one.example", "anna")


def test_all_are_forgotten_at_once() -> None:
    """Also for whoever has just read what may be old already; and the cache goes on."""
    cache = VerifiedTokens()
    keep(cache, "one", "two")
    before = cache.evictions
    cache.clear()
    assert (len(cache), cache.evictions) == (0, before + 1)
    cache.evict(caller().issuer, "one")
    keep(cache, "one")
    assert found(cache, "one", "two") == ["one"]


def _altered(key: VerificationKey, **changes: Any) -> VerificationKey:
    return replace(key, **changes)


@pytest.mark.parametrize(
    ("ring", "stays"),
    [
        (KeySet((key_from_jwk(STORED[0].public_jwk), SECOND)), True),
        (KeySet((SECOND, FIRST, THIRD)), True),
        (KeySet((SECOND,)), False),
        (KeySet(()), False),
        (KeySet((_altered(THIRD, kid=FIRST.kid), SECOND)), False),
        (KeySet((_altered(FIRST, kid="renamed"), SECOND)), False),
        (KeySet((_altered(FIRST, algorithm="ES384"), SECOND)), False),
    ],
    ids=["read again", "more keys", "gone", "all gone", "other material", "renamed", "other algorithm"],
)
def test_key_9_a_token_leaves_with_its_key(ring: KeySet, stays: bool) -> None:
    """The very next look is by the new ring: only tokens of a key that is still the same are found,
    those of other keys are left alone, and a key that comes back does not bring them back."""
    cache = VerifiedTokens()
    keep(cache, "first", key=FIRST)
    keep(cache, "second", key=SECOND)
    assert found(cache, "first", "second", keys=ring) == ["first"] * stays + ["second"] * (
        SECOND in ring.keys
    )
    assert found(cache, "first") == ["first"] * stays


def test_a_ring_that_changed_while_a_token_was_verified_counts() -> None:
    """The token is found under the ring it was verified with, and no longer when its key leaves."""
    cache = VerifiedTokens()
    keep(cache, "old")
    keep(cache, "new", key=THIRD, keys=KeySet((THIRD,)))
    assert found(cache, "old", "new", keys=KeySet((THIRD,))) == ["new"]
    assert found(cache, "old", "new") == []


def test_key_9_a_key_that_left_while_a_token_was_verified_leaves_nothing() -> None:
    """A provider's keys may be fetched again between the signature and the end of the look-up: the
    token of a key that is gone by then is never found."""
    cache = VerifiedTokens()
    keep(cache, "late", key=FIRST, keys=KeySet((SECOND,)))
    assert found(cache, "late", keys=KeySet((SECOND,))) == []
    assert found(cache, "late") == []


def test_expired_tokens_leave_memory() -> None:
    """From their last second on, and no others."""
    cache = VerifiedTokens()
    for number in range(3):
        keep(cache, f"t{number}", seconds=range(NOW - 60, NOW + number))
    cache.forget_expired(NOW)
    assert len(cache) == 2
    cache.forget_expired(NOW + 1)
    assert len(cache) == 1
    cache.forget_expired(NOW + 2)
    assert len(cache) == 0


def _read(number: int, roles: int) -> tuple[str, Principal]:
    """A token of ours and everything that was read from it, as a request leaves them behind."""
    text = keyrings.token(
        NOW,
        sub=f"user-{number:08}-of-some-length",
        sid=f"session-{number:08}-as-long-as-one",
        jti=f"1.random-{number:08}",
        roles=[f"role-{number:06}-{each:02}" for each in range(roles)],
    )
    unverified = parse(text)
    read = VerifiedJws(unverified.header, unverified.payload, unverified.alg, unverified.typ, FIRST)
    who = check_access_token(
        read,
        issuer=keyrings.ISSUER,
        audience=keyrings.ISSUER,
        now_seconds=NOW,
        max_life_seconds=keyrings.MAX_LIFE_SECONDS,
    )
    return text, who


@pytest.mark.parametrize("roles", [1, 40])
def test_the_bound_in_bytes_is_one_of_real_memory(roles: int) -> None:
    """A full cache takes no more than it may, and an emptied one gives it back."""
    bound = 400_000
    cache = VerifiedTokens(max_bytes=bound)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(120):
            text, who = _read(number, roles)
            cache.keep(text, who, key=FIRST, keys=RING, seconds=SECONDS)
        del text, who
        gc.collect()
        full = tracemalloc.get_traced_memory()[0] - before
        held = len(cache)
        cache.forget_expired(SECONDS.stop)
        gc.collect()
        emptied = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert held < 120
    assert bound / 2 < full < bound
    assert emptied < bound / 5


def test_threads_may_use_it_at_the_same_time() -> None:
    """Finding, keeping, forgetting and changing rings at once: no error, no wrong caller, no drift."""
    cache, rings = VerifiedTokens(max_tokens=20), [RING, KeySet((FIRST, SECOND)), KeySet((FIRST, THIRD))]
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            for step in range(400):
                token, ring = f"token-{step * (number + 1) % 37}", rings[step % 3]
                held = cache.find(token, now_seconds=NOW, keys=ring)
                if held is None:
                    keep(cache, token, keys=ring)
                elif held.subject != token:
                    wrong.append(held)
                if step % 50 == number:
                    cache.evict(caller().issuer, token)
                    cache.forget_expired(NOW)
        except Exception as error:
            wrong.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert len(cache) <= 20
    keep(cache, *(f"new-{number}" for number in range(20)))
    assert len(cache) == 20
