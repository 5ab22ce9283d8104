"""The lists in docs/operations/logs.md: what the log and the audit trail tell of, made from the code.

python -m tests.house.log_lists

writes them anew.
"""

from __future__ import annotations

import logging
import re
from typing import Final

from tests.house.tree import ROOT
from watchword.auth.audit_events import AUDIT_EVENTS
from watchword.auth.log_events import LOG_EVENTS

PAGE: Final = ROOT / "docs" / "operations" / "logs.md"
_LIST: Final = re.compile(r"(?<=<!-- list: )(\w+)( -->\n\n).*?(?=\n\n<!-- end of list -->)", re.DOTALL)


def written(text: str) -> str:
    """The page with its lists as they have to be."""
    lists = {"log": log_events(), "audit": audit_events()}
    return _LIST.sub(lambda found: found[1] + found[2] + lists[found[1]], text)


def log_events() -> str:
    rows = [
        f"| `{name}` | {logging.getLevelName(kind.level).lower()} | {kind.meaning} | {_names(kind.fields)} |"
        for name, kind in LOG_EVENTS.items()
    ]
    return "\n".join(["| `event` | level | what happened | fields |", "|---|---|---|---|", *rows])


def audit_events() -> str:
    rows = [
        f"| `{name}` | {kind.meaning} | {kind.about} | {_names(kind.details)} |"
        for name, kind in AUDIT_EVENTS.items()
    ]
    return "\n".join(["| event | what happened | names | `details` |", "|---|---|---|---|", *rows])


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
