"""Addresses that may join accounts: one reading, or none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.email_address import EmailAddress, read_believed_address, read_email_address

LONG = "a" * 64
DOMAIN = ".".join(["d" * 63, "d" * 63, "d" * 57, "org"])

PLAIN = {
    "alice@good.example": EmailAddress("alice", "good.example"),
    "Alice.O'Neill+tag_1-x@Good.EXAMPLE": EmailAddress("Alice.O'Neill+tag_1-x", "good.example"),
    "a@xn--bcher-kva.example": EmailAddress("a", "xn--bcher-kva.example"),
    f"{LONG}@{DOMAIN}": EmailAddress(LONG, DOMAIN),
    "a@1.2.example": EmailAddress("a", "1.2.example"),
}

NOT_PLAIN = [
    "",
    "@",
    "alice",
    "@good.example",
    "alice@",
    "a@evil.example@good.example",
    "a@evil.example\0@good.example",
    "a@good.example.",
    "a@.good.example",
    "a@good..example",
    "a@good",
    "a@localhost",
    "a@127.0.0.1",
    "a@[127.0.0.1]",
    "a@good.example:25",
    "a@-good.example",
    "a@good-.example",
    "a@g_d.example",
    "a@good.example\n",
    " a@good.example",
    "a b@good.example",
    "a\t@good.example",
    ".a@good.example",
    "a.@good.example",
    "a..b@good.example",
    '"a"@good.example',
    '"a@evil.example"@good.example',
    "a(comment)@good.example",
    "a@(comment)good.example",
    "<a@good.example>",
    "A <a@good.example>",
    "a@good.example,b@good.example",
    "a;b@good.example",
    "@evil.example:a@good.example",
    "evil.example!a@good.example",
    "a%evil.example@good.example",
    "a\\@b@good.example",
    "älice@good.example",
    "\N{CYRILLIC SMALL LETTER A}lice@good.example",
    "\N{KELVIN SIGN}ate@good.example",
    "a@g\N{CYRILLIC SMALL LETTER O}od.example",
    "a@bücher.example",
    "a@good\N{IDEOGRAPHIC FULL STOP}example",
    "a\N{FULLWIDTH COMMERCIAL AT}good.example",
    "a\N{ZERO WIDTH SPACE}@good.example",
    f"{LONG}a@good.example",
    f"a@{'d' * 64}.example",
    f"{LONG}@{DOMAIN}a",
]


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_address_is_read(text: str) -> None:
    """The local part to the letter, the domain in lower case."""
    assert read_email_address(text) == PLAIN[text]


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_lk_what_two_parties_could_read_differently_is_none(text: str) -> None:
    """Quotes, comments, routes, literals, two signs, blanks, and everything beyond ASCII."""
    assert read_email_address(text) is None


@settings(derandomize=True, deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"[^@]{1,9}@[^@]{1,9}\.[a-z]{2,3}")))
def test_a_read_address_reads_the_same_again(text: str) -> None:
    """Nothing is unfolded or mended: the address is the text, but for the case of the domain."""
    address = read_email_address(text)
    if address is not None:
        assert read_email_address(str(address)) == address
        assert str(address).lower() == text.lower()
        assert text.isascii()


@pytest.mark.parametrize(
    ("text", "believed"),
    [
        ("a@good.example", True),
        ("a@GOOD.example", True),
        ("a@sub.good.example", False),
        ("a@notgood.example", False),
        ("a@example", False),
        ("a@good.example.evil.example", False),
        ("a@@good.example", False),
        (None, False),
    ],
)
def test_a_provider_is_believed_for_exactly_its_domains(text: str | None, believed: bool) -> None:
    """No subdomain, no parent, no ending of a name."""
    address = read_believed_address(text, domains=("good.example", "other.example"))
    assert (address is not None) is believed


def test_no_domain_means_nobody() -> None:
    """An empty list believes no address."""
    assert read_believed_address("a@good.example", domains=()) is None
