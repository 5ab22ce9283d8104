"""Secrets of clients in memory: keyed hashes, and the same work for everybody."""

from __future__ import annotations

import hmac

import pytest

from watchword.auth.client_secrets import ClientSecrets
from watchword.protocol.client_secret import secret_digest

OLD, NEW, OTHER = "old" * 20, "new" * 20, "other" * 20
KEY = bytes(range(32))


@pytest.fixture
def held() -> ClientSecrets:
    digests = {"rolling": [secret_digest(OLD), secret_digest(NEW)], "one": [secret_digest(OTHER)]}
    return ClientSecrets(digests, KEY)


def test_a_client_has_its_own_secrets_and_no_others(held: ClientSecrets) -> None:
    """Both while one is rolled; another client's are nothing, and nobody has none."""
    pairs = {
        (name, text): held.match(name, text)
        for name in ("rolling", "one", "nobody")
        for text in (OLD, NEW, OTHER)
    }
    assert {pair for pair, matches in pairs.items() if matches} == {
        ("rolling", OLD),
        ("rolling", NEW),
        ("one", OTHER),
    }
    assert not ClientSecrets({}, KEY).match("nobody", "")


def test_what_is_held_is_neither_secret_nor_digest(held: ClientSecrets) -> None:
    """And it is worth nothing under another SECRET_KEY."""
    shown = repr(vars(held)).encode()
    for text in (OLD, NEW, OTHER):
        assert text.encode() not in shown
        assert repr(secret_digest(text)).encode() not in shown
    elsewhere = ClientSecrets({"one": [secret_digest(OTHER)]}, bytes(32))
    assert vars(held)["_hashes"]["one"][0] != vars(elsewhere)["_hashes"]["one"][0]


@pytest.mark.parametrize("client_id", ["rolling", "one", "nobody"])
def test_x_20_every_look_up_compares_as_much(
    held: ClientSecrets, monkeypatch: pytest.MonkeyPatch, client_id: str
) -> None:
    """Whether a client exists, has one secret or two, and whether it was the first that fitted."""
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def counting(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    for text in (OLD, "x"):
        compared.clear()
        held.match(client_id, text)
        assert compared == [(32, 32)] * 2
