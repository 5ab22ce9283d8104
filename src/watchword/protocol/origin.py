"""Is an unsafe request from our own pages? Fetch Metadata first, ``Origin`` where it is missing.

https://www.w3.org/TR/fetch-metadata/ §2.3, RFC 6454 §7.
"""

from __future__ import annotations

from collections.abc import Sequence

from watchword.protocol.web_url import parse_web_url

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing here and so need no proof of origin; TRACE is not among them."""


def origin_of(base_url: str) -> str:
    """The origin of our public address as a browser writes it: host in lower case, the scheme's
    default port left out. Raises ValueError naming the fault."""
    return parse_web_url(base_url).origin


def is_same_origin(*, base_url_origin: str, sec_fetch_site: Sequence[str], origin: Sequence[str]) -> bool:
    """Whether the headers prove that a request comes from ``base_url_origin`` (see ``origin_of``).

    The sequences hold every value of the header. ``Sec-Fetch-Site`` decides where it is present,
    and only ``same-origin`` passes; else ``Origin`` has to be the same; neither, or one of them
    twice, is no proof.
    """
    if sec_fetch_site:
        return list(sec_fetch_site) == ["same-origin"]
    return list(origin) == [base_url_origin]
