"""``docs/operations/limits.md`` says the numbers that the code has."""

from __future__ import annotations

import pytest
from annotated_types import Le

from tests.house.tree import ROOT
from watchword.api.limited import LIMITED
from watchword.auth.rate_limits import REFRESHES_PER_SESSION
from watchword.config.auth import Settings
from watchword.config.deployment import EVERYBODY
from watchword.protocol.client_ip import counted_address
from watchword.rate_limiting.memory import MAX_HITS, MAX_KEYS
from watchword.rate_limiting.shared import PATIENCE_SECONDS, RETRY_SECONDS


def text() -> str:
    page = (ROOT / "docs/operations/limits.md").read_text(encoding="utf-8")
    return " ".join(page.split())


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """How long, how often, how many."""
    (most_hops,) = (
        each.le for each in Settings.model_fields["trusted_proxy_hops"].metadata if isinstance(each, Le)
    )
    for said in (
        f"has verified: {REFRESHES_PER_SESSION.amount} a minute",
        f"It is at most {most_hops}, and there is no way",
        f"A request waits {PATIENCE_SECONDS:g} s at most",
        f"after that one asks every {RETRY_SECONDS:g} s",
        f"a cache that nobody has asked for {RETRY_SECONDS:g} s looked at",
        f"{MAX_KEYS:,} callers and {MAX_HITS:,} requests at most",
        *(f"`{each}`" for each in EVERYBODY),
    ):
        assert said in text(), said


@pytest.mark.parametrize(
    ("network", "inside"),
    [("64:ff9b::/96", "64:ff9b::c000:207"), ("2002::/16", "2002:c000:207::1")],
)
def test_the_translations_of_the_page_are_undone(network: str, inside: str) -> None:
    """Each named network counts as the address in it."""
    assert f"(`{network}`)" in text()
    assert counted_address(inside) == "192.0.2.7"


def test_what_the_page_calls_unlimited_is() -> None:
    """Nothing of it has got a limit meanwhile."""
    assert "Not limited, knowingly: logout and back-channel logout" in text()
    unlimited = {"/auth/verify", "/auth/logout", "/auth/revoke", "/auth/backchannel-logout/{provider}"}
    assert not unlimited & LIMITED.keys()
