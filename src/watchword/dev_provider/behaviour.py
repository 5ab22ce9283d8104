"""Switches that make the development provider misbehave, for tests of what it signs in to.

``Behaviour`` changes what an endpoint says, ``Faults`` whether it answers at all. Both start
neutral, and everything composes: a delayed endpoint may also fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

Endpoint = Literal["discovery", "jwks", "authorize", "par", "token", "userinfo", "end_session"]
Change = Callable[[dict[str, Any]], Any]


@dataclass(slots=True)
class Behaviour:
    """What endpoints say. Every function receives a copy and returns what is used instead.

    - ``id_token_claims``, ``id_token_header``: before the ID token is signed.
    - ``sign_with_unknown_key``: sign with a key no JWKS lists, under the current ``kid``.
    - ``token_response``: the JSON of a successful token response.
    - ``token_status``, ``token_body``: replace status and raw body of the token endpoint's answer
      after it did its work, so that the code is consumed.
    - ``ignore_verifier``: a code is redeemed whatever ``code_verifier`` comes with it.
    - ``pushed_response``, ``pushed_status``: the JSON and status of a request that was sent ahead
      with success. ``require_pushed_requests``: no other request is taken (RFC 9126 §5).
    - ``userinfo``, ``metadata``, ``jwks``: the JSON of those endpoints.
    - ``signed_in_seconds_ago``: people have been signed in here for so long and are let in without
      being asked again, unless the request wants a recent sign-in (``max_age``, ``prompt=login``).
    - ``ignore_max_age``: not even then. ``omit_auth_time``: nobody is told when it was.
    - ``authorization_response``: the parameters added to the redirect URI (success and error).
    """

    id_token_claims: Change | None = None
    id_token_header: Change | None = None
    sign_with_unknown_key: bool = False
    token_response: Change | None = None
    token_status: int | None = None
    token_body: bytes | None = None
    ignore_verifier: bool = False
    pushed_response: Change | None = None
    pushed_status: int | None = None
    require_pushed_requests: bool = False
    userinfo: Change | None = None
    metadata: Change | None = None
    jwks: Change | None = None
    signed_in_seconds_ago: int = 0
    ignore_max_age: bool = False
    omit_auth_time: bool = False
    authorization_response: Callable[[dict[str, str]], dict[str, str]] | None = None

    def reset(self) -> None:
        """Behave again."""
        for switch in fields(self):
            setattr(self, switch.name, switch.default)


def changed(change: Change | None, value: dict[str, Any]) -> Any:
    """``value`` after an optional change, which never sees the original."""
    return value if change is None else change(dict(value))


@dataclass(frozen=True, slots=True)
class Failure:
    """The answer an endpoint gives instead of its own."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to the requests of one endpoint."""

    delay_seconds: float = 0.0
    failure: Failure | None = None
    drop: Literal["before", "after"] | None = None


class Faults:
    """Per endpoint: fail, delay or drop, until healed. Safe to call from any thread."""

    def __init__(self) -> None:
        self._plans: dict[Endpoint, Plan] = {}

    def plan(self, endpoint: Endpoint | None) -> Plan | None:
        return self._plans.get(endpoint) if endpoint else None

    def fail(
        self,
        endpoint: Endpoint,
        *,
        status: int = 503,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        """Answer this instead of doing any work; ``body`` may be anything, with status 200 too."""
        self._change(endpoint, failure=Failure(status, dict(headers or {}), body))

    def delay(self, endpoint: Endpoint, seconds: float) -> None:
        """Wait before the answer, or until the client has gone."""
        self._change(endpoint, delay_seconds=seconds)

    def drop(self, endpoint: Endpoint, *, after_work: bool = False) -> None:
        """Close the connection without an answer; ``after_work`` first does what was asked.

        Needs DevProviderServer: without a real connection the request raises RuntimeError.
        """
        self._change(endpoint, drop="after" if after_work else "before")

    def heal(self, endpoint: Endpoint | None = None) -> None:
        """End the faults of one endpoint, or of all."""
        if endpoint is None:
            self._plans.clear()
        else:
            self._plans.pop(endpoint, None)

    def _change(self, endpoint: Endpoint, **change: Any) -> None:
        self._plans[endpoint] = replace(self._plans.get(endpoint, Plan()), **change)
