"""``WATCHWORD_RATE_LIMITS__…``: how often one address may ask for what costs us something."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator

LimitName = Literal["login", "callback", "refresh", "token", "introspect", "terms", "admin"]

_WINDOWS = {"second": 1, "minute": 60, "hour": 3600}
_FORM = re.compile(r"([1-9][0-9]{0,5})/(second|minute|hour)")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``amount`` in any ``window_seconds``."""

    amount: int
    window_seconds: int

    def __str__(self) -> str:
        unit = next(name for name, seconds in _WINDOWS.items() if seconds == self.window_seconds)
        return f"{self.amount}/{unit}"


def read_rate_limit(given: Any) -> RateLimit | None:
    """``20/minute``, or ``off`` as None. Raises ValueError."""
    if given is None or isinstance(given, RateLimit):
        return given
    text = given.strip().lower() if isinstance(given, str) else ""
    if text == "off":
        return None
    written = _FORM.fullmatch(text)
    if written is None:
        raise ValueError("must be a number of requests a second, minute or hour, such as 20/minute, or off")
    return RateLimit(int(written.group(1)), _WINDOWS[written.group(2)])


def show_rate_limit(limit: RateLimit | None) -> str:
    return "off" if limit is None else str(limit)


RateLimitSetting = Annotated[
    RateLimit | None, PlainValidator(read_rate_limit), PlainSerializer(show_rate_limit)
]


class RateLimitSettings(BaseModel):
    """Each per client address; in development only those that are set are in force."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    login: RateLimitSetting = RateLimit(30, 60)
    callback: RateLimitSetting = RateLimit(30, 60)
    refresh: RateLimitSetting = RateLimit(600, 60)
    token: RateLimitSetting = RateLimit(120, 60)
    introspect: RateLimitSetting = RateLimit(600, 60)
    terms: RateLimitSetting = RateLimit(30, 60)
    admin: RateLimitSetting = RateLimit(60, 60)

    def in_force(self, name: LimitName, *, development: bool) -> RateLimit | None:
        """The limit to apply, None where there is none."""
        if development and name not in self.model_fields_set:
            return None
        limit: RateLimit | None = getattr(self, name)
        return limit
