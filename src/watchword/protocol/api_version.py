"""A version of an API and its end: dates, the guide that leads away from it, and how long it lasts.

Pure: what a moment or an address means is decided here, what follows from it elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from watchword.protocol.web_url import parse_web_url

Mode = Literal["enforce", "observe"]

WINDOW: Final = timedelta(days=180)
"""How long a deprecated version is served where nobody says otherwise."""

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?")
_ANYWHERE = "https://local.invalid"


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """One version: aware times in whole seconds, ``guide`` an https address or a local path.

    Raises ValueError for an id that settings cannot name, an unknown mode, an end before the
    deprecation (RFC 9745 §4), and a guide that is no address.
    """

    id: str
    deprecated_at: datetime | None = None
    sunset_at: datetime | None = None
    guide: str | None = None
    mode: Mode = "enforce"
    successor: str | None = None

    def __post_init__(self) -> None:
        _check_id("a version", self.id)
        if self.successor is not None:
            _check_id("successor", self.successor)
        if self.mode not in ("enforce", "observe"):
            raise ValueError(f"mode is 'enforce' or 'observe', not {self.mode!r}")
        if self.guide is not None:
            check_guide(self.guide)
        ends_at = self.ends_at
        if self.deprecated_at is not None and ends_at is not None and ends_at < self.deprecated_at:
            raise ValueError("sunset_at must not be before deprecated_at (RFC 9745 §4)")

    @property
    def ends_at(self) -> datetime | None:
        """From this second on the version is gone; None where it goes on. Raises ValueError past
        the end of the calendar."""
        if self.sunset_at is not None or self.deprecated_at is None:
            return self.sunset_at
        try:
            return self.deprecated_at + WINDOW
        except OverflowError:
            raise ValueError("deprecated_at lies too far ahead") from None

    @property
    def announced(self) -> bool:
        """Whether callers are told that it ends, or ended."""
        return self.deprecated_at is not None or self.sunset_at is not None

    @property
    def window(self) -> timedelta | None:
        """How long it is served after its deprecation."""
        ends_at = self.ends_at
        return None if ends_at is None or self.deprecated_at is None else ends_at - self.deprecated_at

    def overridden(
        self, *, deprecated_at: datetime | None, sunset_at: datetime | None, guide: str | None
    ) -> ApiVersion:
        """The same version with what an operator said; None leaves what the code says. What ends
        before the code would have it deprecated is deprecated from then on.

        Raises ValueError for dates that do not fit together, also where a moved deprecation alone
        would leave callers less time than before and than 180 days.
        """
        since = deprecated_at or self.deprecated_at
        if deprecated_at is None and since is not None and sunset_at is not None:
            since = min(since, sunset_at)
        new = replace(
            self,
            deprecated_at=since,
            sunset_at=sunset_at or self.sunset_at,
            guide=guide or self.guide,
        )
        left = new.window
        if deprecated_at is not None and sunset_at is None and left is not None:
            least = WINDOW if self.window is None else min(WINDOW, self.window)
            if left < least:
                raise ValueError(f"leaves {left.days} days until the sunset; set sunset_at too")
        return new


def read_moment(given: object) -> datetime:
    """An aware time in UTC and whole seconds, of an aware datetime, a date, or either as ISO 8601
    text; a bare date is its first second in UTC. Raises ValueError."""
    if isinstance(given, str):
        given = _from_text(given)
    if isinstance(given, datetime):
        if given.utcoffset() is None:
            raise ValueError("needs a time zone, such as 2027-01-31T12:00:00Z")
        try:
            return given.astimezone(UTC).replace(microsecond=0)
        except OverflowError:
            raise ValueError("is outside the calendar") from None
    if isinstance(given, date):
        return datetime.combine(given, time(), UTC)
    raise ValueError("must be an ISO date such as 2027-01-31, or a time with its zone")


def check_guide(given: str) -> str:
    """An absolute https address or a path of this service, either with a fragment. Raises ValueError."""
    if not isinstance(given, str):
        raise ValueError("guide must be text")
    address, _, fragment = given.partition("#")
    local = address.startswith("/") and not address.startswith("//")
    try:
        url = parse_web_url(_ANYWHERE + address if local else address)
        parse_web_url(f"{_ANYWHERE}/?{fragment}")
    except ValueError as fault:
        raise ValueError(f"guide is an https address or a path such as /guide; this {fault}") from None
    if url.scheme != "https":
        raise ValueError("guide must be https, or a path such as /guide")
    return given


def _check_id(what: str, given: object) -> None:
    if not (isinstance(given, str) and _ID.fullmatch(given)):
        raise ValueError(f"{what} is lower case letters, digits, - and _, at most 32: not {given!r}")


def _from_text(text: str) -> date | datetime:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        if _DATE.fullmatch(text[:10]) and text[10:11] in tuple("Tt ") and _TIME.fullmatch(text[11:]):
            return datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(f"is no date of the calendar: {text}") from None
    raise ValueError("must be an ISO date such as 2027-01-31, or a time with its zone")
