"""The ``Authorization`` header in, the ``WWW-Authenticate`` header out (RFC 6750 §2.1, §3; RFC 9470 §3)."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from watchword.errors import (
    AuthenticationRequired,
    InsufficientScope,
    StepUpRequired,
    TokenInvalid,
    WatchwordError,
)

MAX_HEADER_BYTES = len(b"Bearer ") + 16 * 1024
_SCHEME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TOKEN_BYTES = string.ascii_letters.encode() + string.digits.encode() + b"-._~+/"
_NOT_QUOTABLE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


def read_authorization(values: Sequence[bytes]) -> str | None:
    """The bearer token of a request, None when it has no ``Authorization`` header at all.

    The scheme is read in any case, one space follows it. Raises AuthenticationRequired for another
    scheme, which says nothing about a bearer token (RFC 6750 §3.1), and TokenInvalid for every
    other header: a second one, a tab, two spaces, two tokens, over 16 KB.
    """
    if not values:
        return None
    if len(values) > 1:
        raise TokenInvalid("more than one Authorization header")
    scheme, _, token = values[0][: MAX_HEADER_BYTES + 1].partition(b" ")
    if scheme.lower() != b"bearer":
        if _SCHEME.fullmatch(scheme):
            raise AuthenticationRequired("the Authorization header is not of the scheme Bearer")
        raise TokenInvalid("the Authorization header does not begin with a scheme (RFC 9110 §11.4)")
    if len(values[0]) > MAX_HEADER_BYTES:
        raise TokenInvalid(f"the Authorization header is longer than {MAX_HEADER_BYTES} bytes")
    without_padding = token.rstrip(b"=")
    if not without_padding or without_padding.translate(None, _TOKEN_BYTES):
        raise TokenInvalid("the Authorization header does not hold one bearer token (RFC 6750 §2.1)")
    return token.decode("ascii")


def challenge(error: WatchwordError | None, *, realm: str | None = None) -> str:
    """The ``WWW-Authenticate`` value that goes with a refusal.

    Without a presented token there is no ``error`` (RFC 6750 §3.1). A step-up names its
    ``max_age`` in seconds (RFC 9470 §3), a missing scope the scopes that are needed.
    """
    attributes = {} if realm is None else {"realm": realm}
    if isinstance(error, StepUpRequired):
        attributes |= _told(error) | {"max_age": str(error.max_age_seconds)}
    elif isinstance(error, TokenInvalid):
        attributes |= _told(error) | {"error": "invalid_token"}
    elif isinstance(error, InsufficientScope):
        attributes |= _told(error)
        if error.scopes:
            attributes["scope"] = " ".join(error.scopes)
    quoted = ", ".join(f'{name}="{_NOT_QUOTABLE.sub("?", value)}"' for name, value in attributes.items())
    return f"Bearer {quoted}" if quoted else "Bearer"


def _told(error: WatchwordError) -> dict[str, str]:
    return {"error": error.code, "error_description": error.public}
