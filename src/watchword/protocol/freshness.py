"""How long what a provider publishes may be used, by its word (RFC 9111) and by its age."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from watchword.protocol.provider_answer import header

RENEWED_FROM: Final = 0.8
WAITED_FOR_FROM: Final = 1.2
"""The parts of its freshness from which a document is fetched again behind its users' backs, and
from which they wait for that."""

Standing = Literal["fresh", "ageing", "old", "dead"]

_MAX_HEADER_CHARS: Final = 1024
_MAX_SECONDS: Final = 10**9
_SECONDS: Final = re.compile(r"[0-9]+")


def standing(age_seconds: float, *, fresh_seconds: float, stale_seconds: float) -> Standing:
    """What to do about a document of that age. fresh: use it. ageing: use it and ask for another. old:
    ask first, use it where that fails. dead, from ``stale_seconds`` on: never use it again."""
    if age_seconds >= stale_seconds:
        return "dead"
    if age_seconds < RENEWED_FROM * fresh_seconds:
        return "fresh"
    return "ageing" if age_seconds < WAITED_FOR_FROM * fresh_seconds else "old"


def fresh_seconds(headers: Mapping[str, str], *, at_least: int, at_most: int) -> int:
    """For how long an answer is fresh from now on: what it says, within bounds; ``at_most`` where it
    says nothing."""
    said = _said_seconds(header(headers, "cache-control") or "")
    if said is None:
        return at_most
    return min(max(said - _age_seconds(header(headers, "age") or ""), at_least), at_most)


def _said_seconds(cache_control: str) -> int | None:
    """The smallest ``max-age`` (RFC 9111 §5.2.2.1); 0 for one that is no number, for ``no-cache`` and
    ``no-store`` and for a header that goes on and on."""
    if len(cache_control) > _MAX_HEADER_CHARS:
        return 0
    said = None
    for directive in cache_control.split(","):
        name, _, argument = directive.strip(" \t").partition("=")
        match name.rstrip(" \t").lower():
            case "max-age":
                seconds = _number(argument.strip(' \t"')) or 0
            case "no-cache" | "no-store":
                seconds = 0
            case _:
                continue
        said = seconds if said is None else min(said, seconds)
    return said


def _age_seconds(age: str) -> int:
    """How long the answer lay in other caches (RFC 9111 §5.1); what is no number is passed over."""
    return _number(age[:_MAX_HEADER_CHARS].partition(",")[0].strip(" \t")) or 0


def _number(text: str) -> int | None:
    if not _SECONDS.fullmatch(text):
        return None
    return _MAX_SECONDS if len(text) > 9 else int(text)
