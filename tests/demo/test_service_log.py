"""How the service writes its log: one line a record, for programs or for people, and nothing steers it."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import pty
import sys
from collections.abc import Iterator
from datetime import datetime
from os import fdopen
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.gate.workshop import bearer, guarded
from watchword import Settings, require_auth
from watchword.auth.logs import tell
from watchword.serving.access_log import AccessLog
from watchword.serving.logs import Style, line_formatter, logging_config, style_of

EVIL = "a\r\nb\x1b[31mc\u2028d\x00\u202ee"


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Watchword's, as it was when the test is over."""
    ours = logging.getLogger("watchword")
    before = ours.handlers[:], ours.level, ours.propagate
    ours.handlers, ours.propagate = [], False
    ours.setLevel(logging.INFO)
    yield ours
    ours.handlers, ours.level, ours.propagate = before


def written(logger: logging.Logger, style: Style) -> io.StringIO:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(line_formatter(style))
    logger.handlers = [handler]
    return stream


def refusal(detail: str) -> None:
    tell("request_refused", "refused: %s", detail, code="rate_limited", status=429, detail=detail, route=None)


def test_programs_get_one_json_object_a_line(logger: logging.Logger) -> None:
    """Time in UTC by RFC 3339, level, logger, event, message, and the fields of the event that are known."""
    stream = written(logger, "json")
    refusal("too many")
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert list(told)[:5] == ["timestamp", "level", "logger", "event", "message"]
    moment = datetime.fromisoformat(told.pop("timestamp"))
    assert (moment.utcoffset() or moment.min - moment.min).total_seconds() == 0
    assert told == {
        "level": "info",
        "logger": "watchword",
        "event": "request_refused",
        "message": "refused: too many",
        "code": "rate_limited",
        "status": 429,
        "detail": "too many",
    }


def test_people_get_a_line_without_what_it_says_already(logger: logging.Logger) -> None:
    """And without colours where it is no terminal."""
    stream = written(logger, "console")
    refusal("too many")
    line = stream.getvalue()
    assert "refused: too many" in line
    assert "code=rate_limited" in line
    assert "detail=" not in line
    assert "\x1b" not in line


@pytest.mark.parametrize("style", ["json", "console"])
def test_ses_87_nothing_begins_a_line_or_steers_a_terminal(logger: logging.Logger, style: Style) -> None:
    """Whatever is quoted, by watchword or by the server below: one printable line."""
    stream = written(logger, style)
    refusal(EVIL)
    logger.warning("of another: %s", EVIL)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


def test_lines_of_others_are_of_the_same_form(logger: logging.Logger) -> None:
    """Their own attributes, which nobody knows, are left out; a traceback is part of the object."""
    stream = written(logger, "json")
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logger.exception("failed\n", extra={"secret_thing": "s3cret"})
    told = json.loads(stream.getvalue())
    assert (told["event"], told["message"], told["level"]) == ("other", "failed", "error")
    assert told["exception"].endswith("RuntimeError: boom")
    assert "s3cret" not in stream.getvalue()


@pytest.fixture
def logging_as_before(logger: logging.Logger) -> Iterator[None]:
    """What a configuration changes beside watchword's own logger, put back."""
    changed = logging.getLogger(), logging.getLogger("uvicorn")
    before = [(each.handlers[:], each.level, each.propagate) for each in changed]
    yield
    for each, (handlers, level, propagate) in zip(changed, before, strict=True):
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)


@pytest.mark.usefixtures("logging_as_before")
@pytest.mark.parametrize("style", ["json", "console"])
def test_its_configuration_is_one_of_logging(logger: logging.Logger, style: Style) -> None:
    """As uvicorn hands it over in each worker: watchword's lines once, of the server's only warnings."""
    server = logging.getLogger("uvicorn")
    logging.config.dictConfig(logging_config(style))
    (handler,) = logger.handlers
    assert isinstance(handler.formatter, type(line_formatter(style)))
    assert logging.getLogger().handlers == server.handlers == [handler]
    assert not logger.propagate
    assert not server.propagate
    assert (logger.level, server.level, logging.root.level) == (20, 30, 30)
    logging.config.dictConfig(logging_config(style, level="ERROR"))
    assert (logger.level, server.level, logging.root.level) == (40, 40, 40)


