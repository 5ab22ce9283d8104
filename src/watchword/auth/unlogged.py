"""Calls of libraries that log whole answers at DEBUG, a vault's secrets among them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_packages: ContextVar[tuple[str, ...]] = ContextVar("watchword unlogged packages", default=())


@contextmanager
def unlogged(*packages: str) -> Iterator[None]:
    """Inside, nothing that loggers of ``packages`` say below WARNING is written; what other code of this
    process does with the same packages is logged as ever.

    It is the thread or task that counts: enter it where the call is made, after its modules were imported.
    """
    for package in packages:
        _watch(package)
    token = _packages.set((*_packages.get(), *packages))
    try:
        yield
    finally:
        _packages.reset(token)


def _watch(package: str) -> None:
    """Let every logger of the package ask first; a logger's filters do not count for those below it."""
    below = [name for name in list(logging.root.manager.loggerDict) if name.startswith(f"{package}.")]
    for name in (package, *below):
        logging.getLogger(name).addFilter(_may_be_written)


def _may_be_written(record: logging.LogRecord) -> bool:
    if record.levelno >= logging.WARNING:
        return True
    return not any(record.name == each or record.name.startswith(f"{each}.") for each in _packages.get())
