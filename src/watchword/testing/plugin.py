"""The pytest plugin: ``signed_in``, ``watchword_provider`` and ``watchword_clock``.

It loads nothing heavy before a fixture is used and needs no other plugin.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    from watchword.dev_provider import DevProviderServer
    from watchword.testing.clock import FakeClock


class SignedIn(Protocol):
    """What the fixture ``signed_in`` is, for suites that are type-checked."""

    def __call__(
        self,
        app: Starlette,
        *,
        roles: Iterable[str] = (),
        scopes: Iterable[str] = (),
        subject: str | None = None,
        email: str | None = ...,
        name: str | None = ...,
        accept_terms: bool = True,
        signed_in_seconds_ago: int = 0,
        machine: str | None = None,
    ) -> AbstractContextManager[TestClient]:
        """See ``watchword.testing.signed_in.signed_in``."""


@pytest.fixture
def signed_in() -> SignedIn:
    """``with signed_in(app, roles=["admin"]) as client:`` a client of the app whose caller is
    signed in with a real, locally signed token. See ``watchword.testing.signed_in``."""
    from watchword.testing.signed_in import signed_in as sign_in

    return sign_in


@pytest.fixture
def watchword_clock() -> FakeClock:
    """A clock for ``Watchword(settings, clock=watchword_clock)`` that only the test moves."""
    from watchword.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def watchword_provider(request: pytest.FixtureRequest) -> Iterator[DevProviderServer]:
    """The development provider on a free loopback port, with a client ``watchword-dev`` whose
    secret is ``development-only-secret``; switches to misbehave are on its ``provider``. In a test
    that uses ``watchword_clock`` it goes by that clock."""
    from watchword.testing.provider import development_provider

    clocked = "watchword_clock" in request.fixturenames
    clock = request.getfixturevalue("watchword_clock").time if clocked else time.time
    with development_provider(clock=clock) as server:
        yield server
