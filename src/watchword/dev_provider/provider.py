"""The development provider as a whole: built, steered and asked by tests and the demo."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from watchword.dev_provider.authorization import PageFault
from watchword.dev_provider.behaviour import Endpoint
from watchword.dev_provider.clients import DevClient
from watchword.dev_provider.endpoints import PATHS, routes
from watchword.dev_provider.guard import Guard
from watchword.dev_provider.keys import Algorithm, KeyRing
from watchword.dev_provider.loopback import issuer_problem
from watchword.dev_provider.people import DEFAULT_PEOPLE, Person, people_by_username
from watchword.dev_provider.sign_in import OpenPage, begin, decide
from watchword.dev_provider.state import ProviderState, Received
from watchword.dev_provider.switches import Switches
from watchword.dev_provider.wire import parse_parameters
from watchword.errors import ConfigurationError, InvalidRequest


class DevProvider(Switches):
    """A strict OpenID Provider in memory. Build it with ``create_dev_provider``.

    Attributes: ``app``, the ASGI application; ``behaviour``, what endpoints say; ``faults``, whether
    and how they answer. All methods may be called from any thread while the application is served.
    """

    def __init__(self, state: ProviderState) -> None:
        super().__init__(state)
        endpoints = {state.path(path): endpoint for path, endpoint in PATHS.items()}
        self.app: ASGIApp = Guard(Starlette(routes=routes(state)), state, endpoints)

    @property
    def issuer(self) -> str:
        return self._state.issuer

    @property
    def keys(self) -> KeyRing:
        return self._state.keys

    @property
    def people(self) -> tuple[Person, ...]:
        return tuple(self._state.people.values())

    @property
    def requests(self) -> list[Received]:
        """Method and path of the requests received, oldest first, the last 10,000."""
        return list(self._state.requests)

    def count(self, endpoint: Endpoint) -> int:
        """How many requests one endpoint received, answered or not, since the start or ``reset``."""
        return self._state.counts[endpoint]

    def add_client(self, client: DevClient) -> None:
        """Register a client, or replace the one of the same id."""
        with self._state.lock:
            self._state.clients[client.client_id] = client

    def sign_id_token(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        """Sign exactly these claims with the current key; ``header`` is laid over the usual one."""
        return self.keys.sign(claims, {**self.keys.header(), **(header or {})})

    def approve(self, authorization_url: str, person: str) -> str:
        """Do what a browser would: open the page, sign in as ``person`` (a username).

        Returns the address the browser is sent to, which carries an error when the request had a
        fault. Raises InvalidRequest where a browser would see a page of refusal.
        """
        return self._answer(authorization_url, person)

    def cancel(self, authorization_url: str) -> str:
        """Like ``approve``, pressing Cancel."""
        return self._answer(authorization_url, None)

    def reset(self) -> None:
        """Forget codes, tokens, requests, switches and faults; people are as they were registered.
        Keys and clients stay."""
        self._state.forget()

    def _answer(self, authorization_url: str, person: str | None) -> str:
        address, _, query = authorization_url.partition("?")
        if address != self._state.url("/authorize"):
            raise InvalidRequest("this is not the address of the development provider's authorization page")
        answer = begin(self._state, parse_parameters(query.encode("utf-8")))
        if isinstance(answer, OpenPage):
            answer = decide(self._state, answer.page_id, person)
        if isinstance(answer, PageFault):
            raise InvalidRequest(f"the development provider refuses: {answer.reason}")
        return answer.location


def create_dev_provider(
    *,
    issuer: str,
    clients: Sequence[DevClient] = (),
    people: Sequence[Person] = DEFAULT_PEOPLE,
    clock: Callable[[], float] = time.time,
    environment: str = "development",
    algorithm: Algorithm = "ES256",
) -> DevProvider:
    """Build a development provider.

    ``issuer`` is its loopback address, exactly as clients will know it; ``clock`` gives seconds
    since 1970. Raises ConfigurationError in production, for an issuer elsewhere, and for clients
    or people that share an id.
    """
    refuse_production(environment)
    if problem := issuer_problem(issuer):
        raise ConfigurationError([problem])
    by_id = {client.client_id: client for client in clients}
    if len(by_id) != len(clients):
        raise ConfigurationError(["two clients of the development provider share a client_id"])
    state = ProviderState(
        issuer=issuer,
        clients=by_id,
        registered=people_by_username(people),
        keys=KeyRing(algorithm),
        clock=clock,
    )
    return DevProvider(state)


def refuse_production(environment: str) -> None:
    """Raises ConfigurationError where anyone could sign in as anyone for real."""
    if environment.strip().lower() == "production":
        raise ConfigurationError(
            [
                "the development provider lets anyone sign in as anyone: it does not run in production; "
                "set WATCHWORD_ENVIRONMENT=development, or configure a real provider"
            ]
        )
