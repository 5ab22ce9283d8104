"""References to secrets that are kept elsewhere, and what a place that keeps them answers.

``scheme:name`` is a whole secret, ``scheme:name#key`` one text of a JSON object. ``env:`` and ``file:`` are
built in and know no keys; the other schemes are entry points of the group ``watchword.secret_sources``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

ENTRY_POINTS: Final = "watchword.secret_sources"
"""The group in which a distribution names its schemes: each an object that makes a SecretSource."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a value is kept; ``key`` is None for the whole secret."""

    scheme: str
    name: str
    key: str | None = None

    def __str__(self) -> str:
        key = "" if self.key is None else f"#{self.key}"
        return f"{self.scheme}:{self.name}{key}"


@dataclass(frozen=True, slots=True)
class SecretValue:
    """A text that was had by a reference.

    ``previous`` is the one before it where it was asked for and the place still has it, ``version`` the
    place's own name of the current one, ``exposed_file`` the file it came from where others can read that.
    """

    current: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)
    version: str | None = None
    exposed_file: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a value cannot be had; ``cause`` continues "refers to …, but" and never holds a value."""

    cause: str


class SecretSource(Protocol):
    """A place that keeps secrets. One is made per resolver, and its ``read`` is called from several threads
    at once, each of which is left alone where it takes more than some seconds."""

    def read(self, name: str, *, previous: bool) -> SecretValue:
        """The whole secret of this name; with ``previous`` also the version before it, None where there is
        none or it may not be read. Raises SecretUnavailable with the cause and the fix."""


def parse_reference(text: str, scheme: str) -> Reference:
    """``text`` begins with ``scheme`` and a colon. The first ``#`` ends the name, but for ``env:`` and
    ``file:``, where it is part of it."""
    name = text[len(scheme) + 1 :]
    if scheme in ("env", "file"):
        return Reference(scheme, name)
    name, mark, key = name.partition("#")
    return Reference(scheme, name, key if mark else None)
