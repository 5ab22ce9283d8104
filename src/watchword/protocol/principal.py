"""Who is calling, as the rest of a service sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_EMPTY: Mapping[str, Any] = MappingProxyType({})

AUTH_TIME_SOURCE = "auth_time_source"
"""Claim of our tokens that is there only when the provider did not say ``auth_time`` itself."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a request, from a verified access token (RFC 9068 §2.2).

    ``issuer`` and ``subject`` are the presented token's. ``user_id`` is None for machines and for
    provider-token callers without an account, ``session_id`` wherever no session stands behind
    the token. ``auth_time`` is in seconds since 1970 (OpenID Connect Core §2). ``email`` and
    ``name`` are None unless the token carries them or the route says ``live=True``. ``claims`` are
    read-only all the way down, arrays are tuples: requests with the same token share them.
    """

    user_id: str | None
    session_id: str | None
    client_id: str
    roles: frozenset[str]
    scopes: frozenset[str]
    issuer: str
    subject: str
    email: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    auth_time: int | None = None
    token_id: str | None = None
    claims: Mapping[str, Any] = field(default_factory=lambda: _EMPTY, repr=False, hash=False)

    @property
    def auth_time_asserted(self) -> bool:
        """Whether ``auth_time`` is the provider's word. Where it is not, the person may have been
        signed in at the provider long before, without having been asked again."""
        return self.auth_time is not None and AUTH_TIME_SOURCE not in self.claims


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody presented a credential."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A credential was presented and refused; a public route treats it as nobody.

    ``behind`` is who it belongs to where nothing is wrong with the credential itself: the terms were
    not accepted, or nobody could say whether they were.
    """

    error: Exception
    behind: Principal | None = None


Identity = Principal | Anonymous | Rejected


def whoever_accepted(identity: Identity) -> Identity:
    """The same, whether the terms were accepted or not: for the few pages that are open before."""
    return identity.behind if isinstance(identity, Rejected) and identity.behind is not None else identity
