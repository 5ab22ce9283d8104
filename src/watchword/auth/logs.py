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
    """One line, at the level of its event; ``event``, ``fields`` and, inside a trace of the host's,
    ``trace_id`` and ``span_id`` (W3C Trace Context, in hex) become attributes of the record.

    ``error`` is why: its cause is the last of ``values``, and ``cause`` and ``code`` are fields. No text
    of others gets more than one line. Whatever a handler or filter of the host does, nothing is raised:
    what is done does not fail because it could not be written down.
    """
    level = LOG_EVENTS[event].level
    if not logger.isEnabledFor(level):
        return
    if error is not None:
        cause = cause_of(error)
        values = (*values, cause)
        fields |= {"cause": cause, "code": error.code if isinstance(error, WatchwordError) else None}
    with contextlib.suppress(Exception):
        path, line, function, _ = logger.findCaller(stacklevel=2)
        shown = tuple(map(_one_line, values))
        record = logger.makeRecord(logger.name, level, path, line, message, shown, None, function)
        # Not as ``extra``, which refuses the line where a record factory of the host's has such a name too.
        vars(record).update(_trace(), event=event, **{name: _one_line(fields[name]) for name in fields})
        logger.handle(record)


def _trace() -> dict[str, str]:
    """Of the span that is current, if one is. Imported here: who only marks routes loads no OpenTelemetry."""
    from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}


def cause_of(error: Exception) -> str:
    """What an operator is told of it: of an unforeseen error its type only, since its message may hold
    anything."""
    return error.detail if isinstance(error, WatchwordError) else type(error).__name__


def _one_line(value: LogValue) -> LogValue:
    if not isinstance(value, str):
        return value
    shown = value if len(value) <= MAX_CHARS else value[:MAX_CHARS] + "..."
    return shown if shown.isprintable() else "".join(c if c.isprintable() else "?" for c in shown)
