"""Sign a caller in without asking any provider: a real account, session and token."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from watchword.app import Watchword
from watchword.auth.ports import ProviderIdentity
from watchword.auth.session_manager import BROWSER, ClientContext, Grant
from watchword.config.auth import Settings
from watchword.errors import ConfigurationError, NotInstalled
from watchword.migrations.runner import upgrade

TEST_ISSUER = "https://testing.invalid"


@contextmanager
def signed_in(
    app: Starlette,
    *,
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    subject: str = "test-person",
    email: str | None = "test-person@example.test",
    name: str | None = "Test Person",
) -> Iterator[TestClient]:
    """A running client of ``app`` whose every request carries a valid access token.

    The app's lifespan runs. A SQLite database is brought up to date first, any other must be
    migrated already. Raises NotInstalled when no ``Watchword`` is installed on the app,
    ConfigurationError in production.
    """
    auth = _installed(app)
    if auth.settings.environment == "production":
        raise ConfigurationError(["signed_in makes callers up and is refused in production"])
    _bring_up_to_date(auth.settings)
    identity = ProviderIdentity(
        provider_id="testing",
        issuer=TEST_ISSUER,
        subject=subject,
        email=email,
        email_verified=email is not None,
        name=name,
        roles=frozenset(roles),
    )
    with TestClient(app, base_url=auth.settings.base_url) as client:
        if client.portal is None:
            raise NotInstalled("the test client runs no event loop")
        grant = client.portal.call(_open, auth, identity, frozenset(scopes))
        client.headers["Authorization"] = f"Bearer {grant.access.text}"
        yield client


async def _open(auth: Watchword, identity: ProviderIdentity, scopes: frozenset[str]) -> Grant:
    services = await auth.services()
    return await services.sessions.open(
        identity,
        client_id=BROWSER,
        scopes=scopes,
        auth_time=auth.now(),
        provider_sid=None,
        client=ClientContext(),
    )


def _installed(app: Starlette) -> Watchword:
    auth = getattr(app.state, "watchword", None)
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
