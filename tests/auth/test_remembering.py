"""A gatekeeper that remembers verified tokens: it looks at keys, endings and the time each time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.auth.feeds import OTHER, SESSION
from tests.auth.keyrings import ISSUER, SIGNERS, Readers, readers, token
from watchword.auth.caller import RequestFacts
from watchword.auth.ports import RevocationKind
from watchword.auth.revocation import FRESH_SECONDS
from watchword.errors import WatchwordError
from watchword.protocol.principal import Principal, Rejected


@pytest.fixture
async def service() -> Readers:
    return await readers()


async def code(service: Readers, text: str) -> str:
    """ "ok", or the code of the refusal."""
    facts = RequestFacts([(b"authorization", b"Bearer " + text.encode())], "GET", False)
    identity = await service.cached.identify(facts)
    if isinstance(identity, Principal):
        return "ok"
    assert isinstance(identity, Rejected)
    assert isinstance(identity.error, WatchwordError)
    return identity.error.code


async def seen(service: Readers, **given: Any) -> str:
    """A token that was let in and is remembered."""
    text = token(service.clock.now_seconds(), **given)
    assert await code(service, text) == "ok"
    assert service.validator.validate(text) is service.validator.validate(text)
    return text


ENDINGS: dict[RevocationKind, tuple[dict[str, Any], str]] = {
    "session": ({"session_id": SESSION}, "session_ended"),
    "generation": ({"session_id": SESSION, "generation": 1}, "token_superseded"),
    "token": ({"value": "1.random-part"}, "session_ended"),
    "client": ({"value": "robot"}, "session_ended"),
    "subject": ({"issuer": ISSUER, "value": "user-1"}, "session_ended"),
    "key": ({"value": SIGNERS[0].kid}, "invalid_token"),
}
OTHERS = {"sid": str(OTHER), "sub": "user-2", "jti": "2.random-part", "key": 1}


@pytest.mark.parametrize("kind", ENDINGS)
async def test_x_08_key_9_an_ending_counts_at_the_next_request(
    service: Readers, kind: RevocationKind
) -> None:
    """Of a session, a generation, one token, a client, an account, a key; and at every later request."""
    fields, refusal = ENDINGS[kind]
    ended, other = await seen(service, client_id="robot"), await seen(service, **OTHERS)
    service.log.add(kind, **fields)
    await service.feed.poll()
    assert [await code(service, each) for each in (ended, ended, other)] == [refusal, refusal, "ok"]


@pytest.mark.parametrize("kind", ENDINGS)
async def test_x_08_key_9_a_view_that_was_too_old_is_read_before_a_seen_token_counts(
    service: Readers, kind: RevocationKind
) -> None:
    """The very request that finds the view too old is refused, also where the key was revoked."""
    fields, refusal = ENDINGS[kind]
    ended = await seen(service, client_id="robot")
    service.log.add(kind, **fields)
    service.clock.advance(FRESH_SECONDS + 1)
    assert await code(service, ended) == refusal


async def test_x_08_an_ending_of_this_process_counts_at_once(service: Readers) -> None:
    """Without waiting for the feed, and what was remembered of the session is let go of."""
    ended, other = await seen(service), await seen(service, **OTHERS)
    service.feed.note_session(SESSION, service.clock.now())
    assert len(service.verified) == 1
    assert [await code(service, each) for each in (ended, other)] == ["session_ended", "ok"]


@pytest.mark.parametrize("kind", ["session", "generation", "subject"])
async def test_an_account_that_changed_is_let_go_of_once(service: Readers, kind: RevocationKind) -> None:
    """The feed reads the last minute again every second; that must not cost its holder the cache."""
    fields, _ = ENDINGS[kind]
    await seen(service)
    service.log.add(kind, **fields)
    await service.feed.poll()
    assert len(service.verified) == 0
    await code(
        service, token(service.clock.now_seconds(), jti="9.random-part", iat=service.clock.now_seconds())
    )
    service.clock.advance(2)
    await service.feed.poll()
    assert service.log.readings == ["unexpired", "since", "since"]
    assert len(service.verified) == 1


async def test_x_10_a_seen_token_is_refused_when_its_key_leaves(service: Readers) -> None:
    """Retired past its time or taken away, and read by this process; a key that comes back counts
    again, as it would for a token nobody has seen."""
    by_key = [await seen(service, key=number) for number in range(3)]
    service.keys.let_go(1, at_once=True)
    service.keys.let_go(2, at_once=False)
    assert [await code(service, each) for each in by_key] == ["ok", "ok", "ok"]
    await service.keyring.load()
    assert [await code(service, each) for each in by_key] == ["ok", "invalid_token", "invalid_token"]
    assert len(service.verified) == 1
    service.keys.bring_back()
    await service.keyring.load()
    assert [await code(service, each) for each in by_key] == ["ok", "ok", "ok"]


async def test_a_ring_that_is_read_again_changes_nothing(service: Readers) -> None:
    """The same keys as new objects: what was remembered stays remembered."""
    text = await seen(service)
    held = service.validator.validate(text)
    await service.keyring.load()
    assert service.validator.validate(text) is held


async def test_a_refused_token_is_not_remembered(service: Readers) -> None:
    """Neither a forged nor an expired nor an early one, and one that is early counts when its time
    has come."""
    now = service.clock.now_seconds()
    good = token(now)
    early = token(now, nbf=now + 60)
    for refused in (good[:-20] + "A" * 20, token(now, exp=now - 60), token(now, aud="x"), early):
        assert await code(service, refused) == "invalid_token"
    assert len(service.verified) == 0
    service.clock.advance(55)
    assert await code(service, early) == "ok"


async def test_reading_an_expired_token_for_a_logout_does_not_make_it_good(service: Readers) -> None:
    """Whoever leaves with an expired token is known, and the token is as expired as before."""
    text = token(service.clock.now_seconds(), exp=service.clock.now_seconds() - 60)
    for _ in range(2):
        former = service.cached.former([b"Bearer " + text.encode()], expired_seconds=600)
        assert former is not None
        assert await code(service, text) == "invalid_token"
    assert len(service.verified) == 0


async def test_expired_tokens_leave_memory_within_minutes(service: Readers) -> None:
    """Nobody has to ask for them: the feed, which is read every second, sees to it."""
    await seen(service, exp=service.clock.now_seconds() + 10)
    await seen(service, exp=service.clock.now_seconds() + 600)
    service.clock.advance(61)
    await service.feed.poll()
    assert len(service.verified) == 1
