"""Single values sealed anew, and what an envelope that was tampered with does to those who open it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.auth.test_grant_keeper import ID_TOKEN, client, keeper
from tests.contract.sealed import HERE, NEW, NEW_ID, OLD, OLD_ID, grant_id, sealed_grant, stored_key
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.resealing_ports import SealedRow
from watchword.auth.seal_anew import SealAnew, Tally
from watchword.auth.sealing import Sealer, sealed_under
from watchword.errors import RefreshRefused, SealBroken, SecretKeyMismatch

BOTH = Sealer(NEW, [OLD])


def tampered(sealed: bytes) -> Iterator[bytes]:
    """Every byte with its lowest and its highest bit changed, every beginning, and one byte more."""
    for position in range(len(sealed)):
        for bit in (1, 128):
            yield sealed[:position] + bytes([sealed[position] ^ bit]) + sealed[position + 1 :]
        yield sealed[:position]
    yield sealed + b"\0"


def row(number: int = 1, **stale: bytes) -> SealedRow:
    return SealedRow("provider_grants", grant_id(number), stale)


def test_asvs_11_3_no_tampered_envelope_is_sealed_anew() -> None:
    """It is told by the key it names or as broken, and no new value is made of it."""
    sealed = sealed_grant(1, Sealer(OLD)).sealed_tokens
    assert sealed is not None
    anew = SealAnew(BOTH, [HERE])
    for altered in tampered(sealed):
        made = anew.row(row(sealed_tokens=altered))
        assert not made.new
        (told,) = made.unreadable
        known = told.key_id in (OLD_ID, NEW_ID, None)
        assert told.cause == ("seal_broken" if known else "secret_key_mismatch")
    assert anew.row(row(sealed_tokens=sealed)).new


def test_asvs_11_3_a_grant_that_was_tampered_with_opens_as_none() -> None:
    """Whoever asks the provider, or signs out there, goes on without it and never fails."""
    kept = keeper().keep(client(), id_token=ID_TOKEN, refresh_token="rt-1")
    assert kept is not None
    assert kept.sealed_tokens is not None
    assert kept.sealed_id_token is not None
    for altered in tampered(kept.sealed_tokens):
        assert keeper().open_tokens(client(), kept.grant_id, altered) is None
    for altered in tampered(kept.sealed_id_token):
        assert keeper().open_hint(client(), kept.grant_id, altered) is None


def test_asvs_11_3_a_successor_that_was_tampered_with_is_a_refused_refresh() -> None:
    """``invalid_grant``, and nothing else."""
    tokens = RefreshTokens(BOTH)
    session_id = uuid4()
    first, second = (tokens.mint(session_id, generation) for generation in (1, 2))
    sealed = tokens.seal_successor(first, second)
    assert tokens.open_successor(first, sealed) == second
    for altered in tampered(sealed):
        with pytest.raises(RefreshRefused):
            tokens.open_successor(first, altered)


def test_asvs_11_3_what_was_moved_does_not_open() -> None:
    """To another row, column, table or registration."""
    given = sealed_grant(1, Sealer(OLD))
    assert given.sealed_tokens is not None
    assert given.sealed_id_token is not None
    anew = SealAnew(BOTH, [HERE])
    moved = [
        anew.row(row(2, sealed_tokens=given.sealed_tokens)),
        anew.row(row(sealed_id_token=given.sealed_tokens)),
        anew.row(SealedRow("peppers", "name", {"sealed": given.sealed_tokens})),
        anew.row(SealedRow("key_ring_copies", "newest ring", {"sealed": given.sealed_id_token})),
        SealAnew(BOTH, ["another"]).row(row(sealed_tokens=given.sealed_tokens)),
        SealAnew(BOTH, []).row(row(sealed_tokens=given.sealed_tokens)),
    ]
    for made in moved:
        assert not made.new
        assert [each.cause for each in made.unreadable] == ["seal_broken"]


def test_a_key_of_the_ring_stays_as_it_is_unless_it_opens() -> None:
    """The very same object where there is nothing to do, or nothing to be done."""
    anew = SealAnew(BOTH, [])
    for key in (stored_key("a", "active", BOTH), stored_key("a", "active", Sealer(b"f" * 32))):
        assert anew.key(key)[1] is key
    made, key = anew.key(stored_key("a", "active", Sealer(OLD)))
    assert made.new == {"sealed_private": key.sealed_private}
    assert Sealer(NEW).open("signing-key", key.sealed_private, place=b"a") == b"private a"


def test_a_row_counts_once() -> None:
    """However many of its values were sealed anew; one that holds an unreadable value is not done."""
    given, tally, anew = sealed_grant(1, Sealer(OLD)), Tally(), SealAnew(BOTH, [HERE])
    assert given.sealed_tokens is not None
    assert given.sealed_id_token is not None
    tally.count(anew.row(row(sealed_tokens=given.sealed_tokens, sealed_id_token=given.sealed_id_token)))
    tally.count(anew.row(row(sealed_tokens=given.sealed_tokens, sealed_id_token=b"broken")))
    tally.count(anew.row(row(sealed_tokens=b"broken")))
    tally.count(anew.row(row()))
    told = tally.told()
    assert told.resealed["provider_grants"] == 2
    assert told.already["provider_grants"] == 1
    assert len(told.unreadable) == 2
    assert told.under == {OLD_ID: 3}


def test_nothing_printed_of_a_value_is_the_value() -> None:
    """Reports and errors are logged and shown."""
    given = sealed_grant(1, Sealer(OLD))
    assert given.sealed_tokens is not None
    made = SealAnew(BOTH, [HERE]).row(row(sealed_tokens=given.sealed_tokens))
    shown = f"{made!r}{row(sealed_tokens=given.sealed_tokens)!r}{Tally().told()!r}"
    assert repr(given.sealed_tokens) not in shown
    assert repr(made.new["sealed_tokens"]) not in shown


def test_secrets_are_called_by_ids_that_say_nothing() -> None:
    """In the order of the settings, each once."""
    assert Sealer(NEW, [OLD, NEW, OLD]).key_ids == (NEW_ID, OLD_ID)
    assert len(Sealer(NEW, [NEW]).subkeys("refresh-tag")) == 1
    sealed = BOTH.seal("pepper", b"value", place=b"here")
    assert sealed.startswith(BOTH.head)
    assert sealed_under(sealed) == NEW_ID
    assert [sealed_under(each) for each in (b"", b"\1abc", b"\2" + sealed[1:])] == [None] * 3
    with pytest.raises(SealBroken):
        BOTH.open("pepper", sealed, place=b"there")
    with pytest.raises(SecretKeyMismatch, match=NEW_ID):
        Sealer(OLD).open("pepper", sealed, place=b"here")
