"""What a refused ID token of a refresh means (OpenID Connect Core §12.2)."""

from __future__ import annotations

import pytest

from watchword.protocol.claims import ClaimError
from watchword.protocol.jws import JwsError, UnknownKey
from watchword.protocol.refreshed_identity import withdrawal


@pytest.mark.parametrize("claim", ["iss", "sub", "oid", "tid", "hd"])
@pytest.mark.parametrize("reason", ["mismatch", "missing", "wrong_type"])
def test_rp_27_rp_28_another_identity_ends_the_grant(claim: str, reason: str) -> None:
    """Or an unnamed one, or one of an organisation whose people are not let in."""
    assert withdrawal(ClaimError(claim, reason), subject_claim="oid") == "wrong_identity"


@pytest.mark.parametrize("claim", ["aud", "azp", "exp", "iat", "nbf", "at_hash", "auth_time", "alg", "oid"])
def test_what_is_not_about_the_person_ends_nothing(claim: str) -> None:
    """Clocks, audiences and hashes are between the provider and us."""
    assert withdrawal(ClaimError(claim, "mismatch"), subject_claim="sub") is None


def test_a_signature_that_fails_under_the_named_key_is_not_the_providers() -> None:
    """An unknown key may be one that was not fetched yet, and other faults are no forgery."""
    assert withdrawal(JwsError("bad_signature", "x"), subject_claim="sub") == "bad_signature"
    for fault in (UnknownKey("x"), JwsError("alg_not_allowed", "x"), JwsError("malformed", "x")):
        assert withdrawal(fault, subject_claim="sub") is None
