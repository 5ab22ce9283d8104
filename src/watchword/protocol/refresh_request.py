"""The body of ``POST /auth/refresh``: JSON or a form, or nothing at all (RFC 6749 §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from watchword.errors import InvalidRequest
from watchword.protocol.body_members import read_members

MAX_REFRESH_BODY_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class RefreshBody:
    """What the body says; None for what it does not mention."""

    refresh_token: str | None = field(default=None, repr=False)
    client_id: str | None = None
    scope: str | None = None


def read_refresh_body(content_type: str | None, body: bytes) -> RefreshBody:
    """Read the body of a refresh request; an empty one says nothing, whatever its type.

    Every value is a string of printable ASCII (RFC 6749 appendix A); ``refresh_token`` is not
    empty, so that an empty one never falls back to the cookie, while empty ``client_id`` and
    ``scope`` count as left out (§3.2). Raises InvalidRequest, or RequestTooLarge above 16 KB.
    """
    members = read_members(content_type, body, max_bytes=MAX_REFRESH_BODY_BYTES) if body else {}
    token = _text(members, "refresh_token")
    if token == "":
        raise InvalidRequest("refresh_token is empty")
    return RefreshBody(token, _text(members, "client_id") or None, _text(members, "scope") or None)


def _text(members: Mapping[str, Any], name: str) -> str | None:
    if name not in members:
        return None
    value = members[name]
    if not isinstance(value, str) or not all(" " <= char <= "~" for char in value):
        raise InvalidRequest(f"{name} is not a string of printable ASCII characters")
    return value
