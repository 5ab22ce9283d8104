"""The main job without a browser, one line a step; every step says what it proves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from watchword.demo.http_client import Answer, Client, StepFailed
from watchword.demo.sign_in_by_form import sign_in

Print = Callable[[str], None]


def walk_through(base_url: str, say: Print) -> bool:
    """Run the job against a served demo; True only when every step held."""
    steps = _Steps(Client(base_url), say)
    try:
        _first_session(steps)
        _second_session(steps)
    except StepFailed as failure:
        say(f"FAILED  {failure}")
        return False
    say(f"All {steps.count} steps held.")
    return True


class _Steps:
    def __init__(self, client: Client, say: Print) -> None:
        self.client = client
        self.count = 0
        self._say = say

    def call(self, proves: str, method: str, path: str, *, expect: int, **options: Any) -> Answer:
        """One request; its status must be the expected one."""
        answer = self.client.request(method, path, **options)
        self.note(f"{method} {path} -> {answer.status}", proves, answer.status == expect)
        return answer

    def note(self, what: str, proves: str, held: bool) -> None:
        self.count += 1
        line = f"{self.count:2}  {what:34}  {proves}"
        if not held:
            raise StepFailed(line)
        self._say(line)


def _first_session(steps: _Steps) -> None:
    steps.call("the service is ready", "GET", "/readyz", expect=200)
    steps.call("v1 is open to anyone", "GET", "/v1/orders", expect=200)
    steps.call("v2 refuses strangers", "GET", "/v2/orders", expect=401)
    _sign_in(steps, "signed in at the provider, with PKCE, state and nonce checked")
    access, first = steps.client.session_cookies()
    bearer = {"authorization": f"Bearer {access}"}
    steps.call("our own access token opens v2", "GET", "/v2/orders", expect=200, headers=bearer)
    steps.call("and says who is calling", "GET", "/auth/me", expect=200, headers=bearer)
    rotated = _refresh(steps, "a refresh rotates the token", first)
    again = _refresh(steps, "the old token, inside the overlap, answers", first)
    same = again.json["refresh_token"] == rotated.json["refresh_token"] != first
    steps.note("same successor", "a lost response costs nothing: both answers hold the same token", same)
    bearer = {"authorization": f"Bearer {rotated.json['access_token']}"}
    steps.call("the new access token opens v2", "GET", "/v2/orders", expect=200, headers=bearer)
    steps.call("sign out", "POST", "/auth/logout", expect=204, headers=bearer)
    steps.call("a token of an ended session is refused", "GET", "/v2/orders", expect=401, headers=bearer)
    _refused(steps, "and its refresh token too", rotated.json["refresh_token"])


def _second_session(steps: _Steps) -> None:
    _sign_in(steps, "signed in again: another session")
    _, first = steps.client.session_cookies()
    second = _refresh(steps, "refreshed once", first)
    third = _refresh(steps, "refreshed twice", second.json["refresh_token"])
    _refused(steps, "the first token once more: a replay, refused", first)
    bearer = {"authorization": f"Bearer {third.json['access_token']}"}
    steps.call(
        "the replay ended the session, live tokens included", "GET", "/v2/orders", expect=401, headers=bearer
    )
    _refused(steps, "its newest refresh token too", third.json["refresh_token"])


def _sign_in(steps: _Steps, proves: str) -> None:
    answer = sign_in(steps.client, person="Alice")
    steps.note(f"GET /auth/callback/{answer.provider} -> {answer.status}", proves, answer.status == 303)


def _refresh(steps: _Steps, proves: str, token: str) -> Answer:
    return steps.call(proves, "POST", "/auth/refresh", expect=200, json={"refresh_token": token})


def _refused(steps: _Steps, proves: str, token: str) -> None:
    answer = steps.call(proves, "POST", "/auth/refresh", expect=401, json={"refresh_token": token})
    steps.note(
        "error: invalid_grant", "named as RFC 6749 names it", answer.json.get("error") == "invalid_grant"
    )
