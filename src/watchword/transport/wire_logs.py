"""What the HTTP client says at DEBUG of calls to providers: never the headers of an answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_LOGGERS: Final = ("httpcore2.http11", "httpcore2.http2", "httpcore2.proxy", "httpcore2.socks")
_asking: ContextVar[bool] = ContextVar("watchword asking a provider", default=False)


@contextmanager
def unlogged_headers() -> Iterator[None]:
    """Inside, what httpcore2 logs ends before the values it got; other calls of this process log as ever."""
    token = _asking.set(True)
    try:
        yield
    finally:
        _asking.reset(token)


def _without_values(record: logging.LogRecord) -> bool:
    if _asking.get():
        record.msg, record.args = record.getMessage().partition(" return_value=")[0], None
    return True


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_without_values)
