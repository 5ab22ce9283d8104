"""Which of our forms a client asks for: a page or JSON, and of metrics (RFC 9110 §12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HTML = ("text/html", "application/xhtml+xml")
_OPENMETRICS = ("application/openmetrics-text",)
_PLAIN = ("text/plain",)
_JSON = ("application/json", "application/problem+json")
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_BLANKS = " \t"
_MAX_CHARS = 4096


def prefers_html(accept: Sequence[str]) -> bool:
    """Whether a client would rather see a page; ``accept`` holds every value of the header.

    A page is for those who name HTML, at no lower weight than JSON; where both are named at the
    same weight, the first counts. ``*/*``, no header, garbage and more than 4096 characters are
    programs, which get JSON.
    """
    ranges = _ranges(accept)
    html = _best(ranges, _HTML)
    if html is None or html[0] == 0:
        return False
    json = _best(ranges, _JSON)
    if json is not None:
        return html > json
    wildcard = _best(ranges, ("application/*",)) or _best(ranges, ("*/*",))
    return wildcard is None or html[0] >= wildcard[0]


def prefers_json(accept: Sequence[str]) -> bool:
    """Whether a client that would otherwise get a page asks for JSON: it names JSON, and not HTML at the
    same weight before it or at a higher one. ``accept`` and garbage as in ``prefers_html``."""
    ranges = _ranges(accept)
    json, html = _best(ranges, _JSON), _best(ranges, _HTML)
    return json is not None and json[0] > 0 and (html is None or json > html)


def prefers_openmetrics(accept: Sequence[str]) -> bool:
    """Whether a scraper names OpenMetrics, at no lower weight than plain text. ``accept`` and garbage as
    in ``prefers_html``; which version it names does not matter, for there is one."""
    ranges = _ranges(accept)
    openmetrics, plain = _best(ranges, _OPENMETRICS), _best(ranges, _PLAIN)
    return openmetrics is not None and openmetrics[0] > 0 and (plain is None or openmetrics[0] >= plain[0])


def _ranges(accept: Sequence[str]) -> list[tuple[str, float]]:
    """Media ranges and their weights; none where the header is longer than anybody's."""
    if sum(map(len, accept)) > _MAX_CHARS:
        return []
    return [_read(part) for value in accept for part in value.split(",")]


def _best(ranges: Sequence[tuple[str, float]], wanted: Sequence[str]) -> tuple[float, int] | None:
    """The highest weight of any of the ``wanted`` ranges, and a number that is higher the earlier
    it stands."""
    found = [(weight, -place) for place, (name, weight) in enumerate(ranges) if name in wanted]
    return max(found, default=None)


def _read(part: str) -> tuple[str, float]:
    """A media range and its weight, which is 0 when it cannot be read."""
    name, *parameters = (piece.strip(_BLANKS).lower() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = (side.strip(_BLANKS) for side in parameter.partition("="))
        if key == "q":
            return name, float(value) if _WEIGHT.fullmatch(value) else 0.0
    return name, 1.0
