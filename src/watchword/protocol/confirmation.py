"""The word by which somebody confirms what cannot be undone, or concerns others."""

from __future__ import annotations

from typing import Final

from watchword.errors import InvalidRequest
from watchword.protocol.body_members import read_members

MAX_CONFIRMATION_BYTES: Final = 1024
_YES: Final = "yes"


def require_confirmation(content_type: str | None, body: bytes) -> None:
    """Whether a form or JSON object says ``confirm`` ``yes``. Raises InvalidRequest where it does not, or
    RequestTooLarge above 1 KB."""
    if read_members(content_type, body, max_bytes=MAX_CONFIRMATION_BYTES).get("confirm") != _YES:
        raise InvalidRequest("this needs confirm=yes, as a form or a JSON object")
