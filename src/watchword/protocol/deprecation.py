"""The headers that announce the end of an API version (RFC 9745, RFC 8594, RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LINK = re.compile(r'<([^<>]*)>((?:[^<"]|"(?:[^"\\]|\\.)*")*)')
_RELATION = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)


def deprecation_value(moment: datetime) -> str:
    """``Deprecation``: a structured date, ``@`` and seconds since 1970 (RFC 9745 §2.1, RFC 9651 §3.3.7)."""
    return f"@{int(moment.timestamp())}"


def sunset_value(moment: datetime) -> str:
    """``Sunset``: an HTTP date in its fixed form (RFC 8594 §3, RFC 9110 §5.6.7)."""
    utc = moment.astimezone(UTC)
    day, month = _DAYS[utc.weekday()], _MONTHS[utc.month - 1]
    return f"{day}, {utc.day:02} {month} {utc.year:04} {utc:%H:%M:%S} GMT"


def guide_links(guide: str, *, deprecated: bool, ends: bool) -> tuple[str, ...]:
    """Links to the guide by their registered relations (RFC 9745 §3, RFC 8594 §6)."""
    relations = ("deprecation",) * deprecated + ("sunset",) * ends
    return tuple(f'<{guide}>; rel="{relation}"; type="text/html"' for relation in relations)


def merged_links(present: Sequence[str], ours: Sequence[str]) -> str:
    """One ``Link`` value with everything in ``present`` and what of ``ours`` it does not say yet."""
    known = {link for value in present for link in _links(value)}
    missing = [link for link in ours if not known.issuperset(_links(link))]
    return ", ".join([*(value for value in present if value), *missing])


def _links(value: str) -> Iterator[tuple[str, str]]:
    """Target and relation of every link; a link may have several relations (RFC 8288 §3.3)."""
    for target, parameters in _LINK.findall(value):
        first = _RELATION.search(parameters)
        for relation in (first[1] or first[2]).lower().split() if first else ():
            yield target, relation
