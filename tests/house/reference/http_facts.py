"""What no route table says about our own addresses: who may call, what goes in, what comes out, which codes.

A test compares it with the routes there are, with the error tree, and with what the addresses answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Final

from tests.house.reference import http_admin, http_clients, http_people
from tests.house.reference.http_model import GROUPS, Facts
from watchword.api.limited import limit_of

FACTS: Final[Mapping[str, Facts]] = {**http_people.FACTS, **http_clients.FACTS, **http_admin.FACTS}


def codes_of(key: str) -> list[str]:
    """Every code that an address answers by itself, its groups and its limit included."""
    facts = FACTS[key]
    own = set(facts.codes.split()).union(*(GROUPS[each] for each in facts.groups))
    limited = set() if limit_of(key.partition(" ")[2])[0] is None else {"rate_limited"}
    return sorted(own | limited)


@cache
def codes_by_route() -> dict[str, list[str]]:
    """Code → the addresses that name it as one of their own."""
    found: dict[str, list[str]] = defaultdict(list)
    for key, facts in FACTS.items():
        for code in sorted(set(facts.codes.split())):
            found[code].append(key)
    return dict(found)
