"""A request body that may be a form or a JSON object, as its members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchword.errors import InvalidRequest, RequestTooLarge
from watchword.protocol.form import FORM_TYPE, read_form
from watchword.protocol.media_type import is_json, media_type
from watchword.protocol.strict_json import MalformedJson, loads_object


def read_members(content_type: str | None, body: bytes, *, max_bytes: int) -> Mapping[str, Any]:
    """The members, by what ``content_type`` says the body is. Raises InvalidRequest, or RequestTooLarge for a
    body above ``max_bytes``."""
    if len(body) > max_bytes:
        raise RequestTooLarge(f"the body is larger than {max_bytes} bytes")
    kind = content_type or ""
    if media_type(kind) == FORM_TYPE:
        return read_form(body, max_bytes=max_bytes)
    if not is_json(kind):
        raise InvalidRequest(f"the body is neither application/json nor {FORM_TYPE}")
    try:
        return loads_object(body, max_bytes=max_bytes)
    except MalformedJson as fault:
        raise InvalidRequest(f"the body is not acceptable JSON: {fault}") from None
