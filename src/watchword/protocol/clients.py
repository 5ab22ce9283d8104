"""Clients as they are registered (RFC 6749 §2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from watchword.errors import InvalidScope, UnauthorizedClient
from watchword.protocol.jwk import KeySet
from watchword.protocol.redirect_uri import RedirectUri

GrantType = Literal["authorization_code", "refresh_token", "client_credentials"]
GRANT_TYPES: Final[tuple[GrantType, ...]] = get_args(GrantType)
FOR_PEOPLE: Final = frozenset[GrantType]({"authorization_code", "refresh_token"})
"""The grants of a client that signs people in."""

Credential = Literal["none", "secret", "key"]


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. Without a credential it is public and proves nothing but that it began
    the flow (RFC 7636); with one it is confidential. ``keys`` are there for a ``key``; of a
    ``secret`` nothing is. ``roles`` are the client's own, for tokens it gets for itself."""

    client_id: str
    redirect_uris: tuple[RedirectUri, ...] = ()
    scopes: frozenset[str] = frozenset()
    grants: frozenset[GrantType] = FOR_PEOPLE
    roles: frozenset[str] = frozenset()
    credential: Credential = "none"
    keys: KeySet | None = None

    @property
    def is_confidential(self) -> bool:
        """Whether it has to authenticate (RFC 6749 §2.1)."""
        return self.credential != "none"

    def require_grant(self, grant: GrantType) -> None:
        """Raises UnauthorizedClient for a grant that is not registered for the client."""
        if grant not in self.grants:
            raise UnauthorizedClient(f"client {self.client_id!r} is not registered for {grant}")

    def scopes_for_itself(self, asked: frozenset[str] | None) -> frozenset[str]:
        """The scopes of a token without a person behind it: all registered ones unless some are
        ``asked`` for (RFC 6749 §3.3, §4.4.2). Raises InvalidScope for one that is not registered."""
        if asked is None:
            return self.scopes
        if not asked <= self.scopes:
            raise InvalidScope(f"client {self.client_id!r} asks for a scope that is not registered for it")
        return asked

    def redirect_uri(self, given: str, *, own_origin: str) -> RedirectUri | None:
        """The registered address that ``given`` matches."""
        matching = (each for each in self.redirect_uris if each.matches(given, own_origin=own_origin))
        return next(matching, None)

    @property
    def web_origins(self) -> frozenset[str]:
        """The origins of its https addresses: whose scripts may read our answers."""
        return frozenset(
            each.url.origin for each in self.redirect_uris if each.url is not None and each.kind == "web"
        )

    def may_call_from(self, origin: str) -> bool:
        """Whether a page of ``origin`` can be this client's."""
        return any(each.serves(origin) for each in self.redirect_uris)
