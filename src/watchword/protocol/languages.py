"""Which language a page speaks (RFC 9110 §12.5.4, RFC 4647, RFC 5646)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final, Literal

_RANGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*")
_WEIGHT: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_BLANKS: Final = " \t"
_MAX_CHARS: Final = 1024
_RIGHT_TO_LEFT: Final = frozenset(
    ("ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "ps", "rhg", "sd", "syr", "ug", "ur", "yi")
)
_RIGHT_TO_LEFT_SCRIPTS: Final = frozenset(
    ("adlm", "arab", "aran", "hebr", "mand", "nkoo", "rohg", "syrc", "thaa")
)


def accepted_languages(accept_language: Sequence[str]) -> tuple[str, ...]:
    """The language ranges of the header's values, most wanted first, those of equal weight as they
    stand there. What cannot be read, and what is not wanted at all (``q=0``), is left out; a header
    longer than 1024 characters is no wish."""
    if sum(map(len, accept_language)) > _MAX_CHARS:
        return ()
    read = [_read(part) for value in accept_language for part in value.split(",")]
    ranked = sorted((each for each in read if each[1] > 0), key=lambda each: -each[1])
    return tuple(name for name, _ in ranked)


def listed_languages(ui_locales: str) -> tuple[str, ...]:
    """The tags of ``ui_locales``, in order of preference (OpenID Connect Core §3.1.2.1); what is
    none is left out."""
    if len(ui_locales) > _MAX_CHARS:
        return ()
    return tuple(each for each in ui_locales.split(" ") if each != "*" and _RANGE.fullmatch(each))


def best_language(wanted: Sequence[str], available: Collection[str], *, default: str) -> str:
    """The first of the ``available`` languages that a wish, or what is left of it when its last parts
    are taken off, names (lookup, RFC 4647 §3.4); a ``*`` and no match are the ``default``."""
    by_name = {each.lower(): each for each in available}
    for wish in wanted:
        if wish == "*":
            return default
        for candidate in fallbacks(wish.lower()):
            if candidate in by_name:
                return by_name[candidate]
    return default


def fallbacks(language: str) -> tuple[str, ...]:
    """A tag and what is left of it, part by part: ``zh-Hant-TW``, ``zh-Hant``, ``zh``. A single
    letter goes with what it introduces."""
    parts = language.split("-")
    ends = [count for count in range(len(parts), 0, -1) if len(parts[count - 1]) > 1]
    return tuple("-".join(parts[:count]) for count in ends)


def direction(language: str) -> Literal["ltr", "rtl"]:
    """How a language is written, by its script where the tag has one (RFC 5646 §2.2.3)."""
    first, *others = language.lower().split("-")
    script = next((each for each in others[:2] if len(each) == 4 and each.isalpha()), None)
    leftward = first in _RIGHT_TO_LEFT if script is None else script in _RIGHT_TO_LEFT_SCRIPTS
    return "rtl" if leftward else "ltr"


def _read(part: str) -> tuple[str, float]:
    """A language range and its weight, which is 0 when either cannot be read."""
    name, *parameters = (piece.strip(_BLANKS) for piece in part.split(";"))
    if not _RANGE.fullmatch(name):
        return name, 0.0
    if not parameters:
        return name, 1.0
    key, _, value = parameters[0].partition("=")
    readable = len(parameters) == 1 and key.strip(_BLANKS).lower() == "q"
    value = value.strip(_BLANKS)
    return name, float(value) if readable and _WEIGHT.fullmatch(value) else 0.0
