"""The word by which somebody confirms that they want to be erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from watchword.errors import InvalidRequest
from watchword.protocol.form import FORM_TYPE, read_form
from watchword.protocol.media_type import is_json, media_type
from watchword.protocol.strict_json import MalformedJson, loads_object

MAX_CONFIRMATION_BYTES: Final = 1024
_YES: Final = "yes"


def require_confirmation(content_type: str | None, body: bytes) -> None:
    """Whether a form or JSON object says ``confirm`` ``yes``. Raises InvalidRequest where it does not, or
    RequestTooLarge above 1 KB."""
    if _members(content_type or "", body).get("confirm") != _YES:
        raise InvalidRequest("erasing an account needs confirm=yes, as a form or a JSON object")


def _members(content_type: str, body: bytes) -> Mapping[str, Any]:
    if media_type(content_type) == FORM_TYPE:
        return read_form(body, max_bytes=MAX_CONFIRMATION_BYTES)
    if not is_json(content_type):
        raise InvalidRequest(f"the body is neither application/json nor {FORM_TYPE}")
    try:
        return loads_object(body, max_bytes=MAX_CONFIRMATION_BYTES)
    except MalformedJson as fault:
        raise InvalidRequest(f"the body is not acceptable JSON: {fault}") from None
