"""Sealed values open for one purpose, at one place, under one key."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.auth.sealing import Sealer
from watchword.errors import ConfigurationError, SealBroken, SecretKeyMismatch

CURRENT, OLDER, FOREIGN = b"c" * 32, b"o" * 32, b"f" * 32
SEALER = Sealer(CURRENT, [OLDER])


def test_two_secrets_with_one_id_are_refused() -> None:
    """Once in four thousand million pairs; what is under the one would pass for sealed under the other."""
    one, other = (number.to_bytes(32, "big") for number in (56394, 59077))
    assert Sealer(one).key_ids == Sealer(other).key_ids
    with pytest.raises(ConfigurationError, match="has the id of another"):
        Sealer(one, [other])
    assert len(Sealer(one, [one, OLDER]).key_ids) == 2


@settings(derandomize=True, deadline=None)
@given(plaintext=st.binary(max_size=500), place=st.binary(max_size=40), also=st.binary(max_size=40))
def test_what_is_sealed_opens_again(plaintext: bytes, place: bytes, also: bytes) -> None:
    """Whatever the content, the place and the second ingredient."""
    sealed = SEALER.seal("attempt", plaintext, place=place, also=also)
    assert SEALER.open("attempt", sealed, place=place, also=also) == plaintext
    assert len(plaintext) < 8 or plaintext not in sealed


@pytest.mark.parametrize(
    ("purpose", "place", "also"),
    [
        ("signing-key", b"here", b"x"),
        ("attempt", b"there", b"x"),
        ("attempt", b"here", b"y"),
        ("attempt", b"here", b""),
    ],
)
def test_a_moved_value_does_not_open(purpose: str, place: bytes, also: bytes) -> None:
    """Another purpose, another row, another or no second ingredient."""
    sealed = SEALER.seal("attempt", b"value", place=b"here", also=b"x")
    with pytest.raises(SealBroken):
        SEALER.open(purpose, sealed, place=place, also=also)  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [1, 32, 64, 65, 116])
def test_the_digest_of_the_second_ingredient_is_not_the_ingredient(length: int) -> None:
    """SES-30: whoever reads the digest of a token next to what is sealed under it opens nothing."""
    also = bytes(range(1, length + 1))
    sealed = SEALER.seal("attempt", b"value", place=b"here", also=also)
    for derived in (hashlib.sha256(also).digest(), also + b"\0", b"\0" + also):
        with pytest.raises(SealBroken):
            SEALER.open("attempt", sealed, place=b"here", also=derived)


def test_ses_78_every_flipped_byte_and_every_cut_is_refused() -> None:
    """Tags of any other length, and any altered bit, do not open."""
    sealed = SEALER.seal("attempt", b"value", place=b"here")
    for position in range(len(sealed)):
        altered = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises((SealBroken, SecretKeyMismatch)):
            SEALER.open("attempt", altered, place=b"here")
        with pytest.raises((SealBroken, SecretKeyMismatch)):
            SEALER.open("attempt", sealed[:position], place=b"here")


def test_a_previous_key_still_opens() -> None:
    """SECRET_KEY can be rotated while values sealed under the old one are in use."""
    sealed = Sealer(OLDER).seal("attempt", b"value", place=b"here")
    assert SEALER.open("attempt", sealed, place=b"here") == b"value"


def test_a_foreign_key_is_named_not_guessed() -> None:
    """A process with the wrong SECRET_KEY is told so, by key ids and never by keys."""
    sealed = Sealer(FOREIGN).seal("attempt", b"value", place=b"here")
    with pytest.raises(SecretKeyMismatch) as caught:
        SEALER.open("attempt", sealed, place=b"here")
    assert sealed[1:5].hex() in caught.value.detail
    assert FOREIGN.hex() not in caught.value.detail


def test_each_purpose_has_its_own_subkey() -> None:
    """No subkey is the secret or another purpose's, and the current one comes first."""
    tags, ips = SEALER.subkeys("refresh-tag"), SEALER.subkeys("ip-address")
    assert len({*tags, *ips, CURRENT, OLDER}) == 6
    assert tags[0] == Sealer(CURRENT).subkeys("refresh-tag")[0]
