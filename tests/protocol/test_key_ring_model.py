"""The ring as a machine: whatever is done to it, by whom and when, it stays one that readers can follow."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.examples import examples
from tests.protocol.test_key_ring import NOW, POLICY, Key
from watchword.protocol.key_ring import (
    ANNOUNCE_SECONDS,
    READER_CACHE_SECONDS,
    RingPolicy,
    by_hand,
    check_ring,
    completed,
    due,
    edition,
    missing,
    moment_of_change,
    only,
    published,
    retiring,
    signer,
    without,
)

ALGORITHMS = st.sampled_from(["ES256", "RS256", "Ed25519"])
SECONDS = st.sampled_from([0, 1, 60, ANNOUNCE_SECONDS - 1, ANNOUNCE_SECONDS, 3660, 86_400, 31 * 86_400])


class RingMachine(RuleBasedStateMachine):
    """``signed`` is when a key signed last. ``seen`` is what a reader holds that looks again only when it
    has to; ``hasty`` says that readers were not given the time for it."""

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.made = 0
        self.policy = POLICY
        self.keys: tuple[Key, ...] = ()
        self.signed: dict[str, datetime] = {}
        self.revoked: set[str] = set()
        self.read_at = self.now
        self.seen: frozenset[str] = frozenset()
        self.hasty = True
        self.change(frozenset())
        self.read()

    def change(self, retires: frozenset[str]) -> None:
        before, now = edition(self.keys), moment_of_change(self.keys, self.now)
        left = retiring(self.keys, retires, self.policy, now)
        fresh = []
        for _ in range(missing(left)):
            self.made += 1
            fresh.append(Key(f"k{self.made}", "next", self.policy.algorithm))
        self.keys = completed(left, fresh, now)
        after = edition(self.keys)
        assert after is not None
        assert before is None or after > before

    def read(self) -> None:
        self.seen = frozenset(key.kid for key in published(self.keys, self.now))
        self.read_at = self.now

    @rule(seconds=SECONDS)
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        if (self.now - self.read_at).total_seconds() >= READER_CACHE_SECONDS:
            self.read()
            self.hasty = False

    @rule()
    def look(self) -> None:
        retires = due(self.keys, self.policy, self.now)
        if retires is not None:
            self.change(retires)

    @rule(at_once=st.booleans())
    def rotate(self, at_once: bool) -> None:
        retires, wait = by_hand(self.keys, self.policy, self.now, at_once=at_once)
        assert (wait == 0) is bool(retires & {key.kid for key in self.keys if key.state == "active"})
        self.hasty = self.hasty or at_once
        if retires:
            self.change(retires)

    @rule(algorithm=ALGORITHMS)
    def configure(self, algorithm: str) -> None:
        self.policy = RingPolicy(algorithm, POLICY.rotate_after_seconds, POLICY.tokens_live_seconds)

    @rule(which=st.sampled_from(["active", "next", "retired", "all"]))
    def revoke(self, which: str) -> None:
        gone = {key.kid for key in self.keys if which in (key.state, "all")}
        self.revoked |= gone
        self.hasty = self.hasty or which in ("active", "all")
        self.keys = without(self.keys, gone)
        if gone and missing(self.keys):
            self.change(frozenset())

    @rule()
    def sign(self) -> None:
        key = signer(self.keys)
        assert key is not None
        assert self.hasty or key.kid in self.seen
        self.signed[key.kid] = self.now

    @invariant()
    def is_a_whole_ring(self) -> None:
        check_ring(self.keys)
        assert missing(self.keys) == 0
        assert only(self.keys, "active") is signer(self.keys)
        assert self.revoked.isdisjoint(key.kid for key in self.keys)

    @invariant()
    def every_token_verifies_as_long_as_it_lives(self) -> None:
        held = {key.kid for key in published(self.keys, self.now)} | self.revoked
        live = timedelta(seconds=POLICY.tokens_live_seconds)
        assert held.issuperset(kid for kid, at in self.signed.items() if at + live > self.now)


TestRing = RingMachine.TestCase
TestRing.settings = settings(
    derandomize=True, deadline=None, max_examples=examples(60), stateful_step_count=40
)
