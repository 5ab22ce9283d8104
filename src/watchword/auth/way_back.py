"""How somebody comes back to what they wanted when the attempt itself is gone.

The ``state`` of an attempt is 256 random bits, a dot, and this, sealed: browsers delete the attempt's
cookie when it expires, while the state comes back from the provider whatever became of the cookie.
What is read from it starts nothing and signs nobody in; it only fills the links of an error page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from watchword.auth.attempt import ATTEMPT_SECONDS, Attempt, handle_of, open_attempt
from watchword.auth.sealing import Sealer
from watchword.errors import SealBroken, SecretKeyMismatch, SignInRefused
from watchword.protocol import base64url
from watchword.protocol.authorization import MAX_STATE_CHARS, read_state
from watchword.protocol.return_to import safe_return_to

Purpose = Literal["sign-in", "link", "client"]


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where a sign-in was started and where it should have ended. ``return_to`` is None where it was
    too long to be kept or may not be returned to; ``expired``: it took longer than an attempt may."""

    provider_id: str
    purpose: Purpose
    return_to: str | None
    max_age_seconds: int | None
    expired: bool = False


def way_back_of(attempt: Attempt) -> WayBack:
    """What an attempt that is still there says."""
    return WayBack(attempt.provider_id, _purpose(attempt), attempt.return_to, attempt.max_age_seconds)


def with_way_back(attempt: Attempt, sealer: Sealer) -> Attempt:
    """The attempt with a state that knows the way back, bound to the random part it follows."""
    state = _state(attempt, attempt.return_to, sealer)
    if len(state) > MAX_STATE_CHARS:
        state = _state(attempt, None, sealer)
    return replace(attempt, state=state)


def find_way_back(
    params: Sequence[tuple[str, str]],
    kept: Mapping[str, str],
    provider_id: str,
    sealer: Sealer,
    *,
    now_seconds: int,
) -> WayBack | None:
    """The way back of an answer: by the attempt of its state, else by the state alone, else by the
    latest attempt that this browser has open at the provider. ``kept`` maps handles to cookies."""
    open_attempts = list(_open_attempts(kept, sealer, now_seconds))
    try:
        state = read_state(params)
    except SignInRefused:
        known, back = None, None
    else:
        handle = handle_of(state)
        known = next((each for each in open_attempts if each.handle == handle), None)
        back = read_way_back(state, sealer, now_seconds=now_seconds)
    here = [each for each in open_attempts if each.provider_id == provider_id]
    latest = max(here, key=lambda each: each.started_at, default=None)
    if known is None and back is not None:
        return back
    attempt = known or latest
    return None if attempt is None else way_back_of(attempt)


def _open_attempts(kept: Mapping[str, str], sealer: Sealer, now_seconds: int) -> Iterator[Attempt]:
    for handle, cookie in kept.items():
        try:
            yield open_attempt(cookie, handle, sealer, now_seconds=now_seconds)
        except SignInRefused:
            continue


def read_way_back(state: str, sealer: Sealer, *, now_seconds: int) -> WayBack | None:
    """The way back in a state; None for a state that this service did not make."""
    token, _, sealed = state.partition(".")
    try:
        plaintext = sealer.open("way-back", base64url.decode(sealed), place=token.encode())
    except (ValueError, SealBroken, SecretKeyMismatch):
        return None
    provider_id, purpose, started_at, return_to, max_age_seconds = json.loads(plaintext)
    safe = safe_return_to(return_to, default="") or None
    expired = now_seconds - started_at >= ATTEMPT_SECONDS
    return WayBack(provider_id, purpose, safe, max_age_seconds, expired)


def _state(attempt: Attempt, return_to: str | None, sealer: Sealer) -> str:
    kept = [attempt.provider_id, _purpose(attempt), attempt.started_at, return_to, attempt.max_age_seconds]
    plaintext = json.dumps(kept, separators=(",", ":")).encode()
    sealed = sealer.seal("way-back", plaintext, place=attempt.state.encode())
    return attempt.state + "." + base64url.encode(sealed)


def _purpose(attempt: Attempt) -> Purpose:
    if attempt.client_request is not None:
        return "client"
    return "sign-in" if attempt.link_session_id is None else "link"
