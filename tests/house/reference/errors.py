"""docs/reference/errors.md: what the classes of the error tree say, in one table."""

from __future__ import annotations

import ast
import inspect
import logging
from collections import defaultdict
from functools import cache
from typing import Final

import watchword.api.admission  # noqa: F401 -- defines an error class too
from tests.house.reference.http_facts import codes_by_route
from tests.house.reference.words import first_sentence, prose, table
from tests.house.tree import files, short
from watchword.auth.log_events import LOG_EVENTS, LogName
from watchword.errors import WatchwordError, error_classes

PACKAGE: Final = "src/watchword"
_HEAD: Final = """\
# Error codes

One row a code, by the class that has it. [How it fails](../errors.md) says of each when it happens, what
to do, and which line it leaves in the log. The page is made from the code by
`python -m tests.house.reference`; a test fails when it is out of date.

- **OAuth error** is `error` at the endpoints for clients (RFC 6749 §5.2), **retry** the `Retry-After` it
  has by itself, in seconds.
- **Level** is that of its line in the log, logger `watchword`.
- **Raised in** are the files below `src/watchword`, **at** the addresses of ours that answer it by
  themselves ([HTTP](http.md)). What every protected route of yours may answer is [there
  too](http.md#routes-of-yours).
"""


def own_classes() -> dict[str, list[type[WatchwordError]]]:
    """Our error classes by code, those of tests left out."""
    ours: dict[str, list[type[WatchwordError]]] = defaultdict(list)
    for error in error_classes():
        if error.__module__.startswith("watchword.") and error not in ours[error.code]:
            ours[error.code].append(error)
    return dict(sorted(ours.items()))


def event_of(code: str, status: int) -> LogName:
    """The event that the log has for a refusal with this code."""
    if code == "not_installed":
        return "not_installed"
    return "request_refused" if status < 500 else "request_failed"


def level_of(code: str, status: int) -> str:
    return logging.getLevelName(LOG_EVENTS[event_of(code, status)].level)


def page() -> str:
    heading = ("code", "status", "OAuth error", "retry", "level", "class", "raised in", "at")
    rows = [_row(code, classes) for code, classes in own_classes().items()]
    what = [_class_row(each) for classes in own_classes().values() for each in classes]
    told = f"## The classes\n\n{table(('class', 'is a', 'what it is'), what)}\n"
    return "\n".join([_HEAD, "## The codes\n", table(heading, rows), "", told])


def _row(code: str, classes: list[type[WatchwordError]]) -> list[str]:
    error = classes[0]
    places = sorted({place for each in classes for place in raised_in().get(each.__name__, ())})
    at = codes_by_route().get(code, [])
    return [
        f"[`{code}`](../errors.md#{code})",
        str(error.status),
        f"`{error.oauth_error}`",
        str(_retry(error) or ""),
        level_of(code, error.status),
        ", ".join(f"`{each.__name__}`" for each in classes),
        ", ".join(f"`{each}`" for each in places),
        ", ".join(f"`{each}`" for each in at),
    ]


def _class_row(error: type[WatchwordError]) -> list[str]:
    base = error.__mro__[1].__name__
    return [
        f"`{error.__name__}`",
        f"`{base}`",
        first_sentence(error.__dict__.get("__doc__")) or prose(error.title),
    ]


def _retry(error: type[WatchwordError]) -> int | None:
    given = inspect.signature(error.__init__).parameters.get("retry_after_seconds")
    return None if given is None or not isinstance(given.default, int) else given.default


@cache
def raised_in() -> dict[str, set[str]]:
    """Where each class is made, by the files that call it."""
    places: dict[str, set[str]] = defaultdict(set)
    names = {each.__name__ for classes in own_classes().values() for each in classes}
    for path in files(".py", under=PACKAGE):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else getattr(node, "exc", None)
            name = getattr(called, "id", None) or getattr(called, "attr", None)
            if name in names:
                places[name].add(short(path).removeprefix(f"{PACKAGE}/"))
    return dict(places)
