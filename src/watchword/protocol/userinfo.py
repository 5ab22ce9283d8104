"""The check of a userinfo answer (OpenID Connect Core 1.0 §5.3.2, §5.3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchword.errors import UserinfoOfAnother, UserinfoRejected
from watchword.protocol.media_type import media_type
from watchword.protocol.provider_answer import check_available, header, read_json, unusable

_WHAT = "the userinfo endpoint"


def check_userinfo(
    status: int, headers: Mapping[str, str], body: bytes, *, subject: str
) -> Mapping[str, Any]:
    """The claims of an answer about ``subject``, the ID token's ``sub``, or the known one without a token.

    Raises ProviderUnavailable (429, 5xx), ProviderResponseInvalid (no usable answer: the caller
    decides whether it can do without) and UserinfoRejected, which always ends the sign-in:
    UserinfoOfAnother, for an answer about nobody, as a fault may give it for everybody, or for a signed
    one, which would be believed unverified.
    """
    check_available(_WHAT, status, headers)
    if status != 200:
        raise unusable(f"{_WHAT} answered {status}", status)
    if media_type(header(headers, "content-type") or "") == "application/jwt":
        raise UserinfoRejected(f"{_WHAT} answered with a signed JWT, which is not supported")
    claims = read_json(_WHAT, headers, body)
    said = claims.get("sub")
    if not isinstance(said, str) or not said:
        raise UserinfoRejected(f"{_WHAT} answered about nobody: sub is missing or no text")
    if said != subject:
        raise UserinfoOfAnother(f"{_WHAT} answered about another subject than the ID token's")
    return claims
