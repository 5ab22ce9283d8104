"""The one way to write to the log: an event of the list, a sentence for people, fields for programs."""

from __future__ import annotations

import contextlib
import logging
from typing import Final

from watchword.auth.log_events import LOG_EVENTS, LogName
from watchword.errors import WatchwordError

MAX_CHARS: Final = 4000
LogValue = str | int | None
logger: Final = logging.getLogger("watchword")
"""Where every line goes; no handler is installed, which is for the host to do."""


def tell(
    event: LogName, message: str, *values: LogValue, error: Exception | None = None, **fields: LogValue
) -> None:
    """One line, at the level of its event; ``fields`` and ``event`` become attributes of the record.

    ``error`` is why: its cause is the last of ``values``, and ``cause`` and ``code`` are fields. No text
    of others gets more than one line. Whatever a handler or filter of the host does, nothing is raised:
    what is done does not fail because it could not be written down.
    """
    if error is not None:
        cause = cause_of(error)
        values = (*values, cause)
        fields |= {"cause": cause, "code": error.code if isinstance(error, WatchwordError) else None}
    with contextlib.suppress(Exception):
        extra = {"event": event, **{name: _one_line(value) for name, value in fields.items()}}
        level = LOG_EVENTS[event].level
        logger.log(level, message, *map(_one_line, values), extra=extra, stacklevel=2)


def cause_of(error: Exception) -> str:
    """What an operator is told of it: of an unforeseen error its type only, since its message may hold
    anything."""
    return error.detail if isinstance(error, WatchwordError) else type(error).__name__


def _one_line(value: LogValue) -> LogValue:
    if not isinstance(value, str):
        return value
    shown = value if len(value) <= MAX_CHARS else value[:MAX_CHARS] + "..."
    return shown if shown.isprintable() else "".join(c if c.isprintable() else "?" for c in shown)
