"""Proof that an unsafe request is same-origin (Fetch Metadata, RFC 6454)."""

from __future__ import annotations

import pytest

from watchword.protocol.origin import SAFE_METHODS, is_same_origin, origin_of

OURS = "https://app.test"


def same(site: list[str], origin: list[str]) -> bool:
    return is_same_origin(base_url_origin=OURS, sec_fetch_site=site, origin=origin)


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("https://app.test", "https://app.test"),
        ("https://APP.Test:443/", "https://app.test"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:80", "http://localhost"),
        ("HTTP://[0::1]:8000", "http://[::1]:8000"),
    ],
)
def test_origin_of_is_what_a_browser_sends(base_url: str, origin: str) -> None:
    """Lower case, default port left out, address compressed."""
    assert origin_of(base_url) == origin


@pytest.mark.parametrize(
    "base_url", ["", "app.test", "ftp://app.test", "https://u@app.test", "https://b\u00fccher.test"]
)
def test_origin_of_refuses_what_has_none(base_url: str) -> None:
    """A base URL without a clear origin is a configuration fault."""
    with pytest.raises(ValueError, match=r"^(is|has|holds|carries) "):
        origin_of(base_url)


@pytest.mark.parametrize("origin", [[], [OURS], ["null"], ["https://evil.test"]])
def test_ses_73_sec_fetch_site_decides_where_present(origin: list[str]) -> None:
    """Only same-origin passes, whatever Origin says."""
    assert same(["same-origin"], origin) is True
    for site in (
        "same-site",
        "cross-site",
        "none",
        "",
        "Same-Origin",
        "same-origin ",
        "same-origin, same-origin",
    ):
        assert same([site], origin) is False


def test_ses_73_sec_fetch_site_twice_is_no_proof() -> None:
    """Equal ones too."""
    assert same(["same-origin", "same-origin"], [OURS]) is False
    assert same(["same-origin", "cross-site"], [OURS]) is False


@pytest.mark.parametrize(
    ("origin", "passes"),
    [
        ([OURS], True),
        ([], False),
        (["null"], False),
        ([""], False),
        (["https://evil.test"], False),
        (["https://sub.app.test"], False),
        (["https://app.test.evil"], False),
        (["http://app.test"], False),
        (["https://app.test:8443"], False),
        (["https://app.test/"], False),
        (["https://app.test\u0000"], False),
        ([OURS, OURS], False),
        ([f"{OURS}, {OURS}"], False),
    ],
)
def test_ses_73_origin_has_to_be_equal_where_fetch_metadata_is_missing(
    origin: list[str], passes: bool
) -> None:
    """Exactly our origin, once; neither header is no proof."""
    assert same([], origin) is passes


def test_safe_methods_are_those_that_change_nothing() -> None:
    """TRACE and unknown methods need the proof."""
    assert frozenset({"GET", "HEAD", "OPTIONS"}) == SAFE_METHODS
