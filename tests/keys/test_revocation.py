"""Promises of an emergency: what a revoked key signed counts nowhere, and another signs at once."""

from __future__ import annotations

import json

import pytest

from tests.keys.replicas import Deployment
from watchword.errors import KeyUnknown
from watchword.protocol import jws

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}


@pytest.mark.parametrize("which", ["active", "next", "all"])
async def test_key_09_a_revoked_key_is_refused_everywhere_after_one_look_at_the_feed(
    deployment: Deployment, which: str
) -> None:
    """New tokens are there at once and count on every replica; nothing signs with the key again."""
    for _ in range(2):
        await deployment.start()
    operator = deployment.operator()
    before: dict[str, str] = {key.state: key.kid for key in deployment.replicas[0].services.keyring.keys}
    tokens = [replica.issue() for replica in deployment.replicas]
    kids = set(before.values()) if which == "all" else {before[which]}
    revoked = await operator.revoke(None if which == "all" else kids)
    assert set(revoked.revoked) == kids
    await deployment.polled()
    for replica in deployment.replicas:
        published = {jwk["kid"] for jwk in replica.services.keyring.jwks()["keys"]}
        assert published.isdisjoint(kids)
        for token in tokens:
            assert await replica.accepts(token) is (which == "next")
        fresh = replica.issue()
        assert jws.parse(fresh).kid == revoked.active
        assert [await other.accepts(fresh) for other in deployment.replicas] == [True, True]
    again = await operator.revoke(kids)
    assert again.revoked == ()
    assert again.active == revoked.active


async def test_key_09_the_announced_key_signs_before_the_store_is_read_again(deployment: Deployment) -> None:
    """A replica that has heard of the revocation alone has another key at hand already."""
    replica = await deployment.start()
    keyring = replica.services.keyring
    announced = next(key.kid for key in keyring.keys if key.state == "next")
    keyring.forget(keyring.active.kid)
    assert keyring.active.kid == announced
    assert await replica.accepts(replica.issue())


async def test_a_revoked_key_stays_revoked_after_a_restart(deployment: Deployment) -> None:
    """The ledger decides, whoever starts."""
    replica = await deployment.start()
    token = replica.issue()
    await deployment.operator().revoke({replica.services.keyring.active.kid})
    await deployment.restart(0)
    assert not await deployment.replicas[0].accepts(token)
    assert await deployment.replicas[0].accepts(deployment.replicas[0].issue())


async def test_a_replica_that_was_cut_off_hears_of_a_revocation_before_it_accepts_a_token(
    deployment: Deployment,
) -> None:
    """However long it was away: whoever took the key goes on making tokens."""
    replica = await deployment.start()
    kid = replica.services.keyring.active.kid
    await deployment.operator().revoke({kid})
    deployment.clock.advance(24 * 3600)
    forged = replica.issue()
    assert jws.parse(forged).kid == kid
    await replica.services.feed.poll()
    assert not replica.services.keyring.verifying.knows(kid)
    assert not await replica.accepts(forged)


async def test_an_unknown_key_is_told_and_nothing_is_done(deployment: Deployment) -> None:
    """Not even to the known ones that were named with it."""
    replica = await deployment.start()
    operator = deployment.operator()
    with pytest.raises(KeyUnknown, match="no-such-key"):
        await operator.revoke({replica.services.keyring.active.kid, "no-such-key"})
    assert {report.state for report in await operator.list()} == {"active", "next"}


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "Ed25519"])
async def test_key_11_nothing_private_is_published_or_shown(deployment: Deployment, algorithm: str) -> None:
    """Neither in the key set nor in what the ring's parts look like."""
    replica = await deployment.start(algorithm=algorithm)
    keyring = replica.services.keyring
    jwks = keyring.jwks()
    assert [jwk["alg"] for jwk in jwks["keys"]] == [algorithm] * 2
    assert all(PRIVATE.isdisjoint(jwk) for jwk in jwks["keys"])
    shown = f"{keyring!r}{keyring.active!r}{keyring.keys!r}{keyring.ring!r}"
    for key in keyring.keys:
        assert repr(key.sealed_private) not in shown
    assert "private_key" not in shown
    assert json.loads(json.dumps(jwks)) == jwks
    assert await replica.accepts(replica.issue())
    sealed = b"".join(key.sealed_private for key in keyring.keys)
    assert b"PRIVATE KEY" not in sealed
