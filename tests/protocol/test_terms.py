"""Whom the terms concern, what they are known by, and what an acceptance says."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import DatabaseUnavailable, InvalidRequest, RequestTooLarge, TermsRequired
from watchword.models.record import MAX_TERMS_BYTES as KEPT_BYTES
from watchword.protocol.principal import Anonymous, Principal, Rejected, whoever_accepted
from watchword.protocol.terms import (
    MAX_ACCEPTANCE_BYTES,
    MAX_TERMS_BYTES,
    Acceptance,
    duty,
    read_acceptance,
    terms_of,
)
from watchword.protocol.terms_text import Block, blocks, is_text

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MACHINE = Principal(
    user_id=None,
    session_id=None,
    client_id="batch",
    roles=frozenset(),
    scopes=frozenset(),
    issuer="https://app.example.test",
    subject="batch",
)
STRANGER = replace(MACHINE, subject="auth0|1", issuer="https://id.example.test")


def test_a_person_with_an_account_has_to_accept() -> None:
    """Whoever issued the token, and whatever it says besides."""
    for caller in (replace(MACHINE, user_id="u", session_id="s"), replace(STRANGER, user_id="u")):
        assert duty(caller) == "accept"
        assert duty(replace(caller, claims={"gty": "client-credentials"})) == "accept"


def test_a_client_in_its_own_name_accepts_nothing() -> None:
    """By RFC 9068 §2.2 its subject is itself; Auth0 and Entra say it by claims of their own."""
    assert duty(MACHINE) == "none"
    assert duty(replace(STRANGER, claims={"gty": "client-credentials"})) == "none"
    assert duty(replace(STRANGER, claims={"idtyp": "app"})) == "none"


@pytest.mark.parametrize("claims", [{}, {"gty": "password"}, {"idtyp": "user"}, {"gty": True}])
def test_a_person_without_an_account_needs_one(claims: dict[str, object]) -> None:
    """Nobody is taken for a machine who does not prove to be one."""
    assert duty(replace(STRANGER, claims=claims)) == "have_an_account"
    assert duty(replace(MACHINE, session_id="s", claims=claims)) == "have_an_account"


def test_who_is_behind_a_refusal() -> None:
    """Only a refusal because of the terms has somebody behind it."""
    assert whoever_accepted(MACHINE) is MACHINE
    assert whoever_accepted(Anonymous()) == Anonymous()
    assert whoever_accepted(Rejected(TermsRequired(), behind=MACHINE)) is MACHINE
    refused = Rejected(DatabaseUnavailable())
    assert whoever_accepted(refused) is refused


def test_the_digest_is_that_of_the_file() -> None:
    """As sha256sum computes it, byte order mark and line ends included."""
    for content in (b"Be kind.\n", b"\xef\xbb\xbfBe kind.\r\n"):
        terms = terms_of("1", content, "https://example.test/terms")
        assert terms.digest == hashlib.sha256(content).digest()
        assert terms.text is not None
        assert terms.text.encode() == content
    with pytest.raises(UnicodeDecodeError):
        terms_of("1", b"\xff", None)


def test_a_link_is_known_by_version_and_address() -> None:
    """Another of either is other terms."""
    link = terms_of("1", None, "https://example.test/terms")
    assert link.text is None
    others = [terms_of("2", None, link.url), terms_of("1", None, "https://example.test/other")]
    assert len({link.digest, *(each.digest for each in others)}) == 3


def test_an_acceptance_fits_one_text_only() -> None:
    """The version has to be the one in force and the digest, where it is sent, too."""
    terms = terms_of("1", b"Be kind.", None)
    assert Acceptance("1").fits(terms)
    assert Acceptance("1", terms.digest.hex()).fits(terms)
    assert not Acceptance("2").fits(terms)
    assert not Acceptance("1", "00" * 32).fits(terms)
    assert not Acceptance("1", "").fits(terms)


def test_an_acceptance_is_read_from_a_form_or_json() -> None:
    """Whatever else is in it is left alone."""
    assert read_acceptance(FORM, b"version=1&return_to=%2Fx&more=y") == Acceptance("1", None, "/x")
    assert read_acceptance(JSON, b'{"version": "1", "digest": "ab", "x": [1]}') == Acceptance("1", "ab")
    assert read_acceptance("application/vnd.x+json", b'{"version":"1"}') == Acceptance("1")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (None, b"version=1"),
        ("text/plain", b"version=1"),
        (FORM, b""),
        (FORM, b"version="),
        (FORM, b"version=1&version=2"),
        (JSON, b""),
        (JSON, b"[]"),
        (JSON, b'{"version": 1}'),
        (JSON, b'{"version": null}'),
        (JSON, b'{"version": "1", "version": "2"}'),
        (JSON, b'{"version": "1", "digest": 5}'),
        (JSON, b'{"version": "1", "return_to": ["/x"]}'),
        (JSON, b'{"version": NaN}'),
        (JSON, b"\xff"),
    ],
)
def test_what_accepts_nothing(kind: str | None, body: bytes) -> None:
    """Every other shape is refused, never guessed at."""
    with pytest.raises(InvalidRequest):
        read_acceptance(kind, body)


@pytest.mark.parametrize("kind", [FORM, JSON])
def test_a_long_body_is_not_read(kind: str) -> None:
    """Whatever it is about."""
    with pytest.raises(RequestTooLarge):
        read_acceptance(kind, b"version=" + b"1" * MAX_ACCEPTANCE_BYTES)


@settings(derandomize=True, deadline=None)
@given(st.sampled_from([FORM, JSON, "", "application/xml"]), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(kind: str, body: bytes) -> None:
    """Nothing but an acceptance or InvalidRequest comes out."""
    with suppress(InvalidRequest):
        assert read_acceptance(kind, body).version


def test_what_is_read_can_be_kept() -> None:
    """The bound of a file is that of its column."""
    assert MAX_TERMS_BYTES == KEPT_BYTES


def test_the_markup_of_a_text() -> None:
    """Headings, lists, paragraphs; lines of a paragraph are joined, everything else is text."""
    text = "\ufeff# Terms\nBe\r\nkind.\n\n- to people\n* to <b>animals</b>\n\n\n## More\n#none\n-none"
    assert blocks(text) == [
        Block("heading", ("Terms",), 1),
        Block("paragraph", ("Be kind.",)),
        Block("list", ("to people", "to <b>animals</b>")),
        Block("heading", ("More",), 2),
        Block("paragraph", ("#none -none",)),
    ]
    assert blocks(" \n ") == []


def test_no_heading_skips_a_level() -> None:
    """A text that begins with a third level, or jumps to it, is brought into order."""
    levels = [block.level for block in blocks("### a\n### b\n# c\n#\td\n### e")]
    assert levels == [1, 2, 1, 1, 2]


@settings(derandomize=True, deadline=None)
@given(st.text(alphabet="ab#-* \t\n\r", max_size=60))
def test_no_word_of_a_text_is_lost(text: str) -> None:
    """All that is not markup or blank is shown, in order."""
    shown = "".join("".join(block.parts) for block in blocks(text))
    assert [char for char in shown if char in "ab"] == [char for char in text if char in "ab"]


def test_what_is_a_text() -> None:
    """Something to read, without control characters."""
    assert is_text("a\tb\r\nc")
    for content in ("", " \n", "\ufeff", "a\0b", "a\x1bb", "\x0c", "\x85"):
        assert not is_text(content)
