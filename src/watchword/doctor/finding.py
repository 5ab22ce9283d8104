"""One thing that was looked at, how it stands, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["ok", "warning", "fault"]

SERVICE: Final = "service"
"""What a finding is about that is of no provider."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``about`` is a provider's id or ``SERVICE``, ``check`` the name under which docs/doctor.md explains
    it, ``fix`` what to do, None where nothing is to be done. No secret is ever in it."""

    level: Level
    about: str
    check: str
    text: str
    fix: str | None = None

    def as_json(self) -> Mapping[str, str | None]:
        return {
            "level": self.level,
            "about": self.about,
            "check": self.check,
            "text": self.text,
            "fix": self.fix,
        }
