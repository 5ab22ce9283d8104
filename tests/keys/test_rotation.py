"""Promises of a rotation while tokens are issued and presented: none that is valid is refused."""

from __future__ import annotations

import pytest

from tests.keys.replicas import Deployment, Load
from watchword.errors import RotationTooSoon
from watchword.protocol import jws
from watchword.protocol.key_ring import ANNOUNCE_SECONDS

HOUR = 3600


async def test_key_08_scheduled_rotations_refuse_no_valid_token(deployment: Deployment) -> None:
    """Three of them, on two replicas and at a reader that looks every 300 seconds."""
    for _ in range(2):
        await deployment.start(rotate_after_seconds=HOUR)
    load = Load(deployment, step_seconds=120)
    await load.run(3 * HOUR + 600)
    assert len(load.signers) == 4
    assert (load.refused, load.refused_elsewhere) == (0, 0)
    assert load.accepted > 500


async def test_key_08_rotations_by_hand_refuse_no_valid_token(deployment: Deployment) -> None:
    """Not even those at once, on replicas of ours: they know the next key. Readers elsewhere need the wait
    that ``rotate`` insists on."""
    for _ in range(2):
        await deployment.start()
    load, operator = Load(deployment), deployment.operator()
    await load.run(ANNOUNCE_SECONDS - 90)
    with pytest.raises(RotationTooSoon, match="rotate in 90 seconds"):
        await operator.rotate()
    await load.run(120)
    await operator.rotate()
    await load.run(1200)
    assert (load.refused, load.refused_elsewhere) == (0, 0)
    assert len(load.signers) == 2
    for _ in range(2):
        await operator.rotate(at_once=True)
        await load.run(300)
    assert len(load.signers) == 4
    assert load.refused == 0


@pytest.mark.parametrize("algorithms", [("ES256", "Ed25519"), ("Ed25519", "ES256"), ("ES256", "RS256")])
async def test_key_08_a_change_of_algorithm_is_a_rotation(
    deployment: Deployment, algorithms: tuple[str, str]
) -> None:
    """Replicas are restarted one after the other; once readers can know the new key, it signs by itself."""
    old, new = algorithms
    for _ in range(2):
        await deployment.start(algorithm=old)
    load = Load(deployment, step_seconds=30)
    await load.run(900)
    for number in range(2):
        await deployment.restart(number, algorithm=new)
        await load.run(120)
    assert len(load.signers) == 1
    await load.run(600)
    assert (load.refused, load.refused_elsewhere) == (0, 0)
    assert {jws.parse(replica.issue()).alg for replica in deployment.replicas} == {new}
    assert len(load.signers) == 2


async def test_key_08_a_change_of_algorithm_at_once(deployment: Deployment) -> None:
    """The new key was never announced: replicas of ours read the ring when they meet it."""
    for _ in range(2):
        await deployment.start()
    load = Load(deployment, step_seconds=30)
    await load.run(120)
    await deployment.operator(algorithm="Ed25519").rotate(at_once=True)
    await load.run(120)
    assert load.refused == 0
    assert {jws.parse(replica.issue()).alg for replica in deployment.replicas} == {"Ed25519"}


async def test_a_key_made_a_moment_ago_is_looked_for_once(deployment: Deployment) -> None:
    """KEY-2 for our own ring: the token of a replica that is ahead is accepted, and strangers' key ids
    cause one reading a second at most."""
    ahead, behind = [await deployment.start() for _ in range(2)]
    token = ahead.issue()
    assert await behind.accepts(token)
    await deployment.operator(algorithm="Ed25519").rotate(at_once=True)
    await ahead.services.keyring.reload()
    fresh = ahead.issue()
    assert not behind.services.keyring.verifying.knows(jws.parse(fresh).kid or "")
    assert await behind.accepts(fresh)
    keyring = behind.services.keyring
    assert [await keyring.look_for(f"stranger-{number}") for number in range(100)] == [False] * 100
    assert keyring.reads == 1
    deployment.clock.advance(1)
    assert not await keyring.look_for("stranger")
    assert keyring.reads == 2
