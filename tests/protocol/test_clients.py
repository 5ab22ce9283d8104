"""Registered clients (RFC 6749 §2)."""

from __future__ import annotations

import pytest

from watchword.errors import InvalidScope, UnauthorizedClient
from watchword.protocol.clients import FOR_PEOPLE, GRANT_TYPES, Client, Credential


@pytest.mark.parametrize(("credential", "confidential"), [("none", False), ("secret", True), ("key", True)])
def test_a_client_with_a_credential_is_confidential(credential: Credential, confidential: bool) -> None:
    """RFC 6749 §2.1."""
    assert Client("a", credential=credential).is_confidential is confidential


def test_a_client_signs_people_in_unless_it_says_otherwise() -> None:
    """What a public client has always been."""
    assert Client("a").grants == FOR_PEOPLE == set(GRANT_TYPES) - {"client_credentials"}
    for grant in FOR_PEOPLE:
        Client("a").require_grant(grant)
    with pytest.raises(UnauthorizedClient):
        Client("a").require_grant("client_credentials")


def test_a_client_has_its_scopes_or_fewer() -> None:
    """None asked for is all, an empty list none, one too many a refusal."""
    client = Client("a", scopes=frozenset({"x", "y"}))
    assert client.scopes_for_itself(None) == {"x", "y"}
    assert client.scopes_for_itself(frozenset({"y"})) == {"y"}
    assert client.scopes_for_itself(frozenset()) == frozenset()
    with pytest.raises(InvalidScope):
        client.scopes_for_itself(frozenset({"y", "z"}))
