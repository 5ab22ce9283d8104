"""The main job without a browser, one line a step; every step says what it proves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from watchword.demo.http_client import Answer, Client, StepFailed
from watchword.demo.sign_in_by_form import sign_in


@dataclass(frozen=True, slots=True)
class Step:
    """One line: what was done (path and status on calls), what it proves, whether it held.

    ``number`` is None on the last line, which sums up.
    """

    number: int | None
    done: str
    proves: str
    held: bool

    @property
    def line(self) -> str:
        label = "" if self.number is None else f"{self.number:2}  "
        text = f"{label}{self.done:34}  {self.proves}".rstrip()
        return text if self.held else f"FAILED  {text}"

    def as_dict(self) -> dict[str, Any]:
        return {"step": self.number, "done": self.done, "proves": self.proves, "held": self.held}


Tell = Callable[[Step], None]


def walk_through(base_url: str, served_at: str, tell: Tell) -> bool:
    """Run the job against the demo that is served at a ``host:port``; True when every step held."""
    steps = _Steps(Client(base_url, served_at), tell)
    try:
        _first_session(steps)
        _second_session(steps)
    except StepFailed as failure:
        if failure.unsaid:
            tell(Step(steps.count + 1, str(failure), "", held=False))
        return False
    tell(Step(None, f"All {steps.count} steps held.", "", held=True))
    return True


class _Steps:
    def __init__(self, client: Client, tell: Tell) -> None:
        self.client = client
        self.count = 0
        self._tell = tell

    def call(self, proves: str, method: str, path: str, *, expect: int, **options: Any) -> Answer:
        """One request; its status must be the expected one."""
        answer = self.client.request(method, path, **options)
        self.note(f"{method} {path} -> {answer.status}", proves, answer.status == expect)
        return answer

    def note(self, done: str, proves: str, held: bool) -> None:
        self.count += 1
        self._tell(Step(self.count, done, proves, held))
        if not held:
            raise StepFailed(done, unsaid=False)


def _first_session(steps: _Steps) -> None:
    steps.call("the service is ready", "GET", "/readyz", expect=200)
    old = steps.call("v1 is open to anyone", "GET", "/v1/orders", expect=200)
    steps.note("Deprecation, Sunset, Link", "and says until when, and what to do", _announces_its_end(old))
    steps.call("v2 refuses strangers", "GET", "/v2/orders", expect=401)
    _sign_in(steps, "signed in at the provider, with PKCE, state and nonce checked")
    access, first = steps.client.session_cookies()
    bearer = _bearer(access)
    _accept_terms(steps, bearer)
    steps.call("our own access token opens v2", "GET", "/v2/orders", expect=200, headers=bearer)
    steps.call("and says who is calling", "GET", "/auth/me", expect=200, headers=bearer)
    rotated = _refresh(steps, "a refresh rotates the token", first)
    again = _refresh(steps, "the old token, inside the overlap, answers", first)
    same = again.member("refresh_token") == rotated.member("refresh_token") != first
    steps.note("same successor", "a lost response costs nothing: both answers hold the same token", same)
    bearer = _bearer(rotated.member("access_token"))
    steps.call("the new access token opens v2", "GET", "/v2/orders", expect=200, headers=bearer)
    steps.call("sign out", "POST", "/auth/logout", expect=204, headers=bearer)
    steps.call("a token of an ended session is refused", "GET", "/v2/orders", expect=401, headers=bearer)
    _refused(steps, "and its refresh token too", rotated.member("refresh_token"))


def _accept_terms(steps: _Steps, bearer: dict[str, str]) -> None:
    """Where the service has terms that the person has not accepted."""
    waiting = steps.client.request("GET", "/v2/orders", headers=bearer)
    if waiting.status != 403 or waiting.member("code") != "terms_required":
        return
    steps.call("v2 waits until the terms are accepted", "GET", "/v2/orders", expect=403, headers=bearer)
    version = steps.client.request("GET", "/auth/terms", headers=bearer).member("version")
    accepted = {"version": version}
    steps.call("the person accepts them", "POST", "/auth/terms", expect=200, headers=bearer, json=accepted)


def _second_session(steps: _Steps) -> None:
    _sign_in(steps, "signed in again: another session")
    _, first = steps.client.session_cookies()
    second = _refresh(steps, "refreshed once", first)
    third = _refresh(steps, "refreshed twice", second.member("refresh_token"))
    _refused(steps, "the first token once more: a replay, refused", first)
    steps.call(
        "the replay ended the session, live tokens included",
        "GET",
        "/v2/orders",
        expect=401,
        headers=_bearer(third.member("access_token")),
    )
    _refused(steps, "its newest refresh token too", third.member("refresh_token"))


def _announces_its_end(answer: Answer) -> bool:
    return {"deprecation", "sunset", "link"} <= answer.headers.keys()


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _sign_in(steps: _Steps, proves: str) -> None:
    answer = sign_in(steps.client, person="Alice")
    steps.note(f"GET /auth/callback/{answer.provider} -> {answer.status}", proves, answer.status == 303)


def _refresh(steps: _Steps, proves: str, token: str) -> Answer:
    return steps.call(proves, "POST", "/auth/refresh", expect=200, json={"refresh_token": token})


def _refused(steps: _Steps, proves: str, token: str) -> None:
    answer = steps.call(proves, "POST", "/auth/refresh", expect=401, json={"refresh_token": token})
    named = answer.member("error")
    steps.note(f"error: {named}", "named as RFC 6749 names it", named == "invalid_grant")
