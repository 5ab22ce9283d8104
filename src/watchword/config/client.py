"""One client: an app that signs people in through us, or a machine that comes for itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from watchword.config.client_credentials import ClientKeys, ClientSecrets
from watchword.config.values import IDENTIFIER, FromWords
from watchword.protocol.clients import FOR_PEOPLE, Client, Credential, GrantType
from watchword.protocol.redirect_uri import register
from watchword.protocol.roles import ADMIN_ROLE, ROLE_PATTERN
from watchword.protocol.scope import is_scope_name

RESERVED_CLIENT_IDS: Final = frozenset({"browser"})
"""The client id of our own pages' sessions."""

_MAX_REDIRECT_URIS = 50
_MAX_SCOPES = 100
_MAX_ROLES = 50


def _registrable(given: str) -> str:
    register(given)
    return given


def _scope_name(given: str) -> str:
    if not is_scope_name(given):
        raise ValueError("is not a scope: printable ASCII without blanks and quotes, at most 128 characters")
    return given


def _role_name(given: str) -> str:
    if not ROLE_PATTERN.fullmatch(given):
        raise ValueError("is not a role name: 1 to 64 letters, digits and _ . : / -")
    if given == ADMIN_ROLE:
        raise ValueError(f"{ADMIN_ROLE} is granted to people only")
    return given


RedirectUris = Annotated[
    tuple[Annotated[str, AfterValidator(_registrable)], ...],
    FromWords,
    Field(min_length=1, max_length=_MAX_REDIRECT_URIS),
]
Scopes = Annotated[
    tuple[Annotated[str, AfterValidator(_scope_name)], ...], FromWords, Field(max_length=_MAX_SCOPES)
]
Roles = Annotated[
    tuple[Annotated[str, AfterValidator(_role_name)], ...], FromWords, Field(max_length=_MAX_ROLES)
]
Grants = Annotated[tuple[GrantType, ...], FromWords]


class ClientSettings(BaseModel):
    """``WATCHWORD_CLIENTS__<ID>__…``: public without ``secret`` and ``key``, confidential with one.

    ``scopes`` are those it may ask for, ``roles`` its own in tokens it gets for itself. Without
    ``grants`` a client with redirect URIs signs people in, one without comes for itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    redirect_uris: RedirectUris = ()
    scopes: Scopes = ()
    secret: ClientSecrets = ()
    key: ClientKeys | None = None
    grants: Grants | None = None
    roles: Roles = ()

    @property
    def credential(self) -> Credential:
        if self.key is not None:
            return "key"
        return "secret" if self.secret else "none"

    @property
    def effective_grants(self) -> frozenset[GrantType]:
        if self.grants is not None:
            return frozenset(self.grants)
        return FOR_PEOPLE if self.redirect_uris else frozenset({"client_credentials"})


def check_client_ids(given: dict[str, ClientSettings]) -> dict[str, ClientSettings]:
    """Raises ValueError for an id that is malformed, ours, or looks like that of an account."""
    for client_id in given:
        if not IDENTIFIER.fullmatch(client_id):
            raise ValueError(f"{client_id!r}: an id is lower case letters, digits, - and _, at most 32")
        if client_id in RESERVED_CLIENT_IDS:
            raise ValueError(f"{client_id!r}: is the id of our own pages; choose another")
        if _is_uuid(client_id):
            raise ValueError(f"{client_id!r}: reads as the id of an account (a UUID); choose another")
    return given


def client_problems(settings: Mapping[str, ClientSettings]) -> Iterator[str]:
    """What does not go together in one client, each with its cause and fix."""
    for client_id, client in settings.items():
        for name, cause in _contradictions(client):
            yield f"WATCHWORD_CLIENTS__{client_id.upper()}__{name}: {cause}"


def registered_clients(settings: Mapping[str, ClientSettings]) -> dict[str, Client]:
    """The clients as requests are checked against them."""
    return {
        client_id: Client(
            client_id,
            tuple(map(register, each.redirect_uris)),
            frozenset(each.scopes),
            each.effective_grants,
            frozenset(each.roles),
            each.credential,
            each.key,
        )
        for client_id, each in settings.items()
    }


def secret_digests(settings: Mapping[str, ClientSettings]) -> dict[str, list[bytes]]:
    """The digests of the secrets of those clients that have some."""
    return {
        client_id: [secret.digest for secret in each.secret]
        for client_id, each in settings.items()
        if each.secret
    }


def _contradictions(client: ClientSettings) -> Iterator[tuple[str, str]]:
    grants, public = client.effective_grants, client.credential == "none"
    if client.secret and client.key is not None:
        yield "KEY", "is set beside SECRET; a client authenticates in one way, so take one of them out"
    if public and not client.redirect_uris:
        yield "REDIRECT_URIS", "is required for a client that has neither SECRET nor KEY"
        return
    if public and "client_credentials" in grants:
        yield "GRANTS", "client_credentials needs a credential: set SECRET or KEY"
    if client.redirect_uris and "authorization_code" not in grants:
        yield "GRANTS", "lacks authorization_code, so REDIRECT_URIS would do nothing; drop one of both"
    if "authorization_code" in grants and not client.redirect_uris:
        yield "GRANTS", "authorization_code needs REDIRECT_URIS"
    if "refresh_token" in grants and "authorization_code" not in grants:
        yield "GRANTS", "refresh_token needs authorization_code, which gives the first refresh token"
    if client.roles and "client_credentials" not in grants:
        yield "ROLES", "are for tokens that the client gets for itself; add client_credentials to GRANTS"


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
