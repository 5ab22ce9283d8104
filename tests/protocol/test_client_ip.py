"""The client's address and what is kept of it."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.client_ip import client_ip, counted_address, mask_ip

PEER = "192.0.2.1"


@pytest.mark.parametrize(
    "forwarded", [[], [b"203.0.113.9"], [b"1.1.1.1, 2.2.2.2"], [b"1.1.1.1"] * 1000, [b"\xff"], [b"unknown"]]
)
def test_ses_81_without_a_trusted_proxy_the_header_is_ignored(forwarded: list[bytes]) -> None:
    """The default: nobody outside chooses the address that limits and logs see."""
    assert client_ip(PEER, forwarded, trusted_hops=0) == PEER


@pytest.mark.parametrize(
    ("forwarded", "hops", "expected"),
    [
        ([b"203.0.113.9"], 1, "203.0.113.9"),
        ([b"6.6.6.6, 203.0.113.9"], 1, "203.0.113.9"),
        ([b"6.6.6.6", b"203.0.113.9"], 1, "203.0.113.9"),
        ([b"6.6.6.6,203.0.113.9, 10.0.0.1"], 2, "203.0.113.9"),
        ([b"6.6.6.6", b"203.0.113.9", b"10.0.0.1"], 2, "203.0.113.9"),
        ([b"203.0.113.9:4711"], 1, "203.0.113.9"),
        ([b"2001:DB8::0001"], 1, "2001:db8::1"),
        ([b"[2001:db8::1]"], 1, "2001:db8::1"),
        ([b"[2001:db8::1]:4711"], 1, "2001:db8::1"),
        ([b"::ffff:203.0.113.9"], 1, "203.0.113.9"),
        ([b"\t203.0.113.9 "], 1, "203.0.113.9"),
        ([b"6.6.6.6, " * 1000 + b"203.0.113.9"], 1, "203.0.113.9"),
    ],
)
def test_ses_81_the_right_most_untrusted_hop_is_the_client(
    forwarded: list[bytes], hops: int, expected: str
) -> None:
    """Counted from the right, over all headers; ports and brackets come off."""
    assert client_ip(PEER, forwarded, trusted_hops=hops) == expected


@pytest.mark.parametrize(
    "forwarded",
    [
        [],
        [b""],
        [b"unknown"],
        [b"_hidden"],
        [b"203.0.113.9,"],
        [b"203.0.113.9, "],
        [b"203.0.113.9 x"],
        [b"203.0.113.999"],
        [b"203.0.113.09"],
        [b"203.0.113.9:"],
        [b"203.0.113.9:123456"],
        [b"[2001:db8::1"],
        [b"fe80::1%eth0"],
        [b"2001:db8::1]:80"],
        [b"203.0.113.\xd9\xa9"],
        ["203.0.113.\u0669".encode()],
        [b"203.0.113.9\n"],
        [b"3405803785"],
        [b"1" * 100_000],
    ],
)
def test_ses_81_garbage_where_the_client_should_be_means_the_peer(forwarded: list[bytes]) -> None:
    """A chain that is not the described one is not believed."""
    assert client_ip(PEER, forwarded, trusted_hops=1) == PEER


def test_ses_81_a_chain_shorter_than_described_means_the_peer() -> None:
    """With two proxies one entry says that somebody came round one of them."""
    assert client_ip(PEER, [b"203.0.113.9"], trusted_hops=2) == PEER
    assert client_ip(PEER, [b"203.0.113.9, 10.0.0.1"], trusted_hops=2) == "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (None, None),
        ("", None),
        ("testclient", None),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:0db8::1", "2001:db8::1"),
    ],
)
def test_the_peer_is_written_one_way(peer: str | None, expected: str | None) -> None:
    """A local socket has no address; a zone and IPv6 clothes come off."""
    assert client_ip(peer, [], trusted_hops=0) == expected
    assert client_ip(peer, [b"203.0.113.9"], trusted_hops=1) == "203.0.113.9"


@settings(derandomize=True, deadline=None)
@given(st.none() | st.text(), st.lists(st.binary(max_size=80), max_size=3), st.integers(-1, 4))
def test_any_header_gives_an_address_or_none(peer: str | None, forwarded: list[bytes], hops: int) -> None:
    """Nothing raises; what comes out is an address in canonical form."""
    ip = client_ip(peer, forwarded, trusted_hops=hops)
    assert ip is None or str(ipaddress.ip_address(ip)) == ip


@pytest.mark.parametrize(
    ("ip", "kept"),
    [
        ("203.0.113.9", "203.0.113.0"),
        ("127.0.0.1", "127.0.0.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:203.0.113.9", "203.0.113.0"),
        ("2002:cb00:7109::1", "203.0.113.0"),
        ("64:ff9b::cb00:7109", "64:ff9b::"),
        ("::1", "::"),
        ("nonsense", None),
        ("fe80::1%eth0", None),
        ("", None),
        (None, None),
    ],
)
def test_truncated_keeps_the_network_only(ip: str | None, kept: str | None) -> None:
    """/24 of IPv4, also of one in the /48 of 6to4, and /48 of IPv6."""
    assert mask_ip(ip, "truncated") == kept


def test_hashed_is_keyed_and_short() -> None:
    """The same address gives the same tag under one key, another one under another key."""
    tag = mask_ip("203.0.113.9", "hashed", key=b"k" * 32)
    assert tag is not None
    assert len(tag) == 32
    assert int(tag, 16)
    assert mask_ip("::ffff:203.0.113.9", "hashed", key=b"k" * 32) == tag
    assert mask_ip("203.0.113.9", "hashed", key=b"x" * 32) != tag
    assert mask_ip("nonsense", "hashed", key=b"k") is None


@pytest.mark.parametrize("key", [None, b""])
def test_hashed_without_a_key_is_refused(key: bytes | None) -> None:
    """An unkeyed hash of an address is the address."""
    with pytest.raises(ValueError, match="need a key"):
        mask_ip("203.0.113.9", "hashed", key=key)


def test_none_keeps_nothing() -> None:
    """No address at all."""
    assert mask_ip("203.0.113.9", "none") is None


@pytest.mark.parametrize(
    ("ip", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "unknown"),
        ("testclient", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_ses_81_one_caller_is_an_address_or_a_network_of_64_bits(ip: str | None, counted: str) -> None:
    """What no address can be read from is one caller together."""
    assert counted_address(ip) == counted


@pytest.mark.parametrize(
    ("ip", "counted"),
    [
        ("64:ff9b::c000:207", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("64:ff9b:0:0:0:1:c000:207", "64:ff9b::/64"),
        ("2002:c000:207:1::1", "192.0.2.7"),
        ("2002:c000:207:ffff:ffff::", "192.0.2.7"),
        ("2001:0:cb00:7101:0:1234:3fff:fdf8", "192.0.2.7"),
        ("2001:1::1", "2001:1::/64"),
    ],
)
def test_ses_81_an_ipv4_address_in_any_clothes_is_the_same_caller(ip: str, counted: str) -> None:
    """Behind a NAT64 the whole of IPv4 is not one caller, and 6to4 makes nobody 65,536 callers."""
    assert counted_address(ip) == counted
