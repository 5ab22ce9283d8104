"""The **In the log** line of each entry of docs/errors.md: ``python -m tests.house.reference`` writes it."""

from __future__ import annotations

import logging
import re
from typing import Final

from tests.house.reference.errors import event_of, own_classes
from tests.house.tree import ROOT
from watchword.auth.log_events import LOG_EVENTS

PAGE: Final = ROOT / "docs" / "errors.md"
_ENTRY: Final = re.compile(r"^### `(\w+)`\n\n(HTTP [^\n]+\n\n)(.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)
_LINE: Final = re.compile(r"^- \*\*In the log:\*\*.*\n", re.MULTILINE)


COMMANDS_ONLY: Final = {"key_unknown", "migration_failed", "role_name_invalid", "rotation_too_soon"}
"""Codes that no request ends with."""


def log_line(code: str) -> str:
    """What an operator looks for: event and code, at which level."""
    if code in COMMANDS_ONLY:
        return "- **In the log:** nothing; the command says it on stderr.\n"
    event = event_of(code, own_classes()[code][0].status)
    level = logging.getLevelName(LOG_EVENTS[event].level)
    return f"- **In the log:** `event={event}` `code={code}`, {level}.\n"


def with_log_lines(page: str) -> str:
    """The page with that line at the end of each entry."""

    def entry(found: re.Match[str]) -> str:
        code, head, rest = found.groups()
        text = _LINE.sub("", rest)
        body, blank = text.rstrip("\n"), text[len(text.rstrip("\n")) :]
        return f"### `{code}`\n\n{head}{body}\n{log_line(code).rstrip(chr(10))}{blank}"

    return _ENTRY.sub(entry, page)


def write() -> None:
    PAGE.write_text(with_log_lines(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
