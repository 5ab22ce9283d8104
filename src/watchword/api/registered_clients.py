"""The registered clients, as endpoints ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from starlette.requests import Request

from watchword.config.auth import Settings
from watchword.config.client import registered_clients
from watchword.errors import OriginRefused, RedirectUriRefused
from watchword.protocol.client_request import ClientRequest
from watchword.protocol.clients import FOR_PEOPLE, Client, Credential, GrantType


@dataclass(frozen=True)
class RegisteredClients:
    """Clients by id, the origins of their pages, and the names our API goes by."""

    settings: Settings

    @cached_property
    def by_id(self) -> Mapping[str, Client]:
        return registered_clients(self.settings.clients)

    @cached_property
    def web_origins(self) -> frozenset[str]:
        """Whose scripts may read the answers that are meant for clients."""
        return frozenset[str]().union(*(client.web_origins for client in self.by_id.values()))

    @cached_property
    def scopes(self) -> tuple[str, ...]:
        """Every scope some client may get."""
        return tuple(sorted(frozenset[str]().union(*(client.scopes for client in self.by_id.values()))))

    @cached_property
    def grants(self) -> frozenset[GrantType]:
        """Every grant some client is registered for; what is built in where there is no client."""
        return frozenset[GrantType]().union(*(each.grants for each in self.by_id.values())) or FOR_PEOPLE

    @cached_property
    def credentials(self) -> frozenset[Credential]:
        """Every kind of credential that clients have."""
        return frozenset(each.credential for each in self.by_id.values())

    @cached_property
    def confidential(self) -> frozenset[str]:
        """The ids of the clients that have to authenticate."""
        return frozenset(client_id for client_id, each in self.by_id.items() if each.is_confidential)

    def scopes_by(self, grant: GrantType) -> tuple[str, ...] | None:
        """The scopes that clients may get by a grant, None where no client is registered for it."""
        clients = [client for client in self.by_id.values() if grant in client.grants]
        return tuple(sorted(frozenset[str]().union(*(each.scopes for each in clients)))) if clients else None

    @cached_property
    def resources(self) -> frozenset[str]:
        """What a client may call our API when it names it (RFC 8707 §2)."""
        base_url = self.settings.base_url
        return frozenset({self.settings.token_audience, base_url, base_url + "/"})

    def require_registered(self, request: ClientRequest) -> None:
        """A request that was checked a while ago is answered only while its client and address are
        registered still. Raises RedirectUriRefused."""
        client = self.by_id.get(request.client_id)
        own_origin = self.settings.base_url
        if client is None or client.redirect_uri(request.redirect_uri, own_origin=own_origin) is None:
            raise RedirectUriRefused("the client or its redirect URI is no longer registered")

    def require_origin(self, request: Request, client: Client | None = None) -> None:
        """A browser says which page calls; it has to be ours or the client's, any client's where
        none is named. Raises OriginRefused."""
        clients = self.by_id.values() if client is None else (client,)
        for origin in request.headers.getlist("origin"):
            ours = origin == self.settings.base_url
            if not ours and not any(each.may_call_from(origin) for each in clients):
                raise OriginRefused("the Origin of the request is neither ours nor one of the client's")
