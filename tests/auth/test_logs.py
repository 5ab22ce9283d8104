"""One way to write to the log: no line is lost to what the host does with logging, each knows its trace."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from watchword.auth.logs import MAX_CHARS, tell


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "watchword")
    return caplog


def refusal(detail: str = "too many") -> None:
    tell("request_refused", "refused: %s", detail, request_id="ours", detail=detail)


def only(log: pytest.LogCaptureFixture) -> dict[str, Any]:
    (record,) = log.records
    return vars(record)


@pytest.fixture
def crowded_records() -> Iterator[None]:
    """A host whose own records have attributes of these names already."""
    before = logging.getLogRecordFactory()

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = before(*args, **kwargs)
        vars(record).update(request_id="theirs", event="theirs", trace_id="theirs", tenant="a")
        return record

    logging.setLogRecordFactory(make)
    yield
    logging.setLogRecordFactory(before)


@pytest.mark.usefixtures("crowded_records")
def test_no_line_is_lost_to_a_record_factory_of_the_host(told: pytest.LogCaptureFixture) -> None:
    """``extra=`` would refuse the line; ours are the fields of that name, the rest stays theirs."""
    refusal()
    line = only(told)
    assert (line["request_id"], line["event"], line["tenant"]) == ("ours", "request_refused", "a")


def test_a_record_says_where_in_the_code_it_is_from(told: pytest.LogCaptureFixture) -> None:
    """Its caller, not the helper; the text of others on one line, and no longer than some pages."""
    refusal("a\r\nb" + "c" * MAX_CHARS)
    line = only(told)
    assert (line["funcName"], line["filename"]) == ("refusal", "test_logs.py")
    assert line["detail"].startswith("a??bcc")
    assert len(line["detail"]) == MAX_CHARS + len("...")
    assert line["message"] == "refused: " + line["detail"]


def test_what_a_handler_raises_reaches_nobody() -> None:
    """Nor what a filter does."""

    class Broken(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("collector gone")

    logger, broken = logging.getLogger("watchword"), Broken()
    before = logger.level
    logger.addHandler(broken)
    try:
        logger.setLevel(logging.INFO)
        refusal()
    finally:
        logger.removeHandler(broken)
        logger.setLevel(before)


def test_a_level_that_is_off_makes_no_record(told: pytest.LogCaptureFixture) -> None:
    """Nor even the text of it."""
    told.set_level(logging.ERROR, "watchword")
    refusal()
    assert told.records == []


def test_a_line_inside_a_span_names_it(told: pytest.LogCaptureFixture) -> None:
    """As W3C Trace Context writes ids, so that a collector joins them; without a span it has neither."""
    with TracerProvider().get_tracer("host").start_as_current_span("GET /orders") as span:
        refusal()
        refusal()
    refusal()
    context = span.get_span_context()
    ids = f"{context.trace_id:032x}", f"{context.span_id:016x}"
    inside, again, outside = (vars(each) for each in told.records)
    assert (inside["trace_id"], inside["span_id"]) == (again["trace_id"], again["span_id"]) == ids
    assert not {"trace_id", "span_id"} & set(outside)
