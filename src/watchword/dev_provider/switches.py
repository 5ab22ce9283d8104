"""What a test does to the provider while it runs: its answers, its keys, its people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from watchword.dev_provider.behaviour import Behaviour
from watchword.dev_provider.faults import Faults, Target
from watchword.dev_provider.state import ProviderState

_JSON = {"content-type": "application/json"}


class Switches:
    """The part of a provider that tests turn. Safe from any thread."""

    def __init__(self, state: ProviderState) -> None:
        self._state = state

    @property
    def behaviour(self) -> Behaviour:
        return self._state.behaviour

    @property
    def faults(self) -> Faults:
        return self._state.faults

    def fail(
        self,
        endpoint: Target,
        *,
        status: int = 503,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        times: int | None = None,
    ) -> None:
        """See ``Faults.fail``."""
        self.faults.fail(endpoint, status=status, headers=headers, body=body, times=times)

    def delay(self, endpoint: Target, seconds: float, *, times: int | None = None) -> None:
        """See ``Faults.delay``."""
        self.faults.delay(endpoint, seconds, times=times)

    def drop(self, endpoint: Target, *, after_work: bool = False, times: int | None = None) -> None:
        """See ``Faults.drop``."""
        self.faults.drop(endpoint, after_work=after_work, times=times)

    def heal(self, endpoint: Target | None = None) -> None:
        """See ``Faults.heal``."""
        self.faults.heal(endpoint)

    def rotate_keys(self, announce_first: bool = False, *, keep_previous: bool = True) -> None:
        """Sign with another key. See ``KeyRing.rotate``."""
        with self._state.lock:
            self._state.keys.rotate(announce_first=announce_first, keep_previous=keep_previous)

    def freeze_keys(self) -> None:
        """The published key set stays as it is now, whatever is rotated, as with an old copy in a
        cache, until ``heal("jwks")``."""
        with self._state.lock:
            frozen = json.dumps(self._state.keys.jwks()).encode()
        self.fail("jwks", status=200, headers=_JSON, body=frozen)

    def empty_keys(self) -> None:
        """The published key set is in order but holds no key, until ``heal("jwks")``."""
        self.fail("jwks", status=200, headers=_JSON, body=b'{"keys": []}')

    def revoke(self, username: str | None = None) -> None:
        """Withdraw every code and token of one person, or of all: what an administrator could do.

        Their refresh tokens are ``invalid_grant`` from now on; they may sign in again.
        """
        with self._state.lock:
            for grant in self._state.grants():
                if username in (None, grant.person.username):
                    grant.revoked = True

    def disable(self, username: str) -> None:
        """Withdraw everything, and let the person sign in no more. Raises KeyError for nobody."""
        with self._state.lock:
            self._state.disabled.add(self._state.people[username].username)
            self.revoke(username)

    def enable(self, username: str) -> None:
        """Let the person sign in again; what was withdrawn stays so."""
        with self._state.lock:
            self._state.disabled.discard(username)

    def change_person(self, username: str, **changes: Any) -> None:
        """Other roles, name, e-mail address or claims (fields of ``Person``) from now on, in what was
        granted before, too. Raises KeyError for nobody, TypeError for what is no field, ValueError for
        ``username`` and ``sub``, which stay."""
        if changes.keys() & {"username", "sub"}:
            raise ValueError("username and sub of a person stay as they are")
        with self._state.lock:
            self._state.change_person(username, replace(self._state.people[username], **changes))
