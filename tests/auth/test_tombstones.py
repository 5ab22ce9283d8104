"""The digests of the erased: the same for the same person for good, and of no use to anybody else."""

from __future__ import annotations

import pytest

from watchword.auth.resealing_ports import SealedRow
from watchword.auth.seal_anew import SealAnew
from watchword.auth.sealing import Sealer
from watchword.auth.tombstones import PEPPER, Tombstones
from watchword.errors import PepperUnreadable

OLD, NEW = b"o" * 32, b"n" * 32
ISSUER, SUBJECT = "https://id.example.org", "alice"


def test_a_digest_is_of_one_person_under_one_pepper() -> None:
    """Another issuer, subject or pepper makes another one; where issuer ends and subject begins counts."""
    tombstones = Tombstones(Sealer(OLD))
    pepper = tombstones.new_pepper()
    digest = tombstones.digest(pepper, ISSUER, SUBJECT)
    assert len(bytes.fromhex(digest)) == 32
    assert tombstones.digest(pepper, ISSUER, SUBJECT) == digest
    others = [
        tombstones.digest(pepper, ISSUER, "Alice"),
        tombstones.digest(pepper, ISSUER + "a", "lice"),
        tombstones.digest(pepper, "https://other.example.org", SUBJECT),
        tombstones.digest(tombstones.new_pepper(), ISSUER, SUBJECT),
    ]
    assert len({digest, *others}) == 5


def test_digests_outlive_a_change_of_the_secret_key() -> None:
    """Sealed anew, as ``secrets rotate`` does, and then without the secret of before."""
    pepper = Tombstones(Sealer(OLD)).new_pepper()
    digest = Tombstones(Sealer(OLD)).digest(pepper, ISSUER, SUBJECT)
    assert Tombstones(Sealer(NEW, [OLD])).digest(pepper, ISSUER, SUBJECT) == digest
    anew = SealAnew(Sealer(NEW, [OLD]), []).row(SealedRow("peppers", PEPPER, {"sealed": pepper}))
    assert not anew.unreadable
    assert Tombstones(Sealer(NEW)).digest(anew.new["sealed"], ISSUER, SUBJECT) == digest


@pytest.mark.parametrize("broken", ["other secret", "altered", "cut", "empty"])
def test_a_pepper_that_does_not_open_is_an_error_of_its_own(broken: str) -> None:
    """Never a digest that matches nobody; the message names the secret key that is needed, and no secret."""
    pepper = Tombstones(Sealer(OLD)).new_pepper()
    shown = {
        "other secret": pepper,
        "altered": pepper[:-1] + bytes([pepper[-1] ^ 1]),
        "cut": pepper[:20],
        "empty": b"",
    }[broken]
    sealer = Sealer(NEW) if broken == "other secret" else Sealer(OLD)
    with pytest.raises(PepperUnreadable, match="erased people"):
        Tombstones(sealer).digest(shown, ISSUER, SUBJECT)
