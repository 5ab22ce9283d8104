"""Which route of a newer version takes the place of one of an older version."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PARAMETER = re.compile(r"\{[^{}]*\}")
_NUMBERED = re.compile(r"([a-z]*)([0-9]{1,9})")


def successor_path(path: str, version: str, others: Iterable[str], *, named: str | None = None) -> str | None:
    """The path among ``others`` that is ``path`` with another version in the place of ``version``:
    the ``named`` one, else the highest number above it. None where there is none.

    Paths are templates; what their parameters are called does not matter.
    """
    segments = path.split("/")
    if version not in segments:
        return None
    place = segments.index(version)
    shape = _shape(segments, place)
    found = {
        other_segments[place]: other
        for other in others
        if len(other_segments := other.split("/")) == len(segments) and _shape(other_segments, place) == shape
    }
    if named is not None:
        return found.get(named)
    higher = {number: other for name, other in found.items() if (number := _number_above(version, name))}
    return higher[max(higher)] if higher else None


def _shape(segments: list[str], place: int) -> list[str]:
    return [_PARAMETER.sub("{}", segment) for at, segment in enumerate(segments) if at != place]


def _number_above(version: str, name: str) -> int | None:
    old, new = _NUMBERED.fullmatch(version), _NUMBERED.fullmatch(name)
    if old is None or new is None or old[1] != new[1] or int(new[2]) <= int(old[2]):
        return None
    return int(new[2])
