"""Which texts can be a client's secret of 256 bits, and what is kept of one."""

from __future__ import annotations

import base64
import hashlib
import random
import string

import pytest

from watchword.protocol.client_secret import MAX_SECRET_CHARS, secret_digest, secret_fault


def chance(count: int) -> list[bytes]:
    """32 bytes, always the same ones, as many times."""
    return [hashlib.sha256(f"client secret {number}".encode()).digest() for number in range(count)]


@pytest.mark.parametrize(
    "spell",
    [
        bytes.hex,
        lambda raw: raw.hex().upper(),
        lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="),
        lambda raw: base64.b64encode(raw).decode(),
        lambda raw: base64.b32encode(raw).decode(),
        lambda raw: base64.b32encode(raw).decode().lower().rstrip("="),
        lambda raw: str(int.from_bytes(raw, "big")).rjust(78, "7"),
    ],
    ids=["hex", "HEX", "base64url", "base64", "BASE32", "base32", "digits"],
)
def test_no_spelling_of_256_random_bits_is_refused(spell: object) -> None:
    """A thousand each: whatever tool made them."""
    assert callable(spell)
    assert not [text for raw in chance(1000) if secret_fault(text := spell(raw))]


def test_letters_digits_and_signs_by_chance_are_accepted() -> None:
    """As password managers make them, with everything a Basic header has to encode."""
    drawn = random.Random(7)  # noqa: S311 -- the same texts in every run
    visible = [chr(code) for code in range(0x21, 0x7F)]
    for alphabet in (string.ascii_letters + string.digits, visible):
        for _ in range(500):
            assert secret_fault("".join(drawn.choices(alphabet, k=43))) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "blanks"),
        ("a b" * 20, "blanks"),
        ("é" * 50, "blanks"),
        ("x" * 42 + "\n", "blanks"),
        ("x\0" * 30, "blanks"),
        ("hunter2", "cannot hold 256 bits"),
        ("q8sWx2nA7dKe0LhV5yTzR3mB9cJ1gUfP6oXi4vDtEb", "cannot hold 256 bits: of 42 such characters 43"),
        (chance(1)[0].hex()[:63], "cannot hold 256 bits: of 63 such characters 64"),
        ("q8swx2na7dke0lhv5ytzr3mb9cj1gufp6oxi4vdteb8q2wsxz", "of 49 such characters 50"),
        ("31415926535897932384626433832795028841971693993751058209749445923078164062862", "77 such"),
        ("0" * 78, "placeholder"),
        ("x" * 50, "placeholder"),
        ("x" * 43, "cannot hold 256 bits: of 43 such characters 50"),
        ("0123456789abcdef" * 4, "placeholder"),
        ("Abc123XyzDef456Uvw-_" * 3, "placeholder"),
        ("this-is-My-Secret-value-for-batch-jobs-2026-11", "placeholder"),
        ("ChangeMe-q8sWx2nA7dKe0LhV5yTzR3mB9cJ1gUfP6oXi4v", "placeholder"),
        ("qW" * 300, "longer than 512"),
    ],
)
def test_what_cannot_be_one_is_refused_with_the_fix(text: str, says: str) -> None:
    """Too short for its alphabet, repeated, or words; never repeated in the message."""
    fault = secret_fault(text)
    assert fault is not None
    assert says in fault
    assert len(text) > MAX_SECRET_CHARS or "openssl rand -hex 32" in fault
    assert not text or text not in fault


def test_a_digest_is_of_this_text_and_this_purpose() -> None:
    """It differs for every text, and it is not the plain SHA-256 that another system may hold."""
    assert secret_digest("a") != secret_digest("b")
    assert secret_digest("a") != hashlib.sha256(b"a").digest()
    assert len(secret_digest("\ud800")) == 32
