"""Sign a caller in without asking any provider: a real account, session and token."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from anyio.from_thread import BlockingPortal
from starlette.applications import Starlette
from starlette.testclient import TestClient

from watchword.app import Watchword
from watchword.auth.grants import BROWSER, ClientContext, Grant
from watchword.auth.ports import ProviderIdentity
from watchword.auth.token_issuer import IssuedToken
from watchword.config.auth import Settings
from watchword.config.values import IDENTIFIER
from watchword.errors import ConfigurationError, NotInstalled
from watchword.migrations.runner import upgrade
from watchword.protocol.clients import Client
from watchword.protocol.terms import Acceptance

TEST_ISSUER = "https://testing.invalid"


@contextmanager
def signed_in(
    app: Starlette,
    *,
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    subject: str | None = None,
    email: str | None = "test-person@example.test",
    name: str | None = "Test Person",
    accept_terms: bool = True,
    signed_in_seconds_ago: int = 0,
    machine: str | None = None,
) -> Iterator[TestClient]:
    """A client of ``app`` whose every request carries a valid access token.

    The app's lifespan runs once, however many callers are signed in at the same time. ``subject``
    is who signs in; without one there is a person for each set of roles. Where there are terms, the
    caller has accepted them, unless ``accept_terms`` is False. ``signed_in_seconds_ago`` is for routes
    that ask for a recent sign-in. ``machine`` is the id of a client, registered or not, that calls for
    itself: a caller without account and session. A SQLite database is
    brought up to date first, any other must be migrated already.

    Raises NotInstalled when no ``Watchword`` is installed on the app, ConfigurationError in
    production, TypeError and ValueError for roles and scopes that are no lists of names, for a machine
    that is to be somebody or that has no client's id, and for a sign-in in the future.
    """
    held, allowed = _names("roles", roles), _names("scopes", scopes)
    if machine is not None and (subject is not None or signed_in_seconds_ago):
        raise TypeError("a machine is nobody, and never signed in")
    if machine is not None and not IDENTIFIER.fullmatch(machine):
        raise ValueError(f"{machine!r}: a client's id is lower case letters, digits, - and _, at most 32")
    if signed_in_seconds_ago < 0:
        raise ValueError("signed_in_seconds_ago is not negative")
    auth = _installed(app)
    if auth.settings.environment == "production":
        raise ConfigurationError(["signed_in makes callers up and is refused in production"])
    identity = ProviderIdentity(
        provider_id="testing",
        issuer=TEST_ISSUER,
        subject=subject if subject is not None else _person_with(held),
        email=email,
        email_verified=email is not None,
        name=name,
        roles=held,
    )
    with _served(app, auth.settings) as portal:
        if machine is not None:
            token = portal.call(_issue, auth, Client(machine, scopes=allowed, roles=held))
        else:
            grant = portal.call(_open, auth, identity, allowed, signed_in_seconds_ago)
            if accept_terms:
                portal.call(_accept_terms, auth, grant)
            if grant.session.roles != held:
                raise ValueError(f"no sign-in gives these roles: {sorted(held - grant.session.roles)}")
            token = grant.access
        client = TestClient(app, base_url=auth.settings.base_url)
        client.portal = portal
        client.headers["Authorization"] = f"Bearer {token.text}"
        try:
            yield client
        finally:
            client.close()


class _Running:
    """One app with its lifespan, shared by everybody who is signed in to it."""

    def __init__(self, app: Starlette, settings: Settings) -> None:
        _bring_up_to_date(settings)
        self.users = 0
        self._client = TestClient(app, base_url=settings.base_url)
        self._client.__enter__()

    @property
    def portal(self) -> BlockingPortal:
        if self._client.portal is None:
            raise NotInstalled("the test client runs no event loop")
        return self._client.portal

    def stop(self) -> None:
        self._client.__exit__(None, None, None)


_running: WeakKeyDictionary[Starlette, _Running] = WeakKeyDictionary()


@contextmanager
def _served(app: Starlette, settings: Settings) -> Iterator[BlockingPortal]:
    running = _running.get(app)
    if running is None:
        running = _running[app] = _Running(app, settings)
    running.users += 1
    try:
        yield running.portal
    finally:
        running.users -= 1
        if running.users == 0:
            del _running[app]
            running.stop()


async def _issue(auth: Watchword, client: Client) -> IssuedToken:
    return (await auth.services()).client_tokens.issue(client, client.scopes)


async def _open(
    auth: Watchword, identity: ProviderIdentity, scopes: frozenset[str], seconds_ago: int
) -> Grant:
    services = await auth.services()
    return await services.sessions.open(
        identity,
        client_id=BROWSER,
        scopes=scopes,
        auth_time=auth.now() - timedelta(seconds=seconds_ago),
        auth_time_asserted=True,
        provider_sid=None,
        client=ClientContext(),
    )


async def _accept_terms(auth: Watchword, grant: Grant) -> None:
    keeper, session = (await auth.services()).terms, grant.session
    if keeper is not None:
        acceptance = Acceptance(keeper.terms.version)
        await keeper.accept(session.user_id, acceptance, session_id=session.session_id)


def _names(what: str, given: Iterable[str]) -> frozenset[str]:
    if isinstance(given, str):
        raise TypeError(f"{what} is a list of names: {what}=[{given!r}]")
    return frozenset(given)


def _person_with(roles: frozenset[str]) -> str:
    """Roles are replaced at each sign-in, so that callers with others must be other people."""
    digest = hashlib.sha256("\n".join(sorted(roles)).encode()).hexdigest()[:16]
    return f"test-person-{digest}" if roles else "test-person"


def _installed(app: Starlette) -> Watchword:
    auth = getattr(getattr(app, "state", None), "watchword", None)
    if not isinstance(auth, Watchword):
        raise NotInstalled("this app has no watchword: call Watchword(settings).install(app) first")
    return auth


def _bring_up_to_date(settings: Settings) -> None:
    if settings.database_url.startswith("sqlite"):
        _finish(upgrade(settings.database_url))


def _finish(work: Coroutine[Any, Any, object]) -> None:
    """Run to the end in a thread of its own, so that a running event loop does not matter."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        executor.submit(asyncio.run, work).result()
