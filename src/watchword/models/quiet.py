"""What drivers say at DEBUG about our statements: never a value that went into one or came out.

``hide_parameters`` keeps values out of SQLAlchemy's own lines and messages. It says nothing of the rows that
come back, nor of what a driver logs itself. ``storage`` and ``migrations`` share this, because both connect.
"""

from __future__ import annotations

import functools
import logging
from typing import Any, Final

STATEMENTS: Final = "watchword"
"""Our engines log below ``sqlalchemy.engine.Engine`` by this name, so that a filter meets no other engine."""
ENGINE_OPTIONS: Final[dict[str, Any]] = {"hide_parameters": True, "logging_name": STATEMENTS}
"""For every engine that is made here."""


def _is_no_row(record: logging.LogRecord) -> bool:
    """Statements are logged at INFO, the rows they return at DEBUG."""
    return record.levelno > logging.DEBUG


def _without_values(record: logging.LogRecord) -> bool:
    """aiosqlite writes each call with its arguments; the method and the statement stay."""
    if isinstance(record.args, tuple):
        record.args = tuple(_shown(each) for each in record.args)
    return True


def _shown(argument: object) -> object:
    if not isinstance(argument, functools.partial):
        return argument
    name = getattr(argument.func, "__name__", type(argument.func).__name__)
    statement = next((each for each in argument.args[:1] if isinstance(each, str)), "")
    hidden = len(argument.args) > 1
    return f"{name} {statement!r}{' (values hidden)' if hidden else ''}" if statement else name


logging.getLogger(f"sqlalchemy.engine.Engine.{STATEMENTS}").addFilter(_is_no_row)
logging.getLogger("aiosqlite").addFilter(_without_values)
