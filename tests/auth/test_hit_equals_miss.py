"""Whatever happens, who remembers verified tokens answers like who verifies each one again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.auth.feeds import HOUR, OTHER, SESSION
from tests.auth.keyrings import ISSUER, SIGNERS, readers, token
from tests.examples import examples
from watchword.auth.caller import RequestFacts
from watchword.auth.gatekeeper import Gatekeeper
from watchword.auth.ports import RevocationKind
from watchword.auth.verified_tokens import VerifiedTokens
from watchword.errors import DatabaseUnavailable, WatchwordError
from watchword.protocol.principal import Rejected

T = TypeVar("T")
SESSIONS = st.sampled_from([SESSION, OTHER])
SUBJECTS = st.sampled_from(["user-1", "user-2"])
CLIENTS = st.sampled_from(["browser", "robot"])
GENERATIONS = st.integers(1, 3)
MAX_TOKENS = 5
WINDOW = st.sampled_from([-30, -6, -5, -4, 0, 4, 5, 6, 30])


class HitEqualsMiss(RuleBasedStateMachine):
    """Two gatekeepers over one ring, one feed and one clock; only one of them remembers."""

    tokens: Bundle[str] = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.both = self.run(readers())
        self.issued: list[str] = []
        self.steps = self.max_tokens = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(max_tokens=st.sampled_from([1, 3, 20_000]), max_bytes=st.sampled_from([12_000, 10**8]))
    def start(self, max_tokens: int, max_bytes: int) -> None:
        self.both = self.run(readers(VerifiedTokens(max_tokens=max_tokens, max_bytes=max_bytes)))
        self.max_tokens = max_tokens
        now = self.both.clock.now_seconds()
        self.issued = [
            token(now, key=0, exp=now + 4),
            token(now, key=1, sid=str(OTHER), sub="user-2", jti="2.random-part", nbf=now + 2),
            token(now, key=2, sid=None, sub="robot", client_id="robot", auth_time=now + 1),
        ]

    @precondition(lambda self: len(self.issued) < MAX_TOKENS)
    @rule(
        target=tokens,
        key=st.integers(0, len(SIGNERS) - 1),
        session=st.none() | SESSIONS,
        subject=SUBJECTS,
        client=CLIENTS,
        generation=GENERATIONS,
        issued=WINDOW,
        not_before=st.none() | WINDOW,
        signed_in=st.none() | WINDOW,
        life=st.sampled_from([1, 10, 60, 3600, 3601]),
        claims=st.sampled_from(
            [{}, {}, {}, {"groups": [{"name": "a"}]}, {"aud": [ISSUER, "x"]}, {"jti": "odd"}]
        ),
    )
    def issue(
        self,
        key: int,
        session: UUID | None,
        subject: str,
        client: str,
        generation: int,
        issued: int,
        not_before: int | None,
        signed_in: int | None,
        life: int,
        claims: dict[str, Any],
    ) -> str:
        now = self.both.clock.now_seconds()
        times = {"iat": now + issued, "exp": now + issued + life}
        if not_before is not None:
            times["nbf"] = now + not_before
        given = {
            "sid": None if session is None else str(session),
            "sub": subject,
            "client_id": client,
            "jti": f"{generation}.random-part",
            "auth_time": None if signed_in is None else now + signed_in,
        }
        self.issued.append(token(now, key=key, **(given | times | claims)))
        return self.issued[-1]

    @rule(given=tokens)
    def log_out_with_an_expired_one(self, given: str) -> None:
        """Reading a token for that must not make it good for more."""
        self.both.cached.former([b"Bearer " + given.encode()], expired_seconds=86_400)

    @rule(seconds=st.sampled_from([1, 1, 4, 5, 6, 30, 61, 600]))
    def wait(self, seconds: int) -> None:
        self.both.clock.advance(seconds)

    @rule(seconds=st.sampled_from([1, 5, 6, 60, 1000]))
    def set_the_clock_back(self, seconds: int) -> None:
        self.both.clock.set_back(seconds)

    @rule(
        kind=st.sampled_from(["session", "generation", "token", "client", "subject"]),
        session=SESSIONS,
        generation=GENERATIONS,
        subject=SUBJECTS,
        client=CLIENTS,
        lasts=st.sampled_from([30, 3600]),
    )
    def revoke(
        self, kind: RevocationKind, session: UUID, generation: int, subject: str, client: str, lasts: int
    ) -> None:
        fields: dict[str, Any] = {"expires_at": self.both.clock.now() + HOUR * lasts / 3600}
        match kind:
            case "session":
                fields |= {"session_id": session}
            case "generation":
                fields |= {"session_id": session, "generation": generation}
            case "token":
                fields |= {"value": f"{generation}.random-part"}
            case "client":
                fields |= {"value": client}
            case _:
                fields |= {"issuer": ISSUER, "value": subject}
        self.both.log.add(kind, **fields)

    @rule()
    def read_the_feed(self) -> None:
        if not self.both.log.away:
            self.run(self.both.feed.poll())

    @rule(session=SESSIONS)
    def log_out_here(self, session: UUID) -> None:
        self.both.feed.note_session(session, self.both.clock.now() + HOUR)

    @rule(away=st.booleans())
    def database(self, away: bool) -> None:
        self.both.log.away = away

    @rule(key=st.integers(0, len(SIGNERS) - 1))
    def revoke_a_key(self, key: int) -> None:
        self.both.log.add("key", value=SIGNERS[key].kid)

    @rule(key=st.integers(1, len(SIGNERS) - 1), at_once=st.booleans())
    def let_a_key_go(self, key: int, at_once: bool) -> None:
        self.both.keys.let_go(key, at_once=at_once)

    @rule()
    def bring_keys_back(self) -> None:
        self.both.keys.bring_back()

    @rule()
    def read_the_ring(self) -> None:
        self.run(self.both.keyring.load())

    @rule(subject=SUBJECTS, session=SESSIONS)
    def evict(self, subject: str, session: UUID) -> None:
        self.both.verified.evict(ISSUER, subject)
        self.both.verified.evict_session(str(session))
        self.both.verified.forget_expired(self.both.clock.now_seconds())

    @invariant()
    def both_say_the_same(self) -> None:
        """Of every token; now and then nobody looks, so that several things happen between requests."""
        self.steps += 1
        assert len(self.both.verified) <= self.max_tokens
        if self.steps % 4:
            self.run(self.compare())

    async def compare(self) -> None:
        damaged = [each[:-40] + ("B" if each[-40] == "A" else "A") + each[-39:] for each in self.issued[-1:]]
        for given in self.issued + damaged:
            assert await outcome(self.both.cached, given) == await outcome(self.both.plain, given)

    def teardown(self) -> None:
        self.runner.close()


async def outcome(gatekeeper: Gatekeeper, given: str) -> Any:
    facts = RequestFacts([(b"authorization", b"Bearer " + given.encode())], "GET", False)
    identity = await gatekeeper.identify(facts)
    if not isinstance(identity, Rejected):
        return identity
    error = identity.error
    assert isinstance(error, WatchwordError)
    return type(error), None if isinstance(error, DatabaseUnavailable) else error.detail


TestHitEqualsMiss = pytest.mark.filterwarnings("error")(HitEqualsMiss.TestCase)
TestHitEqualsMiss.settings = settings(
    derandomize=True, deadline=None, max_examples=examples(40), stateful_step_count=30
)
