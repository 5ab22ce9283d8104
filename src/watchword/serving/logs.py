"""How the service writes its log: JSON lines for programs, readable ones for people at a terminal.

The library itself logs by ``logging`` and installs no handler; this is the host's part, done for
``watchword serve`` and ``watchword demo``.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import structlog

from watchword.auth.log_events import LOG_EVENTS
from watchword.config.auth import Settings

Style = Literal["json", "console"]
_TRACE: Final = ("trace_id", "span_id")
_FIELDS: Final = (*dict.fromkeys(field for kind in LOG_EVENTS.values() for field in kind.fields), *_TRACE)
_ALWAYS: Final = ("timestamp", "level", "logger", "message")
_OTHER: Final = "other"
"""The event of lines that are not watchword's own, such as the server's."""


def style_of(settings: Settings) -> Style:
    """What ``WATCHWORD_LOG_FORMAT`` means here: ``auto`` is for people at a terminal and outside of
    production, else for programs."""
    if settings.log_format != "auto":
        return settings.log_format
    return "console" if sys.stderr.isatty() and settings.environment != "production" else "json"


def logging_config(style: Style, *, level: Literal["INFO", "ERROR"] = "INFO") -> dict[str, Any]:
    """For ``logging.config.dictConfig``: everything to stderr. ``ERROR`` is only what went wrong on our
    side; the server below, and any other library, tells nothing under WARNING."""
    plain = {"handlers": ["stderr"], "propagate": False}
    others = "WARNING" if level == "INFO" else level
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "watchword.serving.logs.line_formatter", "style": style}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {"uvicorn": {"level": others, **plain}, "watchword": {"level": level, **plain}},
        "root": {"level": others, "handlers": ["stderr"]},
    }


def line_formatter(style: Style) -> logging.Formatter:
    """One record, one line; of an exception the traceback follows, inside the JSON as well."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_facts],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([structlog.processors.JSONRenderer()] if style == "json" else [_readable, _renderer()]),
        ],
    )


def _renderer() -> structlog.dev.ConsoleRenderer:
    colours = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    return structlog.dev.ConsoleRenderer(colors=colours, event_key="message", pad_event_to=0)


def _facts(logger: Any, method: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What a line says, in this order: of attributes of the record only those of the list."""
    record: logging.LogRecord = told["_record"]
    attributes = vars(record)
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    line = {
        "timestamp": moment.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": attributes.get("event", _OTHER),
        "message": str(told["event"]).strip(),
        **{name: attributes[name] for name in _FIELDS if attributes.get(name) is not None},
        "_record": record,
        "_from_structlog": False,
    }
    if record.exc_info:
        line["exception"] = logging.Formatter().formatException(record.exc_info)
    return line


def _readable(logger: Any, method: str, told: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Without what the message says already. Characters that steer a terminal, or begin another line where
    it is no traceback, are as one would type them in Python."""
    message = told["message"]
    return {
        name: _shown(value, but="\n" if name == "exception" else "") if isinstance(value, str) else value
        for name, value in told.items()
        if name in _ALWAYS or str(value) not in message
    }


def _shown(text: str, *, but: str) -> str:
    shows = (c if c.isprintable() or c in but else c.encode("unicode_escape").decode("ascii") for c in text)
    return "".join(shows)
