"""What boto3 says at DEBUG of our calls: nothing, since it writes requests and answers whole."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_PACKAGES: Final = ("boto3", "botocore", "urllib3")
_calling: ContextVar[bool] = ContextVar("watchword calling AWS", default=False)


def quiet(client: SecretsManagerClient) -> SecretsManagerClient:
    """``client`` itself. From here on nothing below WARNING is written of its calls; what other code of the
    process does with boto3 is logged as ever."""
    asked: Any = client
    call = asked._make_api_call

    def call_unlogged(*arguments: Any) -> Any:
        with _unlogged():
            return call(*arguments)

    asked._make_api_call = call_unlogged
    return client


@contextmanager
def _unlogged() -> Iterator[None]:
    """Every logger there is by now asks first, since a logger's filters do not count for those below it."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _PACKAGES:
            logging.getLogger(name).addFilter(_may_be_written)
    token = _calling.set(True)
    try:
        yield
    finally:
        _calling.reset(token)


def _may_be_written(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or not _calling.get()
