"""Labels in the list of sessions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.device import device_label

APPLE = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {APPLE} Chrome/142.0 Safari/537.36",
            "Chrome on Windows",
        ),
        (f"Mozilla/5.0 (Windows NT 10.0) {APPLE} Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) {APPLE} Version/18 Safari/605", "Safari on macOS"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) {APPLE} CriOS/142 Mobile Safari/604", "Chrome on iPhone"),
        (f"Mozilla/5.0 (iPad; CPU OS 18_0) {APPLE} Version/18 Mobile Safari/604", "Safari on iPad"),
        (
            f"Mozilla/5.0 (Linux; Android 15) {APPLE} SamsungBrowser/26 Chrome/122 Safari/537",
            "Samsung Internet on Android",
        ),
        (f"Mozilla/5.0 (X11; CrOS x86_64) {APPLE} Chrome/142 Safari/537", "Chrome on ChromeOS"),
        ("curl/8.11.0", "curl"),
        ("python-httpx/0.28", "Python"),
    ],
)
def test_well_known_families_are_named(user_agent: str, label: str) -> None:
    """Browsers that carry older names are told from those; tools stand alone."""
    assert device_label(user_agent) == label


@pytest.mark.parametrize(
    "user_agent", [None, "", "x", "Linux", "<script>alert(1)</script>", "\x00", "x" * 600 + "curl/8"]
)
def test_unknown_agents_have_no_label(user_agent: str | None) -> None:
    """No guess, no system alone, nothing beyond the first 512 characters."""
    assert device_label(user_agent) is None


@settings(derandomize=True, deadline=None)
@given(st.text(), st.text())
def test_nothing_of_the_header_comes_out(before: str, after: str) -> None:
    """The label is one of ours, whatever surrounds the known name."""
    label = device_label(before[:50] + "Firefox/" + after)
    assert label is not None
    assert len(label) < 40
    assert label.isascii()
