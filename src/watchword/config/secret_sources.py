"""The places references lead to: environment variables and files, and those that distributions add."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from watchword.config.references import ENTRY_POINTS, SecretSource, SecretValue
from watchword.errors import SecretUnavailable

MAX_BYTES: Final = 65_536
"""What a secret may be long, wherever it is kept."""

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):")


class VariableSource:
    """``env:NAME``."""

    def read(self, name: str, *, previous: bool) -> SecretValue:
        value = os.environ.get(name)
        if not value or not value.strip():
            raise SecretUnavailable("there is no such environment variable, or it is empty; set it")
        return SecretValue(value)


class FileSource:
    """``file:PATH``."""

    def read(self, name: str, *, previous: bool) -> SecretValue:
        try:
            with open(name, "rb") as file:
                exposed = _others_can_read(os.fstat(file.fileno()))
                content = file.read(MAX_BYTES + 1)
            value = content.decode("utf-8").strip()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text, or not a path"
            raise SecretUnavailable(f"the file cannot be read: {reason}") from None
        if len(content) > MAX_BYTES:
            raise SecretUnavailable("the file is larger than a secret can be")
        if not value:
            raise SecretUnavailable("the file is empty")
        return SecretValue(value, exposed_file=name if exposed else None)


BUILT_IN: Final[Mapping[str, type[SecretSource]]] = {"env": VariableSource, "file": FileSource}


def scheme_of(text: str) -> str | None:
    """The scheme of a reference; None where ``text`` is none, which a blank after the colon makes sure of."""
    scheme, rest = _split(text)
    return None if rest[:1].isspace() else scheme


def scheme_before_blank(text: str) -> str | None:
    """The scheme of what would be a reference without the blank after its colon."""
    scheme, rest = _split(text)
    return scheme if rest[:1].isspace() else None


def _split(text: str) -> tuple[str | None, str]:
    match = _SCHEME.match(text)
    if match is None or not (match[1] in BUILT_IN or match[1] in _added(tuple(sys.path))):
        return None, ""
    return match[1], text[match.end() :]


def make_source(scheme: str) -> SecretSource:
    """The place of a known scheme. Raises SecretUnavailable where it cannot be used."""
    if scheme in BUILT_IN:
        return BUILT_IN[scheme]()
    claims = _added(tuple(sys.path))[scheme]
    if len(claims) > 1:
        raise SecretUnavailable(f"{' and '.join(each.value for each in claims)} both say they read {scheme}:")
    try:
        made: SecretSource = claims[0].load()()
    except SecretUnavailable:
        raise
    except Exception as error:
        raise SecretUnavailable(f"{claims[0].value} cannot be used ({type(error).__name__})") from None
    return made


@lru_cache(maxsize=8)
def _added(path: tuple[str, ...]) -> Mapping[str, tuple[EntryPoint, ...]]:
    """What the distributions on ``sys.path`` add, each claim once."""
    claims: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=ENTRY_POINTS):
        claims.setdefault(point.name, {})[point.value] = point
    return {scheme: tuple(points.values()) for scheme, points in claims.items()}


def _others_can_read(status: os.stat_result) -> bool:
    """Whether more accounts than need be can read a file: its group needs to only where that is
    how we read it ourselves, as with a mounted secret that root owns."""
    if status.st_mode & stat.S_IROTH:
        return True
    return bool(status.st_mode & stat.S_IRGRP) and status.st_uid == os.geteuid()
