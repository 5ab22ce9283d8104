"""What confirms an erasure, and that nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import InvalidRequest, RequestTooLarge
from watchword.protocol.confirmation import MAX_CONFIRMATION_BYTES, require_confirmation

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"confirm=yes"),
        (FORM + "; charset=utf-8", b"csrf=&confirm=yes"),
        (JSON, b'{"confirm": "yes"}'),
        (JSON + ";charset=utf-8", b'{"confirm":"yes","why":null}'),
    ],
)
def test_yes_is_a_confirmation(content_type: str, body: bytes) -> None:
    """As a form or a JSON object, whatever else is in it."""
    require_confirmation(content_type, body)


@pytest.mark.parametrize(
    ("content_type", "body", "why"),
    [
        (None, b"confirm=yes", "neither"),
        ("text/plain", b"confirm=yes", "neither"),
        (FORM, b"", "confirm=yes"),
        (FORM, b"confirm=", "confirm=yes"),
        (FORM, b"confirm=yes&confirm=no", "more than once"),
        (JSON, b'{"confirm": true}', "confirm=yes"),
        (JSON, b'{"confirm": "yes", "confirm": "yes"}', "not acceptable JSON"),
        (JSON, b"confirm=yes", "not acceptable JSON"),
        (JSON, b'["confirm", "yes"]', "not acceptable JSON"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(content_type: str | None, body: bytes, why: str) -> None:
    """Nobody is erased by a guess."""
    with pytest.raises(InvalidRequest, match=why):
        require_confirmation(content_type, body)


@pytest.mark.parametrize("content_type", [FORM, JSON])
def test_a_large_body_is_not_read(content_type: str) -> None:
    """One byte more than it may have."""
    with pytest.raises(RequestTooLarge):
        require_confirmation(content_type, b" " * (MAX_CONFIRMATION_BYTES + 1))


@settings(derandomize=True, deadline=None)
@given(content_type=st.sampled_from([FORM, JSON, None, ""]) | st.text(), body=st.binary(max_size=1100))
def test_no_body_of_any_shape_confirms_by_accident(content_type: str | None, body: bytes) -> None:
    """Random bytes are refused by one of two errors."""
    with pytest.raises((InvalidRequest, RequestTooLarge)):
        require_confirmation(content_type, body)
