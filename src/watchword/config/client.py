"""One first-party client: a single-page, mobile or command-line app that signs people in through us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from watchword.config.values import IDENTIFIER, FromWords
from watchword.protocol.clients import Client
from watchword.protocol.redirect_uri import register
from watchword.protocol.scope import is_scope_name

RESERVED_CLIENT_IDS = frozenset({"browser"})
"""The client id of our own pages' sessions."""

_MAX_REDIRECT_URIS = 50
_MAX_SCOPES = 100


def _registrable(given: str) -> str:
    register(given)
    return given


def _scope_name(given: str) -> str:
    if not is_scope_name(given):
        raise ValueError("is not a scope: printable ASCII without blanks and quotes, at most 128 characters")
    return given


RedirectUris = Annotated[
    tuple[Annotated[str, AfterValidator(_registrable)], ...],
    FromWords,
    Field(min_length=1, max_length=_MAX_REDIRECT_URIS),
]
Scopes = Annotated[
    tuple[Annotated[str, AfterValidator(_scope_name)], ...], FromWords, Field(max_length=_MAX_SCOPES)
]


class ClientSettings(BaseModel):
    """``WATCHWORD_CLIENTS__<ID>__…``: a public client. ``scopes`` are those it may ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    redirect_uris: RedirectUris
    scopes: Scopes = ()


def check_client_ids(given: dict[str, ClientSettings]) -> dict[str, ClientSettings]:
    """Raises ValueError for an id that is malformed or ours."""
    for client_id in given:
        if not IDENTIFIER.fullmatch(client_id):
            raise ValueError(f"{client_id!r}: an id is lower case letters, digits, - and _, at most 32")
        if client_id in RESERVED_CLIENT_IDS:
            raise ValueError(f"{client_id!r}: is the id of our own pages; choose another")
    return given


def registered_clients(settings: Mapping[str, ClientSettings]) -> dict[str, Client]:
    """The clients as requests are checked against them."""
    return {
        client_id: Client(client_id, tuple(map(register, each.redirect_uris)), frozenset(each.scopes))
        for client_id, each in settings.items()
    }
