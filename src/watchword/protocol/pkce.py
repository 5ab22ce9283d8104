"""Proof Key for Code Exchange, method ``S256`` only (RFC 7636 §4, RFC 9700 §2.1.1)."""

from __future__ import annotations

import hashlib
import re

from watchword.protocol import base64url

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def is_verifier(text: str) -> bool:
    """Whether ``text`` has the form of a code verifier: 43 to 128 unreserved characters (§4.1)."""
    return _VERIFIER.fullmatch(text) is not None


def challenge_s256(verifier: str) -> str:
    """The ``code_challenge`` of a verifier (§4.2). Raises ValueError when it is not a verifier."""
    if not is_verifier(verifier):
        raise ValueError("a code verifier is 43 to 128 unreserved characters (RFC 7636 §4.1)")
    return base64url.encode(hashlib.sha256(verifier.encode("ascii")).digest())
