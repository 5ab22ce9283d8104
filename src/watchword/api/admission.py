"""The decision about one caller and one requirement, for the gate and for the guard on an endpoint."""

from __future__ import annotations

from typing import Any

import anyio.from_thread
from starlette.exceptions import HTTPException

from watchword.auth.caller import Caller, current_caller
from watchword.auth.logs import tell
from watchword.errors import IdentificationFailed, NotInstalled, WatchwordError
from watchword.protocol.access import Requirement, decide
from watchword.protocol.principal import Principal


class NotInstalledHere(NotInstalled, HTTPException):
    """NotInstalled for apps without our error handler: any Starlette app answers it with 503."""

    def __init__(self, cause: str) -> None:
        HTTPException.__init__(self, self.status, f"{self.public} ({self.code})")
        self.retry_after_seconds = None
        tell("not_installed", "refused with %s: %s", self.code, cause, code=self.code, detail=cause)


async def admit(caller: Caller, asked: Requirement) -> WatchwordError | None:
    """Why the caller may not pass, None when they may; a live requirement re-reads them once."""
    if asked.live and caller.confirmed is None:
        refusal = await _confirm(caller)
        if refusal is not None:
            return refusal
    return judge(caller, asked)


def judge(caller: Caller, asked: Requirement) -> WatchwordError | None:
    """``admit`` for what needs no waiting. Anything but a principal that fits is refused."""
    try:
        now_seconds = 0 if asked.max_age_seconds is None else caller.authenticator.now_seconds()
        outcome: object = decide(asked, caller.best, now_seconds=now_seconds)
    except Exception as error:
        return IdentificationFailed(f"the decision raised {type(error).__name__}")
    if isinstance(outcome, Principal):
        caller.passed.append(asked)
        return None
    if isinstance(outcome, WatchwordError):
        return outcome
    return IdentificationFailed(f"the decision gave a {type(outcome).__name__}")


def would_refuse(caller: Caller, asked: Requirement) -> WatchwordError | None:
    """``judge`` as of another caller who is the same: nothing passes because of it. A live
    requirement is judged by what is known, without a look at the session."""
    return judge(Caller(caller.best, caller.authenticator), asked)


def guard_caller(endpoint: Any) -> Caller:
    """The caller the running code works for. Raises NotInstalled where there is none."""
    caller = current_caller.get()
    if caller is None:
        name = getattr(endpoint, "__qualname__", type(endpoint).__name__)
        raise NotInstalledHere(
            f"{name} is protected, but no watchword middleware saw a request; call Watchword.install(app)"
        )
    return caller


def admit_from_thread(caller: Caller, asked: Requirement) -> WatchwordError | None:
    """``admit`` for code that cannot wait itself: worker threads may, the event loop may not."""
    if not asked.live or caller.confirmed is not None:
        return judge(caller, asked)
    try:
        return anyio.from_thread.run(admit, caller, asked)
    except RuntimeError as error:
        return NotInstalled(f"live=True cannot be checked from here: {type(error).__name__}")


async def _confirm(caller: Caller) -> WatchwordError | None:
    if not isinstance(caller.identity, Principal) or caller.identity.session_id is None:
        return None
    try:
        confirmed: object = await caller.authenticator.confirm(caller.identity)
    except WatchwordError as error:
        return error
    except Exception as error:
        return IdentificationFailed(f"confirm raised {type(error).__name__}")
    if not isinstance(confirmed, Principal):
        return IdentificationFailed(f"confirm gave a {type(confirmed).__name__}")
    caller.confirmed = confirmed
    return None
