"""The refresh token's wire form."""

from __future__ import annotations

import hashlib
import string
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import RefreshRefused
from watchword.protocol import refresh_token

KEY, OLDER, FOREIGN = b"k" * 32, b"o" * 32, b"f" * 32
SESSION = UUID("01890000-0000-7000-8000-000000000001")
SECRET = bytes(range(32))


def test_a_token_reads_back_as_it_was_minted() -> None:
    """Id and generation survive the wire form, and only the digest is for storage."""
    minted = refresh_token.mint(SESSION, 7, SECRET, tag_key=KEY)
    read = refresh_token.read(minted.text, tag_keys=[KEY])
    assert (read.session_id, read.generation, read.text) == (SESSION, 7, minted.text)
    assert minted.text.startswith("wtr_")
    assert read.digest == hashlib.sha256(minted.text.encode()).digest()


def test_a_token_of_an_older_secret_key_still_reads() -> None:
    """Rotating SECRET_KEY signs nobody out."""
    minted = refresh_token.mint(SESSION, 1, SECRET, tag_key=OLDER)
    assert refresh_token.read(minted.text, tag_keys=[KEY, OLDER]).session_id == SESSION


def test_a_token_of_a_foreign_key_is_refused() -> None:
    """Nobody without our secret can make one."""
    minted = refresh_token.mint(SESSION, 1, SECRET, tag_key=FOREIGN)
    with pytest.raises(RefreshRefused):
        refresh_token.read(minted.text, tag_keys=[KEY, OLDER])


def test_the_token_does_not_print() -> None:
    """repr() shows session and generation, never the secret."""
    minted = refresh_token.mint(SESSION, 1, SECRET, tag_key=KEY)
    assert minted.text not in repr(minted)
    assert minted.text[10:40] not in repr(minted)


@settings(derandomize=True, deadline=None)
@given(position=st.integers(0, 115), char=st.sampled_from(string.ascii_letters + string.digits + "-_=+/ \n"))
def test_any_altered_character_is_refused(position: int, char: str) -> None:
    """The tag covers every character; there are no two spellings of one token."""
    text = refresh_token.mint(SESSION, 3, SECRET, tag_key=KEY).text
    altered = text[:position] + char + text[position + 1 :]
    if altered != text:
        with pytest.raises(RefreshRefused):
            refresh_token.read(altered, tag_keys=[KEY])


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=200))
def test_ses_29_no_text_raises_anything_but_a_refusal(text: str) -> None:
    """Truncated, padded, foreign or random text: one and the same refusal."""
    for candidate in (text, "wtr_" + text, ("wtr_" + text).ljust(116, "A")[:116]):
        with pytest.raises(RefreshRefused):
            refresh_token.read(candidate, tag_keys=[KEY])


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: t + "\n", str.lower, str.upper]
)
def test_ses_29_near_misses_are_refused(change: object) -> None:
    """Truncated, lengthened, another case, a trailing newline."""
    assert callable(change)
    text = refresh_token.mint(SESSION, 1, SECRET, tag_key=KEY).text
    with pytest.raises(RefreshRefused):
        refresh_token.read(change(text), tag_keys=[KEY])


@pytest.mark.parametrize(("ours", "other"), [("-", "+"), ("_", "/")])
def test_a_token_has_no_second_spelling(ours: str, other: str) -> None:
    """The letters of plain base64 mean the same bytes, but would be another text with another digest; of
    the previous token that would be a replay, which ends the session."""
    text = refresh_token.mint(SESSION, 1, bytes.fromhex("fbffbfbeffef" * 5 + "ffff"), tag_key=KEY).text
    assert ours in text
    with pytest.raises(RefreshRefused):
        refresh_token.read(text.replace(ours, other), tag_keys=[KEY])
    with pytest.raises(RefreshRefused):
        refresh_token.read(text.replace(ours, other, 1), tag_keys=[KEY])


@pytest.mark.parametrize("generation", [0, -1, 2**31])
def test_generations_out_of_range_cannot_be_minted(generation: int) -> None:
    """The wire form holds 1 to 2³¹-1."""
    with pytest.raises(ValueError, match="generation"):
        refresh_token.mint(SESSION, generation, SECRET, tag_key=KEY)


def test_a_short_secret_cannot_be_minted() -> None:
    """256 bits or nothing."""
    with pytest.raises(ValueError, match="32 bytes"):
        refresh_token.mint(SESSION, 1, SECRET[:-1], tag_key=KEY)
