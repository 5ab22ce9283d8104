"""Form bodies (``application/x-www-form-urlencoded``), each parameter once (RFC 6749 §3.2)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from watchword.errors import InvalidRequest, RequestTooLarge

MAX_FORM_FIELDS = 50
FORM_TYPE = "application/x-www-form-urlencoded"


def read_form(body: bytes, *, max_bytes: int) -> dict[str, str]:
    """The fields of a form body, empty ones included.

    Raises RequestTooLarge above ``max_bytes``, InvalidRequest for a repeated name, a field without
    ``=``, more than 50 fields, and bytes that are not ASCII or do not decode to UTF-8.
    """
    if len(body) > max_bytes:
        raise RequestTooLarge(f"the form is larger than {max_bytes} bytes")
    if not body:
        return {}
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError:
        raise InvalidRequest("the body is not a well-formed form") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidRequest("a form parameter is there more than once")
    return fields
