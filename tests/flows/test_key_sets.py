"""What a provider may publish as its keys (RFC 7517 §5; the limits are ours)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.flows.changes import always, put
from tests.flows.conftest import Service
from tests.flows.key_reader import KeyReader
from watchword.errors import ProviderResponseInvalid

TWO_DAYS_SECONDS = 2 * 86_400
NO_SETS: dict[str, Any] = {
    "an empty object": {},
    "null": {"keys": None},
    "an object of keys": {"keys": {"kid": {}}},
    "no key at all": {"keys": []},
    "a list": [],
    "10,000 keys": {"keys": [{"kty": "EC"}] * 5_000},
    "51 keys": {"keys": [{"kty": "EC"}] * 51},
    "symmetric only": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
}


@pytest.mark.parametrize("document", NO_SETS.values(), ids=NO_SETS)
async def test_net_8_what_is_no_key_set_is_refused(reader: KeyReader, document: Any) -> None:
    """The provider is told as faulty, and nothing is verified."""
    reader.provider.behaviour.jwks = always(document)
    assert await reader.outcome(reader.signed()) is ProviderResponseInvalid


def number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode().rstrip("=")


COORDINATE = base64.urlsafe_b64encode(b"\x01" * 32).decode().rstrip("=")
BAD_KEYS: dict[str, Any] = {
    "not an object": "key",
    "null": None,
    "empty": {},
    "symmetric": {"kty": "oct", "k": "c2VjcmV0"},
    "RSA of 1024 bits": {"kty": "RSA", "n": number(2**1023 + 1), "e": "AQAB"},
    "RSA of 16,384 bits": {"kty": "RSA", "n": number(2**16383 + 1), "e": "AQAB"},
    "RSA with e=1": {"kty": "RSA", "n": number(2**2047 + 1), "e": "AQ"},
    "RSA with an even e": {"kty": "RSA", "n": number(2**2047 + 1), "e": "AQAC"},
    "EC off its curve": {"kty": "EC", "crv": "P-256", "x": COORDINATE, "y": COORDINATE},
    "EC of another length": {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"},
    "EC of an unknown curve": {"kty": "EC", "crv": "secp256k1", "x": COORDINATE, "y": COORDINATE},
    "kid a number": {"kty": "EC", "kid": 7},
    "kty a list": {"kty": ["EC"]},
    "for encryption": {"use": "enc"},
    "for nothing": {"key_ops": []},
    "for signing only": {"key_ops": ["sign"]},
    "of another algorithm": {"alg": "RS256"},
    "private": {"d": COORDINATE},
}


def test_net_8_one_bad_key_spoils_nothing(service: Service) -> None:
    """Beside any bad key, first or last, the good one is found."""
    for bad in BAD_KEYS.values():
        service.clock.advance(TWO_DAYS_SECONDS)
        service.provider.behaviour.jwks = lambda given, bad=bad: {"keys": [bad, *given["keys"], bad]}
        assert service.sign_in(service.browser()).status_code == 303, bad


@pytest.mark.parametrize("spoil", ["for encryption", "for nothing", "for signing only", "private"])
async def test_net_8_the_right_material_in_a_wrong_key_is_not_used(reader: KeyReader, spoil: str) -> None:
    """The key that signed, but published as what must not verify."""
    reader.provider.behaviour.jwks = lambda given: {"keys": [{**given["keys"][0], **BAD_KEYS[spoil]}]}
    assert await reader.outcome(reader.signed()) is ProviderResponseInvalid


async def test_net_8_one_kid_for_two_keys_means_neither(reader: KeyReader) -> None:
    """Different material under one name: both refused. The same key twice is that key."""
    provider = reader.provider
    provider.rotate_keys()
    published = provider.keys.jwks()["keys"]
    provider.behaviour.jwks = put(keys=[{**each, "kid": published[0]["kid"]} for each in published])
    assert await reader.outcome(reader.signed()) is ProviderResponseInvalid
    provider.behaviour.jwks = put(keys=[published[0], published[0]])
    assert await reader.outcome(reader.signed()) is None
