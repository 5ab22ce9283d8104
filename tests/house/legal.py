"""Drafts for counsel: a privacy notice and an addendum to terms, made from what the code keeps.

python -m tests.house.legal

writes ``docs/legal`` anew, from the marks on the columns and the defaults of the settings.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby
from typing import Final

from tests.house.legal_words import HELD, RETAINED, WARNING
from tests.house.tree import ROOT
from watchword.auth.attempt import ATTEMPT_SECONDS
from watchword.compliance.words import GROUNDS, PURPOSES
from watchword.config.auth import Settings
from watchword.protocol.cookies import CookieNames
from watchword.storage.privacy_marks import MarkedColumn, Personal, marked_columns

FOLDER: Final = ROOT / "docs" / "legal"
DRAFTS: Final = ROOT / "tests" / "house" / "legal_drafts"


def pages() -> dict[str, str]:
    """The text of each page by the name of its file."""
    told = _told()
    drafts = sorted(DRAFTS.glob("*.txt"))
    return {f"{path.stem}.md": path.read_text(encoding="utf-8").format_map(told) for path in drafts}


def kept() -> list[tuple[str, str, str, frozenset[str]]]:
    """Purpose, ground, retention and the columns for it, ``table.column`` without ``ww_``."""
    personal = [each for each in marked_columns() if isinstance(each.mark, Personal)]
    return [
        (*key, frozenset(f"{each.table.removeprefix('ww_')}.{each.column}" for each in group))
        for key, group in groupby(sorted(personal, key=_key), key=_key)
    ]


def _key(each: MarkedColumn) -> tuple[str, str, str]:
    assert isinstance(each.mark, Personal)
    return each.mark.purpose, each.mark.ground, each.mark.retention


def _told() -> dict[str, str]:
    settings = Settings(base_url="https://service.example.com")
    names = CookieNames.for_base_url(settings.base_url)
    return {
        "warning": WARNING,
        "data": "\n".join(_row(*each) for each in kept()),
        "access_cookie": names.access,
        "refresh_cookie": names.refresh,
        "attempt_cookie": names.attempt,
        "access": spoken(settings.access_token_seconds),
        "idle": spoken(settings.session_idle_seconds),
        "absolute": spoken(settings.session_absolute_seconds),
        "attempt": spoken(ATTEMPT_SECONDS),
        "cleanup": spoken(settings.cleanup_interval_seconds),
        "recorded": spoken(settings.privacy.retention_days * 86_400),
        "sessions": str(settings.max_sessions_per_user),
        "ip": settings.privacy.ip,
    }


def _row(purpose: str, ground: str, retention: str, columns: Iterable[str]) -> str:
    held = "; ".join(words for words, names in HELD.items() if names & frozenset(columns))
    return f"| {PURPOSES[purpose]} | {held} | {GROUNDS[ground]} | {_retained(retention)} |"


def _retained(retention: str) -> str:
    settings = Settings()
    longest = settings.session_absolute_seconds + settings.longest_access_token_seconds
    return RETAINED[retention].format(
        session=spoken(longest), recorded=spoken(settings.privacy.retention_days * 86_400)
    )


def spoken(seconds: int) -> str:
    """``90 days``, ``25 hours and 1 minute``: exact, days from three on."""
    left = timedelta(seconds=seconds)
    whole = left.days if left >= timedelta(days=3) else 0
    left -= timedelta(days=whole)
    hours, rest = divmod(int(left.total_seconds()), 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(whole, "day"), (hours, "hour"), (minutes, "minute"), (rest, "second")]
    return " and ".join(f"{number} {unit}{'s' * (number != 1)}" for number, unit in parts if number)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
