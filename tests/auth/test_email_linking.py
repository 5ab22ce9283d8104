"""Who is believed about an address: providers that are configured to be, now, on both sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from watchword.auth.email_linking import EmailLinking
from watchword.auth.ports import ProviderIdentity
from watchword.config.provider import ProviderSettings

ALICE = "alice@good.example"
NEW = ProviderIdentity("new", "https://new.example", "a", ALICE, True, None, None)


def provider(name: str, **changes: Any) -> ProviderSettings:
    plain = {"issuer": f"https://{name}.example", "client_id": "app", "client_auth": "none"}
    return ProviderSettings.model_validate({**plain, **changes})


def linking(**old: Any) -> EmailLinking:
    """The new provider links; what the old one is believed differs."""
    new = provider("new", link_verified_email=True, email_domains=["good.example"])
    return EmailLinking({"new": new, "old": provider("old", **old)})


@pytest.mark.parametrize(
    ("old", "on_record", "joins"),
    [
        ({"email_domains": ["good.example"]}, ("old", "https://old.example"), True),
        ({}, ("old", "https://old.example"), False),
        ({"email_domains": ["other.example"]}, ("old", "https://old.example"), False),
        ({"email_domains": ["good.example"]}, ("old", "https://former.example"), False),
        ({"email_domains": ["good.example"]}, ("gone", "https://old.example"), False),
        (
            {"email_domains": ["good.example"], "preset": "entra"},
            ("old", "https://old.example"),
            False,
        ),
    ],
)
def test_the_account_must_have_its_address_from_who_is_believed(
    old: dict[str, Any], on_record: tuple[str, str], joins: bool
) -> None:
    """Or an attacker opens an account under the victim's address at a provider that checks nothing, and
    the victim joins it (pre-hijacking). A provider that is gone, was another one, or whose addresses
    are never believed counts as much as any stranger."""
    link = linking(**old).link_for(NEW)
    assert link is not None
    assert link.joins(*on_record, ALICE) is joins
    assert not link.joins(*on_record, "ALICE@good.example")
    assert not link.joins(*on_record, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"email_verified": False},
        {"email": None},
        {"email": "alice@other.example"},
        {"provider_id": "old"},
        {"provider_id": "gone"},
    ],
)
def test_most_sign_ins_link_by_nothing(changes: dict[str, Any]) -> None:
    """Not verified, no address, another domain, a provider that does not link."""
    assert linking(email_domains=["good.example"]).link_for(replace(NEW, **changes)) is None
