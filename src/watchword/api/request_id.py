"""One identifier a request, from the caller when it is harmless, else our own."""

from __future__ import annotations

import re
import secrets
from collections.abc import MutableMapping
from typing import Any

_ACCEPTED = re.compile(rb"[A-Za-z0-9-]{1,64}")
_SCOPE_KEY = "watchword.request_id"


def request_id_of(scope: MutableMapping[str, Any]) -> str:
    """The request's ``X-Request-Id`` if it is one of 1 to 64 letters, digits and hyphens, else a
    fresh random one; the same for every call on one request."""
    known = scope.get(_SCOPE_KEY)
    if not isinstance(known, str):
        known = scope[_SCOPE_KEY] = _presented(scope) or secrets.token_hex(16)
    return known


def _presented(scope: MutableMapping[str, Any]) -> str | None:
    values = [value for name, value in scope.get("headers", ()) if name == b"x-request-id"]
    if len(values) == 1 and _ACCEPTED.fullmatch(values[0]):
        return str(values[0], "ascii")
    return None
