"""From a provider's claims to the roles a caller has here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ROLE_PATTERN = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
ADMIN_ROLE = "watchword-admin"
"""Opens the admin pages; it counts only where an operator granted it, never by a provider."""


@dataclass(frozen=True, slots=True)
class RoleReading:
    """Role names found in claims, and how many values could not be one."""

    roles: frozenset[str]
    dropped: int


def roles_at(
    claims: Mapping[str, Any], paths: Sequence[Sequence[str]], *, mapping: Mapping[str, str] | None = None
) -> RoleReading:
    """Collect the role names at ``paths``; a path is a list of keys, which may hold dots and slashes.

    At its end is a list of names or one name. Names that do not match ``ROLE_PATTERN`` are
    dropped and counted, unless ``mapping`` (theirs to ours) knows them. A path that leads nowhere
    is no role and no fault.
    """
    found: set[str] = set()
    dropped = 0
    for path in paths:
        for name in _values(_follow(claims, path)):
            if isinstance(name, str) and (ROLE_PATTERN.fullmatch(name) or (mapping and name in mapping)):
                found.add(name)
            else:
                dropped += 1
    return RoleReading(frozenset(found), dropped)


def are_withheld(claims: Mapping[str, Any], paths: Sequence[Sequence[str]]) -> bool:
    """Whether the provider has roles at ``paths`` and did not say which: it refers to another place
    (OpenID Connect Core §5.6.2), or to none (``hasgroups``), as Microsoft Entra does above 200 groups.
    """
    elsewhere = claims.get("_claim_names", {})
    tops = {path[0] for path in paths}
    if not isinstance(elsewhere, Mapping):
        return bool(tops)
    return not tops.isdisjoint(elsewhere) or ("groups" in tops and claims.get("hasgroups") in (True, "true"))


def map_roles(roles: Iterable[str], mapping: Mapping[str, str] | None) -> frozenset[str]:
    """Our names for the provider's: a mapping drops what it does not know, no mapping keeps names."""
    ours = roles if mapping is None else (mapping[name] for name in roles if name in mapping)
    return frozenset(name for name in ours if ROLE_PATTERN.fullmatch(name)) - {ADMIN_ROLE}


def effective_roles(identity: Iterable[str], granted: Iterable[str], denied: Iterable[str]) -> frozenset[str]:
    """Roles from the identities plus granted ones, minus denied ones; ``ADMIN_ROLE`` by grant only."""
    return ((frozenset(identity) - {ADMIN_ROLE}) | frozenset(granted)) - frozenset(denied)


_NOWHERE = object()


def _follow(claims: Mapping[str, Any], path: Sequence[str]) -> Any:
    here: Any = claims
    for key in path:
        if not isinstance(here, Mapping) or key not in here:
            return _NOWHERE
        here = here[key]
    return here


def _values(value: Any) -> Sequence[Any]:
    if value is _NOWHERE:
        return ()
    return value if isinstance(value, list) else (value,)
