"""Promises of a ring as text: read strictly, so that nothing but a ring of ours is ever taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest

from tests.contract.key_stores import SECRET_PART, key, ring
from watchword.auth.ring_json import ring_from_json, ring_to_json
from watchword.errors import KeyStoreInvalid

PLACE = "file:/keys"


def written() -> dict[str, Any]:
    return dict(json.loads(ring_to_json(ring(), place=PLACE)))


def fault(document: Any) -> str:
    """What is said of a text that is no ring; nothing of it is repeated."""
    with pytest.raises(KeyStoreInvalid) as refused:
        ring_from_json(json.dumps(document).encode(), place=PLACE)
    assert refused.value.detail.startswith(f"{PLACE} holds no key ring of ours: ")
    assert "hunter2" not in refused.value.detail
    return refused.value.detail


def test_a_ring_survives_to_the_microsecond() -> None:
    """Every field, in whatever order and time zone it was given."""
    east = timezone(timedelta(hours=9))
    given = [replace(each, created_at=each.created_at.astimezone(east)) for each in reversed(ring())]
    read = ring_from_json(ring_to_json(given, place=PLACE).encode(), place=PLACE)
    assert read == ring()
    assert all(each.created_at.utcoffset() == timedelta(0) for each in read)


def test_the_text_has_no_private_part_in_the_clear() -> None:
    """Public members and what was sealed before, nothing else."""
    text = ring_to_json(ring(), place=PLACE)
    assert SECRET_PART.decode() not in text
    assert all("d" not in each["public_jwk"] for each in written()["keys"])


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("kid", "hunter2", "kid is not the thumbprint"),
        ("kid", None, "kid is not the thumbprint"),
        ("algorithm", "HS256", "algorithm is none"),
        ("algorithm", ["ES256"], "algorithm is none"),
        ("algorithm", "RS256", "does not go with algorithm"),
        ("state", "revoked", "state is none of"),
        ("state", {}, "state is none of"),
        ("public_jwk", [], "public_jwk is no object"),
        ("public_jwk", {"kty": "oct", "k": "hunter2"}, "public_jwk must not be used"),
        ("sealed_private", "", "sealed_private"),
        ("sealed_private", "hunter2!", "sealed_private"),
        ("sealed_private", 7, "sealed_private"),
        ("created_at", None, "created_at is no time"),
        ("created_at", "hunter2", "created_at is no time"),
        ("created_at", "2026-11-23T12:00:00", "created_at has no time zone"),
        ("retired_at", 1_795_000_000, "retired_at is no time"),
        ("verify_until", "0001-01-01T00:00:00+23:59", "verify_until is no time"),
    ],
)
def test_a_key_with_a_wrong_member_is_refused(member: str, value: Any, told: str) -> None:
    """By its position and the member's name."""
    document = written()
    document["keys"][1][member] = value
    said = fault(document)
    assert "key 1: " in said
    assert told in said


def test_a_private_key_in_the_clear_is_refused() -> None:
    """Somebody pasted the whole JWK."""
    document = written()
    document["keys"][0]["public_jwk"]["d"] = "hunter2"
    assert "key 0: public_jwk must not be used (private)" in fault(document)


def test_members_are_exactly_those_of_a_key() -> None:
    """One more may be what a newer version relies on, one less is half a key."""
    more, less = written(), written()
    more["keys"][0]["hunter2"] = 1
    del less["keys"][0]["retired_at"]
    for document in (more, less, {"format": 1, "keys": ["hunter2"]}):
        assert "key 0: has not exactly the members of a key" in fault(document)


@pytest.mark.parametrize("format_", [True, 2, "1", None])
def test_another_format_is_refused(format_: Any) -> None:
    """A later version may mean something else by the same members."""
    assert '"format" is not 1' in fault(written() | {"format": format_})


def test_keys_that_do_not_go_together_are_refused() -> None:
    """The same key twice, two that sign, two that are announced, none at all."""
    twice, signing, announced = written(), written(), written()
    twice["keys"].append(twice["keys"][2])
    signing["keys"][2]["state"] = "active"
    announced["keys"][2]["state"] = "next"
    assert "a key is in it twice" in fault(twice)
    assert "two active keys" in fault(signing)
    assert "two next keys" in fault(announced)
    assert "it has no keys" in fault(written() | {"keys": []})


def test_a_name_twice_is_refused() -> None:
    """Two readers would read two rings."""
    text = ring_to_json(ring(), place=PLACE).replace('"format":1', '"format":1,"format":1')
    with pytest.raises(KeyStoreInvalid, match="a name occurs twice"):
        ring_from_json(text.encode(), place=PLACE)


def test_what_could_not_be_read_again_is_not_written() -> None:
    """The caller's mistake shows before anything is replaced by it."""
    with pytest.raises(ValueError, match="kid is not the thumbprint"):
        ring_to_json([replace(key(0, "active"), kid="other")], place=PLACE)
