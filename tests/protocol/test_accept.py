"""Pages or JSON (RFC 9110 §12.5.1)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.accept import prefers_html, prefers_json, prefers_openmetrics

CHROMIUM = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)


@pytest.mark.parametrize(
    "accept",
    [
        CHROMIUM,
        "text/html",
        "TEXT/HTML ; Charset=utf-8",
        "application/xhtml+xml",
        "text/html, */*",
        "*/*, text/html",
        "application/*, text/html",
        "text/html, application/json",
        "text/html;q=0.9, application/json;q=0.8",
        "application/json;q=0, text/html;q=0.001",
        "application/json; Q=0.5, text/html; q = 1.000",
        "application/json;q=2, text/html;q=0.1",
    ],
)
def test_those_who_name_html_at_no_lower_weight_get_pages(accept: str) -> None:
    """Browsers do, whatever else they take."""
    assert prefers_html([accept])


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "application/json, text/plain, */*",
        "application/problem+json",
        "text/*",
        "application/json, text/html",
        "text/html;q=0.8, application/json;q=0.9",
        "text/html;q=0.8, application/*;q=0.9",
        "text/html;q=0.8, */*",
        "text/html;q=0",
        "text/html;q=high",
        "text/html;q=-1",
        "text/html;q=1.5",
        "text/html;q=\x1d0.5",
        "text/html;q=\u00a01",
        "\u00a0text/html",
        "text/htmlx",
        "html",
        ";;;,,,==",
    ],
)
def test_everybody_else_is_a_program(accept: str) -> None:
    """Scripts, curl, a weight that says so, and what cannot be read."""
    assert not prefers_html([accept])


def test_every_value_of_the_header_counts() -> None:
    """RFC 9110 §5.3: several fields are one list; none is a program."""
    assert not prefers_html([])
    assert prefers_html(["application/json;q=0.1", "text/html"])
    assert not prefers_html(["application/json", "text/html"])


def test_a_header_that_no_browser_sends_is_not_read() -> None:
    """At 4,096 characters, all values together, it is; at one more it is not."""
    wanted = "text/html"
    assert prefers_html([wanted, " " * (4096 - len(wanted))])
    assert not prefers_html([wanted, " " * (4097 - len(wanted))])


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        ("application/json", True),
        ("application/problem+json", True),
        ("application/json, text/plain, */*", True),
        ("application/json, text/html", True),
        ("text/html;q=0.8, application/json;q=0.9", True),
        ("text/html;q=0, application/json", True),
        ("text/html, application/json", False),
        ("text/html, application/json;q=0.9", False),
        ("application/json;q=0", False),
        ("application/*", False),
        ("*/*", False),
        ("", False),
        (CHROMIUM, False),
        ("application/json," + " " * 4096, False),
    ],
)
def test_a_page_becomes_json_only_for_those_who_name_it(accept: str, json: bool) -> None:
    """Where a page is the rule, whoever takes anything gets the page."""
    assert prefers_json([accept]) is json


SCRAPERS = {
    "Prometheus 3": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
    "Prometheus 2": "application/openmetrics-text; version=1.0.0,application/openmetrics-text; version=0.0.1;"
    "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
}


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        *((accept, True) for accept in SCRAPERS.values()),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;version=99;escaping=\r\nx", True),
        ("application/openmetrics-text, text/plain", True),
        ("text/plain;q=0.9, application/openmetrics-text;q=0.8", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=high", False),
        ("text/plain;version=0.0.4", False),
        ("application/*", False),
        ("*/*", False),
        ("", False),
        ("application/openmetrics-text," + " " * 4096, False),
    ],
)
def test_openmetrics_is_for_those_who_name_it(accept: str, openmetrics: bool) -> None:
    """Everybody else gets the text format, which every scraper and every person can read."""
    assert prefers_openmetrics([accept]) is openmetrics


@given(st.text(), st.floats(min_value=0, max_value=1).map(lambda weight: round(weight, 3)))
@settings(derandomize=True, deadline=None)
def test_anything_can_be_read(text: str, weight: float) -> None:
    """No header raises, and the higher weight wins."""
    assert not (prefers_html([text]) and prefers_json([text]))
    prefers_openmetrics([text])
    accept = f"text/html;q={weight:.3f}, application/json;q=0.5"
    assert prefers_html([accept]) is (weight >= 0.5)
