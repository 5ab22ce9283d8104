"""What a fault of a refreshed ID token says about the person it should be of (OpenID Connect Core §12.2)."""

from __future__ import annotations

from typing import Final, Literal

from watchword.protocol.claims import ClaimError
from watchword.protocol.jws import JwsError

_WHO: Final = frozenset({"iss", "sub", "tid", "hd"})

Withdrawal = Literal["wrong_identity", "bad_signature"]


def withdrawal(fault: JwsError | ClaimError, *, subject_claim: str) -> Withdrawal | None:
    """Why the provider no longer stands by the person; None for a fault that says nothing about them: a
    key that nobody knows yet, clocks that disagree, a token for another audience or of another kind.

    ``subject_claim`` is the claim people of this provider are known by. Another issuer or subject is
    somebody else, another tenant or domain somebody who would not be let in. A signature that fails
    under the very key the token names is not the provider's.
    """
    if isinstance(fault, JwsError):
        return "bad_signature" if fault.reason == "bad_signature" else None
    return "wrong_identity" if fault.claim in _WHO | {subject_claim} else None
