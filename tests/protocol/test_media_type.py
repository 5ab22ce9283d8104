"""Content types (RFC 9110 §8.3)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.media_type import is_json, media_type


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        'application/json ; charset="utf-8"',
        "application/json;charset=utf8;",
        "application/json; profile=x",
        "application/problem+json",
        "application/jwk-set+json; charset=utf-8",
    ],
)
def test_json_types_are_known(content_type: str) -> None:
    """application/json, the +json family, UTF-8 said or left out."""
    assert is_json(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        " ",
        ";",
        "json",
        "text/json",
        "text/html",
        "text/plain; application/json",
        "application/json, text/html",
        "application/json charset=utf-8",
        "application/json; charset",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        'application/json; charset="utf-8',
        "application/jsonp",
        "application/+json/x",
        "text/x+json",
        "application/json\n",
        "\uff41pplication/json",
    ],
)
def test_net_6_everything_else_is_not_json(content_type: str) -> None:
    """Neither another type nor another charset nor a malformed value passes."""
    assert not is_json(content_type)


def test_media_type_is_lower_case_without_parameters() -> None:
    """Only the type itself comes back."""
    assert media_type("Text/HTML; Charset=UTF-8") == "text/html"


def test_a_type_of_more_than_255_characters_is_none() -> None:
    """At the edge it is read, one above it is not."""
    assert media_type("text/" + "x" * 250) == "text/" + "x" * 250
    assert media_type("text/" + "x" * 251) is None


@settings(derandomize=True, deadline=None)
@given(st.text())
def test_media_type_never_raises(content_type: str) -> None:
    """Any header value is read or refused."""
    kind = media_type(content_type)
    assert kind is None or kind == kind.lower()
