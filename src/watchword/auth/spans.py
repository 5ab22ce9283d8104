"""What a request does in here, as child spans of the host's own trace (OpenTelemetry).

Without a trace of the host there is no span, so nothing in the background makes any, and a service without
OpenTelemetry pays one look at a context variable. A span holds names of settings and codes of errors: never
a person's address, a token, a name, or the text of an error.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, ParamSpec, TypeVar

from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, Span, SpanKind, StatusCode

from watchword.errors import WatchwordError

P = ParamSpec("P")
T = TypeVar("T")
Attributes = Mapping[str, str | int]

PROVIDER: Final = "watchword.provider"
OPERATION: Final = "watchword.operation"
REFUSAL: Final = "watchword.refusal"
ERROR_TYPE: Final = "error.type"

_tracer: Final = trace.get_tracer("watchword")


@contextmanager
def span(name: str, attributes: Attributes | None = None, *, client: bool = False) -> Iterator[Span]:
    """A child of the span that is current, if one is. ``client``: it waits for somebody else. An error of
    ours that is the caller's doing is noted as ``watchword.refusal``; any other marks the span as failed.
    What the host's SDK raises costs the span, and never what is done inside."""
    parent = trace.get_current_span().get_span_context()
    if not parent.is_valid:
        yield INVALID_SPAN
        return
    current: Span = NonRecordingSpan(parent)
    with suppress(Exception):
        kind = SpanKind.CLIENT if client else SpanKind.INTERNAL
        current = _tracer.start_span(name, kind=kind, attributes=attributes)
    try:
        with trace.use_span(current, record_exception=False, set_status_on_exception=False):
            yield current
    except BaseException as error:
        with suppress(Exception):
            _note(current, error)
        raise
    finally:
        with suppress(Exception):
            current.end()


def traced(
    name: str,
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Let every call of a coroutine function be a span."""

    def decorate(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @functools.wraps(work)
        async def run(*args: P.args, **kwargs: P.kwargs) -> T:
            with span(name):
                return await work(*args, **kwargs)

        return run

    return decorate


def note(name: str, value: str | int) -> None:
    """Put an attribute on the span that is current."""
    with suppress(Exception):
        trace.get_current_span().set_attribute(name, value)


def _note(current: Span, error: BaseException) -> None:
    if isinstance(error, WatchwordError) and error.status < 500:
        current.set_attribute(REFUSAL, error.code)
        return
    kind = error.code if isinstance(error, WatchwordError) else type(error).__name__
    current.set_attribute(ERROR_TYPE, kind)
    current.set_status(StatusCode.ERROR)