@pytest.mark.usefixtures("logging_as_before")
def test_lines_of_any_library_are_of_the_same_form() -> None:
    """asyncio's, of a task whose error nobody took, or a driver's: no line is lost to who parses them."""
    logging.config.dictConfig(logging_config("json"))
    stream = io.StringIO()
    (handler,) = logging.root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    logging.getLogger("asyncio").error("never retrieved", exc_info=RuntimeError("boom\nboom"))
    logging.getLogger("driver").info("chatter")
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert (told["logger"], told["event"], told["message"]) == ("asyncio", "other", "never retrieved")
    assert told["exception"].endswith("boom\nboom")


def test_a_traceback_steers_no_terminal(logger: logging.Logger) -> None:
    """What an exception quotes is escaped; its lines are lines."""
    stream = written(logger, "console")
    logger.error("failed", exc_info=RuntimeError(EVIL.replace("\r\n", "")))
    lines = stream.getvalue().split("\n")
    assert lines[-2] == r"RuntimeError: ab\x1b[31mc\u2028d\x00\u202ee"
    assert all(line.isprintable() for line in lines)


def test_a_line_of_a_span_has_its_ids(logger: logging.Logger) -> None:
    """At the end of the object, under the names that collectors know."""
    stream = written(logger, "json")
    with TracerProvider().get_tracer("host").start_as_current_span("GET /orders"):
        refusal("too many")
    told = json.loads(stream.getvalue())
    assert list(told)[-2:] == ["trace_id", "span_id"]
    assert (len(told["trace_id"]), len(told["span_id"])) == (32, 16)


@pytest.mark.parametrize(
    ("given", "terminal", "style"),
    [
        ({}, True, "console"),
        ({}, False, "json"),
        ({"log_format": "json"}, True, "json"),
        ({"log_format": "console"}, False, "console"),
    ],
)
def test_the_setting_decides_and_else_where_it_goes(
    given: dict[str, Any], terminal: bool, style: Style, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``auto``: lines for people on a terminal, JSON everywhere else."""
    ours, theirs = pty.openpty()
    with fdopen(ours, "rb"), fdopen(theirs, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen if terminal else io.StringIO())
        assert style_of(Settings(**given)) == style


def test_production_is_for_programs_wherever_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at a container by a terminal sees what the collector sees."""
    settings = Settings().model_copy(update={"environment": "production"})
    ours, theirs = pty.openpty()
    with fdopen(ours, "rb"), fdopen(theirs, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        assert style_of(settings) == "json"


def an_app() -> Starlette:
    async def order(request: Request) -> Response:
        return PlainTextResponse("here")

    @require_auth
    async def private(request: Request) -> Response:
        return PlainTextResponse("there")

    async def broken(request: Request) -> Response:
        raise RuntimeError

    paths = {"/orders/{order_id}": order, "/private": private, "/broken": broken}
    app = Starlette(routes=[Route(path, endpoint) for path, endpoint in paths.items()])
    guarded(app)
    app.add_middleware(AccessLog)
    return app


def test_the_access_log_tells_of_every_answer_and_no_address(logger: logging.Logger) -> None:
    """Method, route, status, time and who; neither query nor path, of what is not there nothing at all."""
    stream = written(logger, "json")
    with TestClient(an_app(), raise_server_exceptions=False) as client:
        for target in ("/orders/canary?code=canary", "/canary", "/broken"):
            client.get(target, headers={"x-request-id": "r-1"})
        client.get("/private", headers=bearer("anna"))
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    answered = [each for each in told if each["event"] == "request_answered"]
    assert [(each["method"], each.get("route"), each["status"]) for each in answered] == [
        ("GET", "/orders/{order_id}", 200),
        ("GET", None, 404),
        ("GET", "/broken", 500),
        ("GET", "/private", 200),
    ]
    assert answered[0]["request_id"] == "r-1"
    assert answered[0]["duration_ms"] >= 0
    assert "user_id" not in answered[0]
    assert answered[3]["user_id"]
    assert "canary" not in stream.getvalue()


def test_nothing_but_the_service_installs_a_handler() -> None:
    """In an app the host's logging decides: the library configures none."""
    source = Path(__file__).parents[2] / "src" / "watchword"
    configuring = {
        path.relative_to(source).parts[0]
        for path in source.rglob("*.py")
        if any(word in path.read_text() for word in ("dictConfig(", "basicConfig(", "addHandler("))
    }
    assert configuring == {"demo"}
